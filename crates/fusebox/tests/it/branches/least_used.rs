//! Which branch goes when a new key needs room, against a plain list of keys in order of use.

use super::equivalence::config;
use crate::stand::{breaker, hold, ms, secs, tester};
use fusebox::{
    BranchSettings, BranchStats, CircuitBreaker, FailureClass, HoldKind, ManualClock, Settings,
    State,
};
use proptest::prelude::*;
use std::sync::Arc;

#[derive(Clone, Debug)]
enum Turn {
    /// A call; a failure opens the branch.
    Call {
        key: usize,
        ok: bool,
    },
    Hold {
        key: usize,
        kind: HoldKind,
    },
    Release {
        key: usize,
    },
    Reset {
        key: usize,
    },
    /// Time goes on; also not at all, or past the end of an open period.
    Advance(u64),
    Bound(usize),
}

fn turn() -> impl Strategy<Value = Turn> {
    let key = || 0..12_usize;
    let kind = proptest::sample::select(
        &[HoldKind::ForcedOpen, HoldKind::Disabled, HoldKind::Observe][..],
    );
    prop_oneof![
        20 => (key(), proptest::bool::weighted(0.6)).prop_map(|(key, ok)| Turn::Call { key, ok }),
        3 => (key(), kind).prop_map(|(key, kind)| Turn::Hold { key, kind }),
        3 => key().prop_map(|key| Turn::Release { key }),
        1 => key().prop_map(|key| Turn::Reset { key }),
        3 => (0..1_500_u64).prop_map(Turn::Advance),
        1 => (1..7_usize).prop_map(Turn::Bound),
    ]
}

/// A branch as the rule sees it.
#[derive(Clone, Debug)]
struct Branch {
    key: usize,
    held: Option<HoldKind>,
    /// The instant at which an open one is half-open.
    open_until: Option<u64>,
}

impl Branch {
    fn is_open(&self) -> bool {
        self.open_until.is_some()
    }
}

/// The least recently used first.
#[derive(Debug, Default)]
struct Model {
    branches: Vec<Branch>,
    most: usize,
    now: u64,
    stats: BranchStats,
}

impl Model {
    /// Uses a key; `false`: it has no place and gets none.
    fn touch(&mut self, key: usize) -> bool {
        if let Some(at) = self.branches.iter().position(|b| b.key == key) {
            let branch = self.branches.remove(at);
            self.branches.push(branch);
            return true;
        }
        while self.branches.len() >= self.most {
            if !self.evict() {
                self.stats.unkept += 1;
                return false;
            }
        }
        self.branches.push(Branch {
            key,
            held: None,
            open_until: None,
        });
        true
    }

    fn evict(&mut self) -> bool {
        let free = |b: &Branch| b.held.is_none();
        let closed = self.branches.iter().position(|b| free(b) && !b.is_open());
        let open = || self.branches.iter().position(|b| free(b) && b.is_open());
        let Some(at) = closed.or_else(open) else {
            return false;
        };
        match self.branches.remove(at).is_open() {
            true => self.stats.evicted_open += 1,
            false => self.stats.evicted += 1,
        }
        true
    }

    /// What is above the bound goes as soon as it may.
    fn trim(&mut self) {
        while self.branches.len() > self.most && self.evict() {}
    }

    fn last(&mut self) -> &mut Branch {
        self.branches.last_mut().unwrap()
    }

    /// Whether a call passes; the branch is the last one.
    fn passes(&mut self) -> bool {
        let now = self.now;
        let branch = self.last();
        match branch.held {
            Some(kind) => kind != HoldKind::ForcedOpen,
            None => branch.open_until.is_none_or(|until| until <= now),
        }
    }

    fn stats(&self) -> BranchStats {
        let count =
            |of: &dyn Fn(&Branch) -> bool| self.branches.iter().filter(|b| of(b)).count() as u64;
        BranchStats {
            known: self.branches.len() as u64,
            open: count(&|b| b.held.is_none() && b.is_open()),
            held: count(&|b| b.held.is_some()),
            ..self.stats
        }
    }
}

/// Opens at the first failure for a second; one good trial closes.
fn bounded(keys_max: usize) -> BranchSettings {
    let one = Settings::builder()
        .consecutive_failures(1)
        .open_for(secs(1))
        .backoff(1.0)
        .jitter(crate::stand::percent("0%"))
        .half_open_successes(1);
    BranchSettings::builder()
        .keys_max(keys_max as u32)
        .breaker(one.build().unwrap())
        .build()
        .unwrap()
}

