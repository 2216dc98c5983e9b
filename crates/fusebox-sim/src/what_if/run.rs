//! One run: the real breaker on a clock that the record moves.

use super::record::{Hand, Record};
use super::timeline::{Moment, Timeline};
use super::{Outlook, SEED};
use crate::openings::{Opening, Openings};
use fusebox::{
    Author, Cause, CircuitBreaker, Clock, EventBus, HoldRequest, MainBreaker, ManualClock, Outcome,
    OwnedPermit, Reason, Received, RecordedCall, Settings, SettingsError, Settled, Settlement,
    State, Subscription, Tick,
};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// More than one moment can tell.
const EVENTS_KEPT: usize = 1_024;

/// Calls of one interval that are asked for one by one while a ramp admits a share; of more, the
/// share is taken.
const RAMP_CALLS_MAX: u64 = 1_000;

/// What would have been with these settings all the time; `None`: with those that were in force,
/// and their changes, which shows how true to life a run is.
///
/// Takes some hundred nanoseconds a call.
///
/// # Errors
/// None today; settings that a breaker refuses, should there ever be any.
pub fn what_if(record: &Record, settings: Option<&Settings>) -> Result<Outlook, SettingsError> {
    let timeline = Timeline::of(record);
    let mut run = Run::new(record, settings, timeline.took)?;
    for (at, moment) in timeline.moments {
        run.go_to(at);
        run.perform(moment);
        run.listen();
    }
    run.go_to(record.until);
    Ok(run.finish())
}

struct Run {
    clock: ManualClock,
    breaker: Arc<CircuitBreaker>,
    main: Arc<MainBreaker>,
    events: Subscription,
    author: Author,
    /// Changes of settings are not followed.
    settled: bool,
    /// Calls in flight by number; a call that was rejected is not in it.
    calls: HashMap<usize, OwnedPermit>,
    /// Trials that the real circuit rejected, by their end.
    unknown: VecDeque<(Tick, OwnedPermit)>,
    /// How long those take.
    took: Duration,
    outlook: Outlook,
}

impl Run {
    fn new(
        record: &Record,
        settings: Option<&Settings>,
        took: Duration,
    ) -> Result<Self, SettingsError> {
        let clock = ManualClock::new();
        clock.set(record.from);
        let breaker = CircuitBreaker::builder("what-if")
            .settings(settings.unwrap_or(&record.settings).clone())
            .clock(clock.clone())
            .events(EventBus::new(EVENTS_KEPT))
            .seed(SEED)
            .build()?;
        let breaker = Arc::new(breaker);
        breaker.restore(&record.start);
        // Nobody reads its events.
        let main = MainBreaker::with_clock(EventBus::new(1), clock.clone());
        main.join(&breaker);
        let author = Author::new("record");
        if record.main_open {
            main.open("", &author);
        }
        let events = breaker.subscribe();
        let outlook = Outlook {
            openings: open_from_the_start(&breaker),
            ..Outlook::default()
        };
        Ok(Self {
            clock,
            breaker,
            main,
            events,
            author,
            settled: settings.is_some(),
            calls: HashMap::new(),
            unknown: VecDeque::new(),
            took,
            outlook,
        })
    }

    fn go_to(&mut self, at: Tick) {
        while let Some((end, permit)) = self.unknown.pop_front_if(|(end, _)| *end <= at) {
            self.clock.set(end);
            permit.settle(Settlement::new(Outcome::Ignored));
        }
        self.clock.set(at);
    }

    fn perform(&mut self, moment: Moment<'_>) {
        match moment {
            Moment::Begin(number) => {
                if let Ok(permit) = self.breaker.acquire_owned() {
                    self.calls.insert(number, permit);
                }
            }
            Moment::End(number, call) => {
                let permit = self.calls.remove(&number);
                self.end(call, permit);
            }
            Moment::Call(call) => {
                let permit = self.breaker.acquire_owned().ok();
                self.end(call, permit);
            }
            Moment::Rejected(count) => self.ask_again(count),
            Moment::Hand(hand) => self.lend(hand),
        }
    }

