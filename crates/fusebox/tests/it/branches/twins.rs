//! A keyed circuit whose aggregate never opens beside one plain breaker for each key: the same
//! actions on both.

use super::life::{KEYS, Turn};
use crate::model::action::{Action, Step};
use crate::model::plan::{Plan, Span};
use crate::model::told::Said;
use crate::stand::tester;
use fusebox::{
    BranchSettings, CircuitBreaker, Event, EventBus, EventKind, FailureClass, HoldRequest, Keyed,
    ManualClock, Outcome, OwnedPermit, PermitOf, Received, Settlement, Snapshot, State,
    Subscription, Tick,
};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

type KeyedPermit = PermitOf<Keyed<Arc<CircuitBreaker>>>;
type Checked = Result<(), String>;

/// Keys that only keep the table busy.
const CROWD: usize = 16;

pub(super) struct Twins {
    clock: ManualClock,
    circuit: Arc<CircuitBreaker>,
    told: Subscription,
    plain: Vec<(Arc<CircuitBreaker>, Subscription)>,
    plan: Plan,
    calls: Vec<(KeyedPermit, OwnedPermit)>,
    crowded: usize,
    /// Which watched keys had a whole breaker when last looked at.
    whole: [bool; KEYS],
    /// Words for what quiet branches had to remember, to see that the lives get there.
    pub(super) seen: BTreeSet<&'static str>,
}

pub(super) fn name(key: usize) -> String {
    format!("key-{key}")
}

fn branches(plan: &Plan) -> BranchSettings {
    let settings = BranchSettings::builder().breaker(plan.settings());
    settings.build().unwrap()
}

// By value: the callers compare what they have just made.
#[allow(clippy::needless_pass_by_value)]
fn equal<T: PartialEq + std::fmt::Debug>(what: &str, branch: T, plain: T) -> Checked {
    if branch == plain {
        return Ok(());
    }
    Err(format!(
        "{what}: the branch has {branch:?}, a plain breaker {plain:?}"
    ))
}

fn settlement(said: Said, took: Option<Duration>, retry_after: Option<Duration>) -> Settlement {
    let mut settlement = Settlement::new(match said {
        Said::Success => Outcome::Success,
        Said::Failure => Outcome::Failure(FailureClass::Status),
        Said::Ignored => Outcome::Ignored,
    });
    if let Some(took) = took {
        settlement = settlement.took(took);
    }
    if let Some(retry_after) = retry_after {
        settlement = settlement.retry_after(retry_after);
    }
    settlement
}

impl Twins {
    pub(super) fn new(plan: Plan) -> Self {
        let clock = ManualClock::new();
        let events = EventBus::new(1 << 14);
        let circuit = CircuitBreaker::builder("twins")
            .consecutive_failures(1_048_576)
            .branches(branches(&plan))
            .clock(clock.clone())
            .events(Arc::clone(&events))
            .build()
            .unwrap();
        let alone = |_| {
            let builder = CircuitBreaker::builder("twins").settings(plan.settings());
            let bus = EventBus::new(1 << 12);
            let builder = builder.clock(clock.clone()).events(Arc::clone(&bus));
            (Arc::new(builder.build().unwrap()), bus.subscribe())
        };
        Self {
            plain: (0..KEYS).map(alone).collect(),
            circuit: Arc::new(circuit),
            told: events.subscribe(),
            clock,
            plan,
            calls: Vec::new(),
            crowded: 0,
            whole: [false; KEYS],
            seen: BTreeSet::new(),
        }
    }

    /// Does every action on both.
    ///
    /// # Errors
    /// The first difference, with the turn after which it was seen.
    pub(super) fn run(&mut self, turns: &[Turn]) -> Checked {
        for (index, turn) in turns.iter().enumerate() {
            let done = self.act(turn.clone());
            let unseen = matches!(
                turn,
                Turn::One {
                    action: Action::Advance { quiet: true, .. },
                    ..
                }
            );
            let checked = if unseen {
                done
            } else {
                done.and_then(|()| self.compare_whole())
            };
            checked.map_err(|why| format!("after turn {index}, {turn:?}: {why}"))?;
        }
        for key in 0..KEYS {
            self.look(key).map_err(|why| format!("at the end: {why}"))?;
        }
        self.compare_events()
    }

