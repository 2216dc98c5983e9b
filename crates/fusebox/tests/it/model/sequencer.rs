//! Runs the breaker and the model side by side on a clock moved by hand, and compares them.

use super::action::{Action, Step};
use super::model::Model;
use super::plan::Plan;
use super::told::{Answer, Ending, Expected, Fate, Said, Told};
use super::window::Sums;
use fusebox::{
    Author, CircuitBreaker, Event, EventKind, FailureClass, HoldRequest, ManualClock, Outcome,
    OwnedPermit, Received, Settled, Settlement, Snapshot, State, Subscription, Tick,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Both breakers and what they share.
pub(crate) struct Sequencer {
    clock: ManualClock,
    breaker: Arc<CircuitBreaker>,
    events: Subscription,
    model: Model,
    /// Calls in flight: the permit and the model's number of the call.
    calls: Vec<(OwnedPermit, usize)>,
    /// Whether the clock steps over the zone in which a time window may count or not.
    avoids_zone: bool,
    generation: (u32, u64),
    author: Author,
    /// Words for every answer and event so far, to see that the lives reach every corner.
    pub(crate) seen: BTreeSet<String>,
}

type Checked = Result<(), String>;

// By value: the callers compare what they have just made.
#[allow(clippy::needless_pass_by_value)]
fn equal<T: PartialEq + std::fmt::Debug>(what: &str, breaker: T, model: T) -> Checked {
    if breaker == model {
        return Ok(());
    }
    Err(format!(
        "{what}: the breaker has {breaker:?}, the rules say {model:?}"
    ))
}

fn outcome(said: Said) -> Outcome {
    match said {
        Said::Success => Outcome::Success,
        Said::Failure => Outcome::Failure(FailureClass::Status),
        Said::Ignored => Outcome::Ignored,
    }
}

impl Sequencer {
    pub(crate) fn new(plan: Plan, avoids_zone: bool) -> Self {
        let clock = ManualClock::new();
        let breaker = CircuitBreaker::builder("model")
            .settings(plan.settings())
            .clock(clock.clone())
            .build()
            .unwrap();
        let events = breaker.subscribe();
        let generation = (breaker.snapshot().generation, 0);
        let breaker = Arc::new(breaker);
        Self {
            clock,
            breaker,
            events,
            model: Model::new(plan),
            calls: Vec::new(),
            avoids_zone,
            generation,
            author: Author::new("tester"),
            seen: BTreeSet::new(),
        }
    }

    /// Does every action on both.
    ///
    /// # Errors
    /// The first difference, with the action after which it was seen.
    pub(crate) fn run(&mut self, actions: &[Action]) -> Checked {
        for (index, action) in actions.iter().enumerate() {
            let quiet = matches!(action, Action::Advance { quiet: true, .. });
            let done = self.act(action.clone());
            let checked = if quiet {
                done
            } else {
                done.and_then(|()| self.compare())
            };
            checked.map_err(|why| format!("after action {index}, {action:?}: {why}"))?;
        }
        self.compare()
    }

    fn act(&mut self, action: Action) -> Checked {
        match action {
            Action::Call {
                said,
                took,
                retry_after,
            } => {
                let ending = Ending {
                    said,
                    took: Some(took),
                    retry_after,
                };
                if self.begin()? {
                    self.end(self.calls.len() - 1, ending)
                } else {
                    Ok(())
                }
            }
            Action::Begin => self.begin().map(|_| ()),
            Action::End {
                which,
                said,
                retry_after,
            } if !self.calls.is_empty() => self.end(
                which % self.calls.len(),
                Ending {
                    said,
                    took: None,
                    retry_after,
                },
            ),
            Action::Drop { which } if !self.calls.is_empty() => {
                self.drop_call(which % self.calls.len());
                Ok(())
            }
            Action::End { .. } | Action::Drop { .. } => Ok(()),
            Action::Advance { step, .. } => {
                self.advance(step);
                Ok(())
            }
            by_hand => self.by_hand(by_hand),
        }
    }

    fn advance(&mut self, step: Step) {
        let due = self.model.next_due().unwrap_or(self.model.now);
        let target = match step {
            Step::By(by) => self.model.now + by.as_nanos() as u64,
            Step::UntilDue => due,
            Step::BeforeDue => due.saturating_sub(1).max(self.model.now),
        };
        let target = if self.avoids_zone {
            self.model
                .window
                .clear_of_the_zone(self.model.plan.span, target)
        } else {
            target
        };
        self.clock.set(Tick::from_nanos(target));
        self.model.advance_to(target);
    }

    fn begin(&mut self) -> Result<bool, String> {
        let answer = self.breaker.acquire_owned();
        let expected = self.model.ask(answer.is_ok())?;
        let given = match &answer {
            Ok(_) => Answer::Admitted,
            Err(rejection) => Answer::Rejected(rejection.reason(), rejection.retry_after()),
        };
        if let Answer::Rejected(reason, retry_after) = given {
            self.seen
                .insert(format!("{} {}", reason.as_str(), retry_after.is_some()));
        }
        equal("answer", given, expected)?;
        let admitted = answer.map(|permit| self.calls.push((permit, self.model.last_call())));
        Ok(admitted.is_ok())
    }

    fn end(&mut self, index: usize, ending: Ending) -> Checked {
        let (permit, id) = self.calls.swap_remove(index);
        let mut settlement = Settlement::new(outcome(ending.said));
        if let Some(took) = ending.took {
            settlement = settlement.took(took);
        }
        if let Some(retry_after) = ending.retry_after {
            settlement = settlement.retry_after(retry_after);
        }
        let settled = permit.settle(settlement);
        let opened = self.breaker.state() == State::Open;
        let fate = match self.model.settle(id, ending, opened) {
            Fate::Recorded => Settled::Recorded,
            Fate::Late => Settled::Late,
            Fate::Uncounted => Settled::Uncounted,
        };
        self.seen.insert(format!("{settled:?} {:?}", ending.said));
        equal("settled", settled, fate)
    }

    fn drop_call(&mut self, index: usize) {
        let (permit, id) = self.calls.swap_remove(index);
        drop(permit);
        let opened = self.breaker.state() == State::Open;
        self.model.drop_call(id, opened);
    }

    fn by_hand(&mut self, action: Action) -> Checked {
        let by = self.author.clone();
        match action {
            Action::Transition(to) => {
                let moved = self.breaker.transition(to, &by).ok();
                equal("transition", moved, self.model.transition(to))
            }
            Action::Hold {
                kind,
                expires_after,
            } => {
                let reason = "because".to_owned();
                self.breaker.hold(HoldRequest {
                    kind,
                    reason,
                    author: by,
                    for_: expires_after,
                });
                self.model.set_hold(kind, expires_after);
                Ok(())
            }
            Action::Release => equal("release", self.breaker.release(&by), self.model.release()),
            Action::Reset => {
                self.breaker.reset(&by);
                self.model.reset();
                Ok(())
            }
            Action::Change(plan) => {
                let plan = self.steady(*plan);
                let changed = self.breaker.change_settings(plan.settings(), &by).is_ok();
                self.model.change(plan);
                equal("change of settings", changed, true)
            }
            _ => {
                self.breaker.begin_shutdown();
                self.model.begin_shutdown();
                Ok(())
            }
        }
    }

    /// Some settings stay for a whole run, because the rules do not say what a change means in
    /// mid-way: of the trials asked for, of the ramp's length, of who ends an open period.
    fn steady(&self, mut plan: Plan) -> Plan {
        let old = &self.model.plan;
        plan.half_open_successes = old.half_open_successes;
        plan.half_open_failures = old.half_open_failures;
        plan.ramp = old.ramp;
        plan.manual = old.manual;
        plan
    }

    fn compare(&mut self) -> Checked {
        let snapshot = self.breaker.snapshot();
        let events = self.told()?;
        let (now, model) = (self.model.now, &self.model);
        equal("state", snapshot.state, model.state)?;
        equal("state()", self.breaker.state(), model.state)?;
        let hold = snapshot
            .hold
            .as_ref()
            .map(|h| (h.kind, h.until.map(Tick::as_nanos)));
        equal("hold", hold, model.hold)?;
        let told_now = model.refusal().and_then(|(_, retry_after)| retry_after);
        equal("retry_after", snapshot.retry_after, told_now)?;
        equal("in_flight", snapshot.in_flight, model.in_flight())?;
        if model.state == State::Closed {
            equal(
                "consecutive_failures",
                snapshot.consecutive_failures,
                model.run,
            )?;
        }
        if !model.plan.manual {
            equal("openings", snapshot.openings, model.position())?;
        }
        equal("taken_at", snapshot.taken_at.as_nanos(), now)?;
        window(&snapshot, &model.windows())?;
        totals(&snapshot, model)?;
        told(&events, &model.told)?;
        self.model.told.clear();
        self.generations(&snapshot)
    }

    fn told(&mut self) -> Result<Vec<Event>, String> {
        let mut events = Vec::new();
        while let Some(received) = self.events.try_next() {
            match received {
                Received::Event(event) => {
                    self.seen.insert(word(&event.kind));
                    events.push(event);
                }
                Received::Missed(n) => return Err(format!("{n} events missed")),
            }
        }
        Ok(events)
    }

    /// The breaker's generation rises exactly when the model's does.
    fn generations(&mut self, snapshot: &Snapshot) -> Checked {
        let before = self.generation;
        let now = (snapshot.generation, self.model.generation);
        self.generation = now;
        if now.0 < before.0 {
            return Err(format!(
                "the generation fell from {} to {}",
                before.0, now.0
            ));
        }
        equal("generation was raised", now.0 > before.0, now.1 > before.1)
    }
}

fn word(kind: &EventKind) -> String {
    match kind {
        EventKind::Transition {
            from, to, cause, ..
        } => {
            format!("{} to {} by {}", from.as_str(), to.as_str(), cause.as_str())
        }
        EventKind::HoldSet(hold) => format!("set {}", hold.kind.as_str()),
        EventKind::HoldEnded { kind, expired, .. } => format!("end {} {expired}", kind.as_str()),
        EventKind::Reset { .. } => "reset".to_owned(),
        EventKind::SettingsChanged { .. } => "settings".to_owned(),
        EventKind::WouldOpen { cause, .. } => format!("would open by {}", cause.as_str()),
        other => format!("{other:?}"),
    }
}

fn window(snapshot: &Snapshot, possible: &[Sums]) -> Checked {
    let window = &snapshot.window;
    let sums = Sums {
        calls: window.calls,
        failures: window.failures,
        slow: window.slow,
    };
    if possible.contains(&sums) {
        return Ok(());
    }
    Err(format!(
        "window: the breaker has {sums:?}, the rules allow {possible:?}"
    ))
}

fn totals(snapshot: &Snapshot, model: &Model) -> Checked {
    let (totals, sum) = (&snapshot.totals, &model.sum);
    equal("success", totals.success, sum.success)?;
    equal("failure", totals.failure, sum.failure)?;
    equal("ignored", totals.ignored, sum.ignored)?;
    equal("slow", totals.slow, sum.slow)?;
    equal("late", totals.late, sum.late)?;
    equal("rejected", totals.rejected, sum.rejected)?;
    equal("transitions", snapshot.transitions, sum.transitions)?;
    equal(
        "trials succeeded",
        snapshot.trials.succeeded,
        sum.trials_succeeded,
    )?;
    equal("trials failed", snapshot.trials.failed, sum.trials_failed)?;
    let dropped = sum.dropped..=sum.dropped + sum.dropped_late;
    if !dropped.contains(&totals.abandoned) {
        return Err(format!(
            "dropped: {} is not in {dropped:?}",
            totals.abandoned
        ));
    }
    Ok(())
}

/// Events of different instants come in order; those of one instant all come.
fn told(events: &[Event], expected: &[Expected]) -> Checked {
    let in_order = events.is_sorted_by_key(|event| (event.at, event.generation));
    equal("events in order", in_order, true)?;
    let mut left: Vec<&Event> = events.iter().collect();
    for wanted in expected {
        let found = left.iter().position(|event| is(event, wanted));
        match found {
            Some(index) => drop(left.remove(index)),
            None if wanted.optional => {}
            None => return Err(format!("no event {wanted:?}, but {events:?}")),
        }
    }
    let moves = |event: &&Event| match event.kind {
        EventKind::Transition { from, to, .. } => Some((from, to)),
        _ => None,
    };
    let wanted: Vec<(State, State)> = expected
        .iter()
        .filter_map(|wanted| match wanted.told {
            Told::Transition { from, to, .. } => Some((from, to)),
            _ => None,
        })
        .collect();
    equal(
        "transitions",
        events
            .iter()
            .collect::<Vec<_>>()
            .iter()
            .filter_map(moves)
            .collect(),
        wanted,
    )?;
    if left.is_empty() {
        Ok(())
    } else {
        Err(format!("too many events: {left:?}"))
    }
}

fn is(event: &Event, wanted: &Expected) -> bool {
    event.at.as_nanos() == wanted.at
        && match (&event.kind, &wanted.told) {
            (
                EventKind::Transition {
                    from, to, cause, ..
                },
                Told::Transition {
                    from: before,
                    to: after,
                    causes,
                },
            ) => from == before && to == after && causes.contains(cause),
            (EventKind::HoldSet(hold), Told::HoldSet(kind)) => hold.kind == *kind,
            (
                EventKind::HoldEnded { kind, expired, .. },
                Told::HoldEnded {
                    kind: held,
                    expired: by_time,
                },
            ) => kind == held && expired == by_time,
            (EventKind::Reset { .. }, Told::Reset)
            | (EventKind::SettingsChanged { .. }, Told::SettingsChanged) => true,
            (EventKind::WouldOpen { cause, .. }, Told::WouldOpen { causes }) => {
                causes.contains(cause)
            }
            _ => false,
        }
}