    fn end(&mut self, call: &RecordedCall, permit: Option<OwnedPermit>) {
        let outlook = &mut self.outlook;
        outlook.calls += 1;
        let Some(permit) = permit else {
            outlook.calls_rejected += 1;
            outlook.lose(call.outcome);
            return;
        };
        let mut settlement = Settlement::new(call.outcome).took(call.took.unwrap_or_default());
        if let Some(hint) = call.retry_after {
            settlement = settlement.retry_after(hint);
        }
        if permit.settle(settlement) == Settled::Late {
            outlook.late += 1;
        }
    }

    /// Calls that the real circuit rejected. Where all of them get the same answer, only one is
    /// asked for.
    fn ask_again(&mut self, count: u64) {
        self.outlook.rejections += count;
        let mut left = count;
        while left > 0 {
            let permit = match self.breaker.acquire_owned() {
                Ok(permit) => permit,
                Err(rejection) if rejection.reason() == Reason::Ramp => {
                    left -= 1;
                    continue;
                }
                Err(_) => return,
            };
            let ramp = self.ramp().filter(|_| left > RAMP_CALLS_MAX);
            let trial = self.breaker.state() == State::HalfOpen;
            if trial && !self.took.is_zero() {
                let end = self.clock.now().saturating_add(self.took);
                self.unknown.push_back((end, permit));
                self.outlook.let_through += 1;
                left -= 1;
                continue;
            }
            permit.settle(Settlement::new(Outcome::Ignored));
            let through = match ramp {
                // One by one, as the share is kept by the breaker.
                None if self.ramp().is_some() => 1,
                Some(share) => shared(left, share),
                None => left,
            };
            self.outlook.let_through += through;
            left -= if ramp.is_some() { left } else { through };
        }
    }

    /// The share of calls that is admitted while a ramp goes on.
    fn ramp(&self) -> Option<f64> {
        self.breaker.snapshot().ramp
    }

    fn lend(&mut self, hand: &Hand) {
        let (breaker, author) = (&self.breaker, &self.author);
        match hand {
            // Refused under observe only, and then it was refused in life as well.
            Hand::Transition(to) => drop(breaker.transition(*to, author)),
            Hand::Hold(kind, for_) => breaker.hold(HoldRequest {
                kind: *kind,
                reason: String::new(),
                author: author.clone(),
                for_: *for_,
            }),
            Hand::Release => drop(breaker.release(author)),
            Hand::Reset => breaker.reset(author),
            Hand::Settings(_) if self.settled => {}
            // Refused after some thousand changes only: it goes on as it is.
            Hand::Settings(anew) => drop(breaker.change_settings((**anew).clone(), author)),
            Hand::Main { open: true } => drop(self.main.open("", author)),
            Hand::Main { open: false } => drop(self.main.close(author)),
        }
    }

    fn listen(&mut self) {
        while let Some(received) = self.events.try_next() {
            if let Received::Event(event) = received {
                self.outlook.openings.note(&event);
            }
        }
    }

    fn finish(mut self) -> Outlook {
        let snapshot = self.breaker.snapshot();
        self.listen();
        self.outlook.time_open = snapshot.open_time;
        self.outlook.ended = Some(snapshot.state);
        self.outlook
    }
}

/// The opening that the record begins in, if it does.
fn open_from_the_start(breaker: &CircuitBreaker) -> Openings {
    let snapshot = breaker.snapshot();
    let mut openings = Openings::default();
    if snapshot.state == State::Open {
        let why = snapshot.why;
        openings.add(Opening {
            at: snapshot.since,
            branch: None,
            cause: why.as_ref().map_or(Cause::Hand, |why| why.cause),
            evidence: why.map(|why| why.evidence).unwrap_or_default(),
            lasted: None,
            would: false,
        });
    }
    openings
}

/// So much of `count`.
fn shared(count: u64, share: f64) -> u64 {
    // A share of 0 to 1 of a count that is far below 2^53.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )]
    let part = (count as f64 * share).round() as u64;
    part.min(count)
}
