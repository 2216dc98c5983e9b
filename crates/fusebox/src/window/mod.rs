//! What rates and counts look at. A window belongs to one generation: it starts empty, and what
//! carries another generation's tag is not seen.

mod cell;
mod count;
mod headroom;
#[cfg(all(test, loom))]
mod loom_tests;
mod time;

use crate::clock::Tick;
use crate::settings::WindowSize;
use count::CountWindow;
use time::TimeWindow;

/// What a window holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowStats {
    /// Recorded calls.
    pub calls: u64,
    /// The failures among them.
    pub failures: u64,
    /// The slow ones among them, successes and failures.
    pub slow: u64,
}

impl WindowStats {
    /// The successes among the calls.
    pub const fn successes(&self) -> u64 {
        self.calls.saturating_sub(self.failures)
    }
}

/// One outcome for a window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) generation: u32,
    pub(crate) now: Tick,
    pub(crate) failure: bool,
    pub(crate) slow: bool,
}

/// A window without a failure or a slow call, as it passes between a breaker and a quiet branch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Successes {
    /// Of a count window.
    pub(crate) calls: u64,
    /// Of a time window: the begin of each bucket, and its calls.
    pub(crate) since: Vec<(Tick, u64)>,
}

/// What a recorder has to do next.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) enum Recorded {
    /// The window as it was with this outcome as its newest.
    Stats(WindowStats),
    /// Meet the other recorders, then read the window and judge.
    MustJudge,
    /// No judgement can turn out true that was not true before.
    Enough,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // always behind an Arc, one per circuit
pub(crate) enum Window {
    Count(CountWindow),
    Time(TimeWindow),
}

impl Window {
    pub(crate) fn new(size: WindowSize, generation: u32) -> Self {
        match size {
            WindowSize::Calls(n) => Self::Count(CountWindow::new(n, generation)),
            WindowSize::Time(d) => Self::Time(TimeWindow::new(d)),
        }
    }

    /// A window that holds successes from before.
    pub(crate) fn beginning_with(size: WindowSize, generation: u32, successes: &Successes) -> Self {
        match size {
            WindowSize::Calls(n) => {
                Self::Count(CountWindow::beginning_with(n, generation, successes.calls))
            }
            WindowSize::Time(d) => {
                Self::Time(TimeWindow::beginning_with(d, generation, &successes.since))
            }
        }
    }

    /// What the window holds, if that is nothing but quick successes.
    pub(crate) fn successes(&self, generation: u32, now: Tick) -> Option<Successes> {
        let stats = self.stats(generation, now);
        if stats.failures + stats.slow > 0 {
            return None;
        }
        Some(match self {
            Self::Count(_) => Successes {
                calls: stats.calls,
                since: Vec::new(),
            },
            Self::Time(window) => Successes {
                calls: 0,
                since: window.calls_since(generation, now),
            },
        })
    }

    /// A window of another size that keeps what still fits; an empty one if the unit changes.
    pub(crate) fn resized(&self, size: WindowSize, generation: u32, now: Tick) -> Self {
        match (self, size) {
            (Self::Count(old), WindowSize::Calls(n)) => Self::Count(old.resized(n, generation)),
            (Self::Time(old), WindowSize::Time(d)) => Self::Time(old.resized(d, generation, now)),
            _ => Self::new(size, generation),
        }
    }

    /// Prepares for a generation. Under the circuit's lock, before the generation is published.
    pub(crate) fn begin(&self, generation: u32) {
        match self {
            Self::Count(window) => window.begin(generation),
            // Tags tell generations apart.
            Self::Time(_) => {}
        }
    }

    /// Records an outcome, by the thread of this number. `version` is that of the settings that
    /// will judge.
    #[inline]
    pub(crate) fn record_in(&self, slot: usize, entry: Entry, version: u32) -> Recorded {
        match self {
            Self::Count(window) => window.record(entry, version),
            Self::Time(window) => window.record_in(slot, entry, version),
        }
    }

    /// Records a quick success by the thread of this number, if it is one more of those that
    /// nothing has to be asked about; else returns the time, where it had to be read for that.
    #[inline(always)] // in two places
    pub(crate) fn succeed_again(
        &self,
        slot: usize,
        generation: u32,
        version: u32,
        now: impl FnOnce() -> Tick,
    ) -> Result<(), Option<Tick>> {
        let (is_recorded, now) = match self {
            Self::Count(window) => (window.is_full_of_successes(generation, version), None),
            Self::Time(window) => {
                let now = now();
                let again = window.succeed_again(slot, generation, now, version);
                (again, Some(now))
            }
        };
        if is_recorded { Ok(()) } else { Err(now) }
    }

    /// What the window holds for this generation now.
    pub(crate) fn stats(&self, generation: u32, now: Tick) -> WindowStats {
        match self {
            Self::Count(window) => window.stats(generation),
            Self::Time(window) => window.stats(generation, now),
        }
    }

    /// The same for the thread of this number, which has just recorded, at `now`.
    #[inline(always)]
    pub(crate) fn stats_of_recorder(&self, slot: usize, generation: u32, now: Tick) -> WindowStats {
        match self {
            Self::Count(window) => window.stats(generation),
            Self::Time(window) => window.stats_of_recorder(slot, generation, now),
        }
    }

    /// Whether a failure of the thread of this number at `now`, which was the `count`th of the
    /// circuit, opens nothing (by generation and version of the settings).
    #[inline]
    pub(crate) fn is_within_headroom(
        &self,
        slot: usize,
        of: (u32, u32),
        now: Tick,
        count: u64,
    ) -> bool {
        match self {
            Self::Count(_) => false,
            Self::Time(window) => window.is_within_headroom(slot, of, now, count),
        }
    }

    /// A judgement found that no failure opens up to the `most`th of the circuit, until a bucket
    /// leaves.
    #[inline]
    pub(crate) fn set_headroom(&self, slot: usize, of: (u32, u32), now: Tick, most: u64) {
        if let Self::Time(window) = self {
            window.set_headroom(slot, of, now, most);
        }
    }

    /// A judgement by the settings `version` found the minimum reached: successes of this thread
    /// need none until a bucket leaves.
    #[inline]
    pub(crate) fn judged(&self, slot: usize, generation: u32, now: Tick, version: u32) {
        if let Self::Time(window) = self {
            window.judged(slot, generation, now, version);
        }
    }
}
