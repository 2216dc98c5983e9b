//! The breaker of a branch: made of a quiet branch, and laid to rest as one (R19).

use super::CircuitBreaker;
use super::builder::Parts;
use crate::clock::Tick;
use crate::plan::Plan;
use crate::settings::Settings;
use crate::sync::{Ordering, lock};
use crate::window::{Successes, Window};
use crate::word::{State, Word};
use std::sync::Arc;

/// All that a breaker remembers when it has nothing to remember.
#[derive(Debug)]
pub(crate) struct AtRest {
    pub(crate) generation: u32,
    pub(crate) run: u32,
    pub(crate) successes: Successes,
    pub(crate) now: Tick,
}

impl CircuitBreaker {
    /// The breaker of a branch of this circuit that was quiet until now. `began` is its
    /// generation and run.
    pub(crate) fn branch_from(
        &self,
        key: &str,
        settings: &Settings,
        began: (u32, u32),
        successes: &Successes,
    ) -> Self {
        let (generation, run) = began;
        let size = settings.reads_window().then(|| settings.window());
        let window = size.map(|size| Window::beginning_with(size, generation, successes));
        Self::assemble(Parts {
            word: Word::new(generation, State::Closed, None).with_run(run),
            plan: Plan::new(settings.clone(), window.map(Arc::new), 0),
            seed: self.seed ^ fnv(key),
            clock: self.clock.clone(),
            events: Arc::clone(&self.events),
            name: Arc::clone(&self.name),
            key: Some(Arc::from(key)),
        })
    }

    /// What is left to remember of a breaker that nobody else can reach, if that fits into a
    /// quiet branch; `touched` is when it was last used.
    pub(crate) fn at_rest(&self, touched: Tick) -> Option<AtRest> {
        let word = self.word.load();
        let machine = lock(&self.machine);
        let now = self.clock.coarse().max(touched);
        let closed_for = now.saturating_since(machine.since);
        let generation = word.generation();
        let forgets = word.is_plain()
            && machine.backoff.openings(Some(closed_for)) == 0
            && self.overdue.count(generation) == 0;
        if !forgets {
            return None;
        }
        let window = &self.plans.current().window;
        let successes = match window {
            Some(window) => window.successes(generation, now)?,
            None => Successes::default(),
        };
        Some(AtRest {
            generation,
            run: word.run(),
            successes,
            now,
        })
    }

    /// The generation, if the state word alone admits and counts a call now.
    pub(crate) fn plain_generation(&self) -> Option<u32> {
        let word = self.word.load();
        word.is_plain().then(|| word.generation())
    }

    pub(crate) fn word(&self) -> Word {
        self.word.load()
    }

    /// A branch ends its calls with its circuit.
    pub(crate) fn shut_down_like(&self, circuit: &Self) {
        let shutting_down = circuit.shutting_down.load(Ordering::Acquire);
        self.shutting_down.store(shutting_down, Ordering::Release);
    }
}

/// The same number for the same key on every machine, so that seeded runs can be repeated:
/// FNV-1a (Fowler, Noll, Vo).
fn fnv(key: &str) -> u64 {
    key.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}
