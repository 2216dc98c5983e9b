//! The world of one run: a breaker under a main breaker, a clock that only steps move, and the
//! calls in flight.

use super::BadFile;
use super::admissions::{Admissions, Tally};
use super::expect::{Difference, Expectation};
use super::seen::{Answer, Seen};
use super::settings::Circuit;
use super::step::{Act, Step};
use crate::what_if::{Outlook, SEED};
use fusebox::{
    Author, BranchSettings, CircuitBreaker, Clock, ControlError, EventBus, HoldRequest, Keyed,
    MainBreaker, ManualClock, Outcome, PermitOf, Reason, Rejection, Settings, SettingsError,
    Settlement, Snapshot, State,
};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// What is known of a call that was rejected as recorded, and is let through now.
const UNKNOWN: Settlement = Settlement::new(Outcome::Ignored);

/// A step whose expectation did not hold.
#[derive(Clone, Debug)]
pub(super) struct Miss {
    /// The branch that the expectation speaks of.
    pub(super) branch: Option<String>,
    /// Counted from 1.
    pub(super) step: usize,
    pub(super) differences: Vec<Difference>,
}

/// Misses that are kept: the first explains most of what follows.
const MISSES_MAX: usize = 100;

/// What came of a run.
pub(super) struct Played {
    pub(super) misses: Vec<Miss>,
    /// Who was let through, for a run to compare with.
    pub(super) admissions: Vec<Admissions>,
    pub(super) outlook: Outlook,
    /// How much time the steps took.
    pub(super) length: Duration,
}

/// Runs the steps. `known`: who was let through in a run with other settings, which is what is
/// known of these calls.
pub(super) fn run(
    circuit: &Circuit,
    steps: &[Step],
    known: Option<&[Admissions]>,
) -> Result<Played, BadFile> {
    let mut world = World::new(circuit).map_err(|error| refused(&error))?;
    let mut misses = Vec::new();
    let mut admissions = Vec::with_capacity(steps.len());
    for (step, number) in steps.iter().zip(1..) {
        let of_step = known.and_then(|known| known.get(number - 1));
        world.tally.begin_step(of_step);
        let answer = match step
            .act
            .as_ref()
            .map(|act| world.perform(act, step.key.as_deref()))
        {
            None => None,
            Some(Ok(answer)) => answer,
            // A step that cannot be done after one that was not as expected follows from it.
            Some(Err(_)) if !misses.is_empty() => break,
            Some(Err(bad)) => return Err(bad.at_step(number)),
        };
        world.tally.listen();
        admissions.push(world.tally.end_step());
        let Some(expect) = &step.expect else { continue };
        let seen = world.see(expect, step.key.as_deref(), answer);
        let differences = expect.differences(&seen.map_err(|error| refused(&error))?);
        if !differences.is_empty() {
            misses.push(Miss {
                branch: expect.key().map(str::to_owned),
                step: number,
                differences,
            });
            if misses.len() == MISSES_MAX {
                break;
            }
        }
    }
    Ok(Played {
        misses,
        admissions,
        length: Duration::from_nanos(world.clock.now().as_nanos()),
        outlook: world.tally.finish(&world.breaker),
    })
}

/// The permit of a call, with or without a key.
type CallPermit = PermitOf<Keyed<Arc<CircuitBreaker>>>;

struct World {
    clock: ManualClock,
    breaker: Arc<CircuitBreaker>,
    main: Arc<MainBreaker>,
    /// Every begun call that is not over; `None` if it was not admitted.
    calls: HashMap<String, Option<CallPermit>>,
    author: Author,
    tally: Tally,
}

impl World {
    fn new(circuit: &Circuit) -> Result<Self, SettingsError> {
        let clock = ManualClock::new();
        let breaker = Arc::new(breaker(&circuit.settings, &clock)?);
        let author = Author::new("replay");
        let tally = Tally::new(breaker.subscribe());
        breaker.set_branches(circuit.branches.clone(), &author);
        // Nobody reads its events.
        let main = MainBreaker::with_clock(EventBus::new(1), clock.clone());
        main.join(&breaker);
        Ok(Self {
            clock,
            breaker,
            main,
            calls: HashMap::new(),
            author,
            tally,
        })
    }

    /// Does one act; what was admitted or rejected gives an answer.
    fn perform(&mut self, act: &Act, key: Option<&str>) -> Result<Option<Answer>, BadFile> {
        match act {
            Act::Call {
                outcome,
                took,
                times,
                retry_after,
            } => {
                let settlement = with_hint(Settlement::new(*outcome).took(*took), *retry_after);
                return Ok(self.call(*outcome, settlement, *times, key));
            }
            Act::Begin { call } => return self.begin(call, key).map(Some),
            Act::End {
                call,
                outcome,
                retry_after,
            } => {
                let settlement = with_hint(Settlement::new(*outcome), *retry_after);
                match self.admitted(call)? {
                    Some(permit) => drop(permit.settle(settlement)),
                    None => self.tally.outlook.lose(*outcome),
                }
            }
            Act::Drop { call } => drop(self.admitted(call)?),
            Act::Overdue { call } => match self.calls.get_mut(call) {
                Some(Some(permit)) => permit.overdue(),
                Some(None) if self.tally.compares() => {}
                other => return Err(not_in_flight(call, other.is_some())),
            },
            Act::Advance { by } => self.clock.advance(*by),
            by_hand => self.move_by_hand(by_hand, key)?,
        }
        Ok(None)
    }