struct Pair {
    circuit: Arc<CircuitBreaker>,
    clock: ManualClock,
    model: Model,
}

fn name(key: usize) -> String {
    format!("key-{key}")
}

impl Pair {
    /// A hand's act is followed by a call, so that it does not matter whether it counts as a use.
    fn act(&mut self, turn: &Turn) -> Result<(), String> {
        match *turn {
            Turn::Call { key, ok } => self.call(key, ok),
            Turn::Hold { key, kind } => {
                let held = self.circuit.hold_branch(&name(key), hold(kind, None));
                if held != self.model.touch(key) {
                    return Err(format!("held is {held}"));
                }
                if held {
                    let branch = self.model.last();
                    branch.held = Some(kind);
                    if kind == HoldKind::Observe {
                        branch.open_until = None;
                    }
                }
                self.call(key, true)
            }
            Turn::Release { key } => {
                self.call(key, true)?;
                let now = self.model.now;
                let known = self.model.branches.last_mut().filter(|b| b.key == key);
                if let Some(branch) = known {
                    match branch.held.take() {
                        Some(HoldKind::ForcedOpen) => branch.open_until = Some(now),
                        Some(_) => branch.open_until = None,
                        None => {}
                    }
                    self.circuit.release_branch(&name(key), &tester());
                    self.model.trim();
                }
                self.call(key, true)
            }
            Turn::Reset { key } => {
                self.call(key, true)?;
                let known = self.model.branches.last_mut().filter(|b| b.key == key);
                if let Some(branch) = known {
                    branch.open_until = None;
                    self.circuit.reset_branch(&name(key), &tester());
                }
                self.call(key, true)
            }
            Turn::Advance(by) => {
                self.clock.advance(ms(by));
                self.model.now += ms(by).as_nanos() as u64;
                Ok(())
            }
            Turn::Bound(most) => {
                self.model.most = most;
                self.model.trim();
                let settings = bounded(most);
                self.circuit.set_branches(Some(settings), &tester());
                Ok(())
            }
        }
    }

    fn call(&mut self, key: usize, ok: bool) -> Result<(), String> {
        let permit = self.circuit.acquire_key(&name(key));
        let kept = self.model.touch(key);
        let passes = !kept || self.model.passes();
        if permit.is_ok() != passes {
            return Err(format!("admitted is {}", permit.is_ok()));
        }
        let Ok(permit) = permit else { return Ok(()) };
        let now = self.model.now;
        match ok {
            true => permit.success(),
            false => permit.failure(FailureClass::Reset),
        };
        if kept {
            let branch = self.model.last();
            if branch.held.is_none() {
                let second = secs(1).as_nanos() as u64;
                branch.open_until = (!ok).then_some(now + second);
            }
        }
        Ok(())
    }

    fn compare(&self) -> Result<(), String> {
        let (found, wanted) = (self.circuit.branches(), self.model.stats());
        if found != wanted {
            return Err(format!("{found:?}, should be {wanted:?}"));
        }
        for key in 0..12 {
            let known = self.model.branches.iter().find(|b| b.key == key);
            let shown = self.circuit.branch(&name(key));
            if known.is_some() != shown.is_some() {
                return Err(format!("{} is known: {}", name(key), shown.is_some()));
            }
            let (Some(known), Some(shown)) = (known, shown) else {
                continue;
            };
            if known.is_open() != (shown.state != State::Closed) {
                return Err(format!("{} is {:?}", name(key), shown.state));
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn the_least_recently_used_goes_open_ones_last_held_ones_never(
        most in 1..7_usize,
        turns in proptest::collection::vec(turn(), 1..120),
    ) {
        let (circuit, clock) = breaker(|b| {
            b.consecutive_failures(1_048_576).branches(bounded(most))
        });
        let model = Model { most, ..Model::default() };
        let mut pair = Pair { circuit, clock, model };
        for (index, turn) in turns.iter().enumerate() {
            let done = pair.act(turn).and_then(|()| pair.compare());
            prop_assert!(done.is_ok(), "after turn {index}, {turn:?}: {}", done.unwrap_err());
        }
    }
}
