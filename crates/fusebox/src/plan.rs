//! The settings in force, found by the call path without a lock.
//!
//! A change appends a plan; none is freed before the breaker, so that a reader needs no
//! protection. Each change costs about 0.3 KiB (and its window, if that changed) until then, and
//! their number is bounded: [`PLANS_MAX`], with the largest count windows 320 MiB.

use crate::settings::{Settings, WindowSize};
use crate::sync::{Arc, AtomicU32, Ordering};
use crate::window::Window;
use std::sync::OnceLock;
use std::time::Duration;

/// Changes of settings that one breaker takes in its life.
pub(crate) const PLANS_MAX: u32 = 1 << 12;
/// Chunk k of the later plans holds `16 * 2^k`: 9 chunks hold 8,176.
const CHUNKS: usize = 9;
const CHUNK_FIRST: u32 = 16;

/// Limits below this are measured with the exact clock: the coarse one is 10 ms off at most.
const EXACT_BELOW: Duration = Duration::from_millis(100);

/// How a call's duration is measured, the less exact first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timing {
    /// No policy asks for it.
    None = 0,
    Coarse = 1,
    Exact = 2,
}

impl Timing {
    pub(crate) fn of(settings: &Settings) -> Self {
        let limits = [settings.slow_call_duration(), settings.abandoned_after];
        match limits.into_iter().flatten().min() {
            None => Self::None,
            Some(limit) if limit < EXACT_BELOW => Self::Exact,
            Some(_) => Self::Coarse,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) settings: Settings,
    /// `None` where no policy reads one.
    pub(crate) window: Option<Arc<Window>>,
    pub(crate) timing: Timing,
    pub(crate) version: u32,
}

impl Plan {
    pub(crate) fn new(settings: Settings, window: Option<Arc<Window>>, version: u32) -> Self {
        let timing = Timing::of(&settings);
        Self {
            settings,
            window,
            timing,
            version,
        }
    }

    /// The size of the window, if there is one.
    pub(crate) fn window_size(&self) -> Option<WindowSize> {
        self.window.as_ref().map(|_| self.settings.window)
    }
}

type Chunk = OnceLock<Box<[OnceLock<Plan>]>>;

#[derive(Debug)]
pub(crate) struct Plans {
    first: Plan,
    later: [Chunk; CHUNKS],
    /// The version of the plan in force, and below it how calls are measured by it: an admission
    /// asks for nothing else.
    current: AtomicU32,
}

const TIMING_BITS: u32 = 2;

fn current_word(plan: &Plan) -> u32 {
    plan.version << TIMING_BITS | plan.timing as u32
}

impl Plans {
    pub(crate) fn new(first: Plan) -> Self {
        Self {
            current: AtomicU32::new(current_word(&first)),
            first,
            later: [const { Chunk::new() }; CHUNKS],
        }
    }

    /// [`Plan::timing`] of the plan in force.
    #[inline]
    pub(crate) fn timing(&self) -> Timing {
        // Relaxed: nothing else is read by it.
        match self.current.load(Ordering::Relaxed) & ((1 << TIMING_BITS) - 1) {
            0 => Timing::None,
            1 => Timing::Coarse,
            _ => Timing::Exact,
        }
    }

    /// The plan in force.
    #[inline]
    pub(crate) fn current(&self) -> &Plan {
        // Acquire, pairs with `append`.
        match self.current.load(Ordering::Acquire) >> TIMING_BITS {
            0 => &self.first,
            version => self.later(version),
        }
    }

    #[cold]
    fn later(&self, version: u32) -> &Plan {
        let (chunk, index) = place(version);
        // `append` fills the place before it publishes the number, so the first is found.
        let plan = self.later[chunk].get().and_then(|plans| plans[index].get());
        plan.unwrap_or(&self.first)
    }

    /// Puts a plan in force. Only under the circuit's lock.
    pub(crate) fn append(&self, plan: Plan) {
        let word = current_word(&plan);
        let (chunk, index) = place(plan.version);
        let plans = self.later[chunk].get_or_init(|| {
            let size = (CHUNK_FIRST as usize) << chunk;
            (0..size).map(|_| OnceLock::new()).collect()
        });
        if plans[index].set(plan).is_ok() {
            // Release, pairs with `current`.
            self.current.store(word, Ordering::Release);
        }
    }
}

/// Chunk and index of a version from 1 on.
fn place(version: u32) -> (usize, usize) {
    let shifted = version - 1 + CHUNK_FIRST;
    let chunk = shifted.ilog2() - CHUNK_FIRST.ilog2();
    (chunk as usize, (shifted - (CHUNK_FIRST << chunk)) as usize)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_version_has_a_place_of_its_own() {
        let mut seen = std::collections::HashSet::new();
        for version in 1..=PLANS_MAX {
            let (chunk, index) = place(version);
            assert!(chunk < CHUNKS && index < (16 << chunk));
            assert!(seen.insert((chunk, index)));
        }
    }
}