    fn move_by_hand(&self, act: &Act, key: Option<&str>) -> Result<(), BadFile> {
        let (breaker, author) = (&self.breaker, &self.author);
        match act {
            Act::Transition { to } => return moved(self.transition(*to, key)),
            Act::Hold { to, until_after } => {
                let request = HoldRequest {
                    kind: *to,
                    reason: "replay".to_owned(),
                    author: author.clone(),
                    for_: *until_after,
                };
                match key {
                    None => breaker.hold(request),
                    // Where there is no room for it, the steps go on to see that.
                    Some(key) => drop(breaker.hold_branch(key, request)),
                }
            }
            Act::Release => drop(match key {
                None => breaker.release(author),
                Some(key) => breaker.release_branch(key, author),
            }),
            Act::Reset => match key {
                None => breaker.reset(author),
                Some(key) => drop(breaker.reset_branch(key, author)),
            },
            Act::Settings { breaker: anew } => {
                moved(breaker.change_settings(anew.settings.clone(), author))?;
                breaker.set_branches(anew.branches.clone(), author);
            }
            Act::Main { open: true } => drop(self.main.open("replay", author)),
            Act::Main { open: false } => drop(self.main.close(author)),
            // The others move no machine.
            _ => {}
        }
        Ok(())
    }

    fn transition(&self, to: State, key: Option<&str>) -> Result<(), ControlError> {
        match key {
            None => self.breaker.transition(to, &self.author),
            Some(key) => self.breaker.transition_branch(key, to, &self.author),
        }
        .map(drop)
    }

    fn call(
        &mut self,
        outcome: Outcome,
        settlement: Settlement,
        times: u64,
        key: Option<&str>,
    ) -> Option<Answer> {
        let mut answer = None;
        for _ in 0..times {
            let permit = CircuitBreaker::acquire_key_from(&*self.breaker, key);
            let known = self.tally.count(permit.is_ok());
            if known && permit.is_err() {
                self.tally.outlook.lose(outcome);
            }
            answer = Some(permit.map(|permit| {
                permit.settle(if known { settlement } else { UNKNOWN });
            }));
        }
        answer
    }

    fn begin(&mut self, call: &str, key: Option<&str>) -> Result<Answer, BadFile> {
        if matches!(self.calls.get(call), Some(Some(_))) {
            return Err(BadFile::new(format!("call {call:?} is in flight already")));
        }
        let admitted = CircuitBreaker::acquire_key_from(Arc::clone(&self.breaker), key);
        let known = self.tally.count(admitted.is_ok());
        let (permit, answer) = match admitted {
            Ok(permit) if known => (Some(permit), Ok(())),
            Ok(permit) => {
                permit.settle(UNKNOWN);
                (None, Ok(()))
            }
            Err(rejection) => (None, Err(rejection)),
        };
        self.calls.insert(call.to_owned(), permit);
        Ok(answer)
    }

    /// Takes the permit of a call that ends; `None`: it was let through as recorded, and is not
    /// now.
    fn admitted(&mut self, call: &str) -> Result<Option<CallPermit>, BadFile> {
        match self.calls.remove(call) {
            Some(Some(permit)) => Ok(Some(permit)),
            Some(None) if self.tally.compares() => Ok(None),
            other => Err(not_in_flight(call, other.is_some())),
        }
    }

    /// Looks at what an expectation speaks of, after a step with this key and this answer.
    fn see(
        &self,
        expect: &Expectation,
        key: Option<&str>,
        answer: Option<Answer>,
    ) -> Result<Seen, SettingsError> {
        if let Some(key) = expect.key() {
            return Ok(Seen {
                shown: self.branch(key)?,
                answer: None,
                rejected_by: None,
            });
        }
        let shown = self.breaker.snapshot();
        let reason = answer.and_then(Result::err).map(Rejection::reason);
        let by_branch = reason == Some(Reason::Open) && shown.rejecting != reason;
        let rejected_by = key.filter(|_| by_branch).map(|key| self.branch(key));
        Ok(Seen {
            shown,
            answer,
            rejected_by: rejected_by.transpose()?,
        })
    }

    /// A branch; one that is not known (any more) as the next call would find it, new.
    fn branch(&self, key: &str) -> Result<Snapshot, SettingsError> {
        if let Some(known) = self.breaker.branch(key) {
            return Ok(known);
        }
        let own = self.breaker.branch_settings();
        let own = own.as_ref().and_then(BranchSettings::breaker).cloned();
        let settings = own.unwrap_or_else(|| self.breaker.settings());
        Ok(breaker(&settings, &self.clock)?.snapshot())
    }
}

fn breaker(settings: &Settings, clock: &ManualClock) -> Result<CircuitBreaker, SettingsError> {
    CircuitBreaker::builder("replay")
        .settings(settings.clone())
        .clock(clock.clone())
        .seed(SEED)
        .build()
}

fn refused(error: &SettingsError) -> BadFile {
    BadFile::new(format!("the settings are refused: {error}"))
}

fn not_in_flight(call: &str, was_begun: bool) -> BadFile {
    BadFile::new(match was_begun {
        true => format!("call {call:?} was not admitted"),
        false => format!("call {call:?} is not in flight"),
    })
}

fn moved(result: Result<(), ControlError>) -> Result<(), BadFile> {
    match result {
        // Under observe a move is refused (R15); the steps go on to see that.
        Ok(()) | Err(ControlError::Observed) => Ok(()),
        #[allow(unreachable_patterns)] // kinds of errors may be added
        Err(error) => Err(BadFile::new(error.to_string())),
    }
}

fn with_hint(settlement: Settlement, retry_after: Option<Duration>) -> Settlement {
    match retry_after {
        Some(hint) => settlement.retry_after(hint),
        None => settlement,
    }
}
