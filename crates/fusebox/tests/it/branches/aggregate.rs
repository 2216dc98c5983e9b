//! The circuit as a whole against a plain model of `keys_min`: every outcome kept with its key,
//! every question asked of all of them.

use super::equivalence::config;
use crate::model::action::plan;
use crate::model::plan::{Plan, Span};
use crate::stand::{ms, tester};
use fusebox::{
    BranchPermit, BranchSettings, CircuitBreaker, FailureClass, ManualClock, Outcome, Settings,
    Settlement, State,
};
use proptest::prelude::*;
use std::collections::HashSet;
use std::time::Duration;

/// A call without a key counts as one more key.
type Key = Option<u8>;

#[derive(Clone, Debug)]
enum Turn {
    Call {
        key: Key,
        outcome: Outcome,
        took: Duration,
    },
    Begin {
        key: Key,
    },
    /// The n-th call in flight passes the slow-call limit, or ends.
    Overdue(usize),
    End(usize, Outcome),
    Advance(Duration),
    Reset,
}

fn turn() -> impl Strategy<Value = Turn> {
    let key = || prop_oneof![1 => Just(None), 12 => (0..6_u8).prop_map(Some)];
    let outcome = || {
        prop_oneof![
            5 => Just(Outcome::Failure(FailureClass::Status)),
            5 => Just(Outcome::Success),
            1 => Just(Outcome::Ignored),
        ]
    };
    let took = prop_oneof![3 => Just(0_u64), 2 => Just(901)].prop_map(ms);
    let by = proptest::sample::select(&[1_u64, 60, 100, 625, 900, 1_000, 9_400, 10_000][..]);
    prop_oneof![
        20 => (key(), outcome(), took).prop_map(|(key, outcome, took)| {
            Turn::Call { key, outcome, took }
        }),
        4 => key().prop_map(|key| Turn::Begin { key }),
        4 => (0..6_usize).prop_map(Turn::Overdue),
        3 => (0..6_usize, outcome()).prop_map(|(which, outcome)| Turn::End(which, outcome)),
        4 => by.prop_map(|by| Turn::Advance(ms(by))),
        1 => Just(Turn::Reset),
    ]
}

#[derive(Clone, Copy, Debug)]
struct Recorded {
    at: u64,
    key: Key,
    failed: bool,
    slow: bool,
}

/// The rule, read aloud.
struct Model {
    plan: Plan,
    keys_min: usize,
    now: u64,
    generation: u32,
    recorded: Vec<Recorded>,
    overdue: Vec<Key>,
}

fn keys<'a>(calls: impl Iterator<Item = &'a Recorded>) -> HashSet<Key> {
    calls.map(|call| call.key).collect()
}

impl Model {
    /// A time window has 16 buckets, and a call leaves it with its bucket.
    fn window(&self) -> Vec<Recorded> {
        let all = &self.recorded;
        match self.plan.span {
            _ if !self.plan.reads_window() => all.clone(),
            Span::Calls(n) => all[all.len().saturating_sub(n as usize)..].to_vec(),
            Span::Time(d) => {
                let width = d.as_nanos() as u64 / 16;
                let lives = |call: &&Recorded| self.now / width < call.at / width + 16;
                all.iter().filter(lives).copied().collect()
            }
        }
    }

    fn record(&mut self, key: Key, failed: bool, took: Duration) {
        let slow = self.plan.slow_calls.is_some_and(|(_, limit)| took > limit);
        self.recorded.push(Recorded {
            at: self.now,
            key,
            failed,
            slow,
        });
    }

    /// Whether the circuit has to open. In flight (`hanging`) only slow calls decide.
    fn opens(&self, hanging: bool) -> bool {
        let (plan, window) = (&self.plan, self.window());
        let run: Vec<_> = self
            .recorded
            .iter()
            .rev()
            .take_while(|c| c.failed)
            .collect();
        let failed: Vec<_> = window.iter().filter(|c| c.failed).collect();
        let slow: Vec<_> = window.iter().filter(|c| c.slow).collect();
        let hung = self.overdue.len();
        let reached = |rate: u32, part: usize, calls: usize| {
            calls >= plan.minimum_calls as usize
                && part as u64 * 1_000_000 >= u64::from(rate) * calls as u64
        };
        let mut slow_keys = keys(slow.iter().copied());
        slow_keys.extend(&self.overdue);
        let mut all = keys(window.iter());
        all.extend(&self.overdue);
        let enough = |keys: &HashSet<Key>| keys.len() >= self.keys_min.min(all.len());

        let by_run = plan
            .consecutive_failures
            .is_some_and(|n| run.len() >= n as usize);
        let by_count = plan
            .failure_count
            .is_some_and(|n| failed.len() >= n as usize);
        let rate = |rate| reached(rate, failed.len(), window.len());
        let by_failures = by_count || plan.failure_rate.is_some_and(rate);
        let slow_rate = |rate| reached(rate, slow.len() + hung, window.len() + hung);
        let by_slow = plan.slow_calls.is_some_and(|(rate, _)| slow_rate(rate));
        let outcomes = (by_run && enough(&keys(run.iter().copied())))
            || (by_failures && enough(&keys(failed.iter().copied())));
        (outcomes && !hanging) || (by_slow && enough(&slow_keys))
    }