    fn act(&mut self, turn: Turn) -> Checked {
        match turn {
            Turn::One { key, action } => self.one(key, action),
            Turn::Overdue { which } => {
                if let Some(index) = self.nth(which) {
                    let (keyed, plain) = &mut self.calls[index];
                    keyed.overdue();
                    plain.overdue();
                }
                Ok(())
            }
            Turn::Look { key } => self.look(key),
            Turn::Crowd(keys) => {
                for _ in 0..keys {
                    self.crowded += 1;
                    let key = format!("crowd-{}", self.crowded % CROWD);
                    if let Ok(permit) = self.circuit.acquire_key(&key) {
                        permit.success();
                    }
                    self.circuit.branch(&key);
                }
                Ok(())
            }
        }
    }

    fn nth(&self, which: usize) -> Option<usize> {
        which.checked_rem(self.calls.len())
    }

    fn one(&mut self, key: usize, action: Action) -> Checked {
        match action {
            Action::Call {
                said,
                took,
                retry_after,
            } => {
                if self.begin(key)? {
                    let settlement = settlement(said, Some(took), retry_after);
                    self.end(self.calls.len() - 1, settlement);
                }
                Ok(())
            }
            Action::Begin => self.begin(key).map(drop),
            Action::End {
                which,
                said,
                retry_after,
            } => {
                if let Some(index) = self.nth(which) {
                    self.end(index, settlement(said, None, retry_after));
                }
                Ok(())
            }
            Action::Drop { which } => {
                if let Some(index) = self.nth(which) {
                    drop(self.calls.swap_remove(index));
                }
                Ok(())
            }
            Action::Advance { step, .. } => {
                self.advance(key, step);
                Ok(())
            }
            by_hand => self.by_hand(key, by_hand),
        }
    }

    fn begin(&mut self, key: usize) -> Result<bool, String> {
        let keyed = CircuitBreaker::acquire_key_from(Arc::clone(&self.circuit), Some(&name(key)));
        let plain = self.plain[key].0.acquire_owned();
        equal(
            "rejection",
            keyed.as_ref().err().copied(),
            plain.as_ref().err().copied(),
        )?;
        let (Ok(keyed), Ok(plain)) = (keyed, plain) else {
            return Ok(false);
        };
        equal("is a trial", keyed.is_trial(), plain.is_trial())?;
        self.calls.push((keyed, plain));
        Ok(true)
    }

    fn end(&mut self, index: usize, settlement: Settlement) {
        let (keyed, plain) = self.calls.swap_remove(index);
        keyed.settle(settlement);
        plain.settle(settlement);
    }

    fn advance(&mut self, key: usize, step: Step) {
        let due = || self.plain[key].0.snapshot().retry_after;
        let by = match step {
            Step::By(by) => by,
            Step::UntilDue => due().unwrap_or_default(),
            Step::BeforeDue => due()
                .unwrap_or_default()
                .saturating_sub(Duration::from_nanos(1)),
        };
        self.clock.advance(by);
    }

    fn by_hand(&mut self, key: usize, action: Action) -> Checked {
        let by = tester();
        let plain = &self.plain[key].0;
        let key = &name(key);
        match action {
            Action::Transition(to) => equal(
                "transition",
                self.circuit.transition_branch(key, to, &by),
                plain.transition(to, &by),
            ),
            Action::Hold {
                kind,
                expires_after,
            } => {
                let request = HoldRequest {
                    kind,
                    reason: "because".to_owned(),
                    author: by,
                    for_: expires_after,
                };
                plain.hold(request.clone());
                equal("held", self.circuit.hold_branch(key, request), true)
            }
            Action::Release => equal(
                "released",
                self.circuit.release_branch(key, &by),
                plain.release(&by),
            ),
            // What nobody has called has nothing to reset.
            Action::Reset => {
                let known = self.circuit.reset_branch(key, &by);
                if known {
                    plain.reset(&by);
                }
                let never_used = plain.snapshot().generation == 1;
                equal("reset", known || never_used, true)
            }
            Action::Change(plan) => {
                self.plan = self.steady(*plan);
                self.circuit.set_branches(Some(branches(&self.plan)), &by);
                for (plain, _) in &self.plain {
                    plain.change_settings(self.plan.settings(), &by).unwrap();
                }
                Ok(())
            }
            _ => {
                self.circuit.begin_shutdown();
                self.plain
                    .iter()
                    .for_each(|(plain, _)| plain.begin_shutdown());
                Ok(())
            }
        }
    }