    fn begin_generation(&mut self) {
        self.generation += 1;
        self.recorded.clear();
        self.overdue.clear();
    }
}

struct Flight<'a> {
    permit: BranchPermit<'a>,
    key: Key,
    begun: u64,
    generation: u32,
    overdue: bool,
}

/// The circuit, whose branches never reject, beside the model.
struct Pair<'a> {
    circuit: &'a CircuitBreaker,
    clock: &'a ManualClock,
    model: Model,
    flights: Vec<Flight<'a>>,
}

impl<'a> Pair<'a> {
    fn act(&mut self, turn: &Turn) -> bool {
        match *turn {
            Turn::Call { key, outcome, took } => {
                let permit = self.ask(key);
                permit.settle(Settlement::new(outcome).took(took));
                outcome != Outcome::Ignored && {
                    let failed = outcome != Outcome::Success;
                    self.model.record(key, failed, took);
                    self.model.opens(false)
                }
            }
            Turn::Begin { key } => {
                let flight = Flight {
                    permit: self.ask(key),
                    key,
                    begun: self.model.now,
                    generation: self.model.generation,
                    overdue: false,
                };
                self.flights.push(flight);
                false
            }
            Turn::Overdue(which) => self.overdue(which),
            Turn::End(which, outcome) => self.end(which, outcome),
            Turn::Advance(by) => {
                self.clock.advance(by);
                self.model.now += by.as_nanos() as u64;
                false
            }
            Turn::Reset => {
                self.circuit.reset(&tester());
                self.model.begin_generation();
                false
            }
        }
    }

    fn ask(&self, key: Key) -> BranchPermit<'a> {
        let key = key.map(|key| format!("key-{key}"));
        CircuitBreaker::acquire_key_from(self.circuit, key.as_deref()).unwrap()
    }

    fn overdue(&mut self, which: usize) -> bool {
        let model = &mut self.model;
        let Some(index) = which.checked_rem(self.flights.len()) else {
            return false;
        };
        let flight = &mut self.flights[index];
        flight.permit.overdue();
        let age = Duration::from_nanos(model.now - flight.begun);
        let limit = model.plan.slow_calls.map(|(_, limit)| limit);
        let hangs = limit.is_some_and(|limit| age >= limit)
            && flight.generation == model.generation
            && !flight.overdue;
        if hangs {
            flight.overdue = true;
            model.overdue.push(flight.key);
        }
        hangs && model.opens(true)
    }

    fn end(&mut self, which: usize, outcome: Outcome) -> bool {
        let model = &mut self.model;
        let Some(index) = which.checked_rem(self.flights.len()) else {
            return false;
        };
        let flight = self.flights.swap_remove(index);
        flight.permit.settle(Settlement::new(outcome));
        if flight.generation != model.generation {
            return false;
        }
        if flight.overdue {
            let place = model.overdue.iter().position(|key| *key == flight.key);
            model.overdue.swap_remove(place.unwrap());
        }
        if outcome == Outcome::Ignored {
            return false;
        }
        let took = Duration::from_nanos(model.now - flight.begun);
        model.record(flight.key, outcome != Outcome::Success, took);
        model.opens(false)
    }
}

fn check(plan: Plan, keys_min: u32, turns: &[Turn]) -> Result<(), String> {
    let lenient = Settings::builder().consecutive_failures(1_048_576).build();
    let branches = BranchSettings::builder().breaker(lenient.unwrap());
    let clock = ManualClock::new();
    let circuit = CircuitBreaker::builder("aggregate")
        .settings(plan.settings())
        .branches(branches.keys_min(keys_min).build().unwrap())
        .clock(clock.clone())
        .build()
        .unwrap();
    let mut pair = Pair {
        circuit: &circuit,
        clock: &clock,
        model: Model {
            plan,
            keys_min: keys_min as usize,
            now: 0,
            generation: 0,
            recorded: Vec::new(),
            overdue: Vec::new(),
        },
        flights: Vec::new(),
    };
    for (index, turn) in turns.iter().enumerate() {
        let opens = pair.act(turn);
        let opened = circuit.state() == State::Open;
        if opened != opens {
            let window = pair.model.window();
            return Err(format!(
                "after turn {index}, {turn:?}: open is {opened}, should be {opens}; {window:?}"
            ));
        }
        if opens {
            circuit.reset(&tester());
            pair.model.begin_generation();
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(3_000))]

    #[test]
    fn the_circuit_opens_exactly_when_enough_keys_agree(
        plan in plan(),
        keys_min in 1..6_u32,
        turns in proptest::collection::vec(turn(), 1..120),
    ) {
        let done = check(plan, keys_min, &turns);
        prop_assert!(done.is_ok(), "{}", done.unwrap_err());
    }
}