    /// A time window stays as long as it is: what a change of its length keeps is exact within a
    /// bucket only.
    fn steady(&self, mut plan: Plan) -> Plan {
        if let (Span::Time(_), Span::Time(_)) = (self.plan.span, plan.span) {
            plan.span = self.plan.span;
        }
        plan
    }

    /// Compares the branches that have a whole breaker, without making one of a quiet branch.
    fn compare_whole(&mut self) -> Checked {
        let shown: HashMap<String, Snapshot> = self
            .circuit
            .worst_branches(usize::MAX)
            .into_iter()
            .collect();
        for key in 0..KEYS {
            let branch = shown.get(&name(key));
            if self.whole[key] && branch.is_none() {
                self.seen.insert("laid to rest");
            }
            self.whole[key] = branch.is_some();
            if let Some(branch) = branch {
                same(branch, &self.plain[key].0.snapshot()).map_err(|why| in_key(key, &why))?;
            }
        }
        Ok(())
    }

    /// Compares a branch that may be quiet; it is whole afterwards.
    fn look(&mut self, key: usize) -> Checked {
        let Some(branch) = self.circuit.branch(&name(key)) else {
            return Ok(());
        };
        if !self.whole[key] {
            self.note_quiet(&branch);
        }
        let plain = self.plain[key].0.snapshot();
        same(&branch, &plain).map_err(|why| in_key(key, &why))
    }

    fn note_quiet(&mut self, branch: &Snapshot) {
        let found = [
            (branch.window.calls > 0, "quiet with a window"),
            (branch.consecutive_failures > 0, "quiet within a run"),
            (branch.generation > 1, "quiet after transitions"),
        ];
        let words = found.into_iter().filter(|(is, _)| *is);
        self.seen.extend(words.map(|(_, word)| word));
    }

    fn compare_events(&mut self) -> Checked {
        let mut of_branches: Vec<Vec<Told>> = vec![Vec::new(); KEYS];
        for event in all(&mut self.told) {
            let key = (0..KEYS).find(|key| event.branch.as_deref() == Some(&name(*key)));
            if let Some(key) = key {
                of_branches[key].push(told(event));
            }
        }
        for (key, (branch, (_, events))) in of_branches.iter().zip(&mut self.plain).enumerate() {
            let mut plain: Vec<Told> = all(events).into_iter().map(told).collect();
            let mut branch = branch.clone();
            // Only those that exist as breakers tell of other settings.
            let changed = |(_, _, kind): &Told| matches!(kind, EventKind::SettingsChanged { .. });
            branch.retain(|told| !changed(told));
            plain.retain(|told| !changed(told));
            equal("events", branch, plain).map_err(|why| in_key(key, &why))?;
        }
        Ok(())
    }
}

fn in_key(key: usize, why: &str) -> String {
    format!("{}: {why}", name(key))
}

type Told = (Tick, u32, EventKind);

fn told(event: Event) -> Told {
    (event.at, event.generation, event.kind)
}

fn all(events: &mut Subscription) -> Vec<Event> {
    let next = || events.try_next();
    std::iter::from_fn(next)
        .map(|received| match received {
            Received::Event(event) => event,
            Received::Missed(n) => panic!("{n} events missed"),
        })
        .collect()
}

/// Everything but what a quiet branch may forget: counts since the start, and why.
fn same(branch: &Snapshot, plain: &Snapshot) -> Checked {
    equal("state", branch.state, plain.state)?;
    equal("hold", &branch.hold, &plain.hold)?;
    equal("generation", branch.generation, plain.generation)?;
    equal("retry_after", branch.retry_after, plain.retry_after)?;
    equal("rejecting", branch.rejecting, plain.rejecting)?;
    equal("window", branch.window, plain.window)?;
    equal(
        "consecutive_failures",
        branch.consecutive_failures,
        plain.consecutive_failures,
    )?;
    equal("in_flight", branch.in_flight, plain.in_flight)?;
    equal("openings", branch.openings, plain.openings)?;
    equal("ramp", branch.ramp, plain.ramp)?;
    equal("settings", &branch.settings, &plain.settings)?;
    if branch.state != State::Closed {
        equal("since", branch.since, plain.since)?;
    }
    equal("taken_at", branch.taken_at, plain.taken_at)
}
