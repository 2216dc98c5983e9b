//! A branch that nothing is wrong with: its successes in a few bytes.
//!
//! Most keys of a circuit work. Such a branch needs no breaker of its own, only what a breaker
//! would have in its window: how many successes, and when. At the first failure, slow call, hold
//! or transition it becomes a whole breaker that begins with these; once that breaker has nothing
//! left to remember it becomes quiet again.

use crate::clock::{Tick, nanos};
use crate::plan::Timing;
use crate::settings::{Settings, WindowSize};
use crate::sync::BUCKETS;
use crate::window::Successes;
use std::time::Duration;

/// What quiet branches need to know of their settings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub(super) span: Span,
    pub(super) slow_after: Option<Duration>,
    pub(super) abandoned_after: Option<Duration>,
    pub(super) timing: Timing,
}

/// Which successes a window would hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// No policy reads a window.
    None,
    Calls(u16),
    /// Buckets of so many nanoseconds.
    Time(u64),
}

impl Rule {
    pub(super) fn of(settings: &Settings) -> Self {
        let span = match settings.window() {
            _ if !settings.reads_window() => Span::None,
            // At most 10,000.
            WindowSize::Calls(n) => Span::Calls(u16::try_from(n).unwrap_or(u16::MAX)),
            WindowSize::Time(length) => Span::Time((nanos(length) / BUCKETS as u64).max(1)),
        };
        Self {
            span,
            slow_after: settings.slow_call_duration(),
            abandoned_after: settings.abandoned_after(),
            timing: Timing::of(settings),
        }
    }
}

/// The successes of a quiet branch. For a count window the first place is their number; for a
/// time window each place is a bucket, the epoch modulo their number its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quiet {
    counts: [u16; BUCKETS],
}

impl Quiet {
    pub(super) const EMPTY: Self = Self {
        counts: [0; BUCKETS],
    };

    /// Time has gone on from `before` to `now`: clears the buckets that left.
    pub(super) fn roll(&mut self, span: Span, before: Tick, now: Tick) {
        let Span::Time(width) = span else { return };
        let (old, new) = (before.as_nanos() / width, now.as_nanos() / width);
        let left = usize::try_from(new.saturating_sub(old)).unwrap_or(BUCKETS);
        if left >= BUCKETS {
            self.counts = [0; BUCKETS];
            return;
        }
        for epoch in (0..left as u64).map(|n| old + 1 + n) {
            self.counts[place(epoch)] = 0;
        }
    }

    /// One success at `now`, to which the branch was rolled. `false`: a bucket is full, and
    /// nothing was recorded.
    pub(super) fn succeed(&mut self, span: Span, now: Tick) -> bool {
        match span {
            Span::None => true,
            Span::Calls(calls) => {
                self.counts[0] = self.counts[0].saturating_add(1).min(calls);
                true
            }
            Span::Time(width) => {
                let count = &mut self.counts[place(now.as_nanos() / width)];
                let next = count.checked_add(1);
                *count = next.unwrap_or(*count);
                next.is_some()
            }
        }
    }

    /// What a window begins with, for a branch that was rolled to `now`.
    pub(super) fn successes(&self, span: Span, now: Tick) -> Successes {
        match span {
            Span::None => Successes::default(),
            Span::Calls(_) => Successes {
                calls: u64::from(self.counts[0]),
                since: Vec::new(),
            },
            Span::Time(width) => {
                let newest = now.as_nanos() / width;
                let oldest = newest.saturating_sub(BUCKETS as u64 - 1);
                let buckets = (oldest..=newest)
                    .map(|epoch| (epoch, self.counts[place(epoch)]))
                    .filter(|(_, count)| *count > 0);
                let since = buckets
                    .map(|(epoch, count)| (Tick::from_nanos(epoch * width), u64::from(count)))
                    .collect();
                Successes { calls: 0, since }
            }
        }
    }

    /// What a window left behind; `None` if it does not fit.
    pub(super) fn of(successes: &Successes, span: Span, now: Tick) -> Option<Self> {
        let mut quiet = Self::EMPTY;
        match span {
            Span::None => {}
            Span::Calls(calls) => {
                quiet.counts[0] = u16::try_from(successes.calls).ok()?.min(calls);
            }
            Span::Time(width) => {
                let newest = now.as_nanos() / width;
                for (since, count) in &successes.since {
                    let epoch = since.as_nanos() / width;
                    if epoch + (BUCKETS as u64) > newest && epoch <= newest {
                        let place = &mut quiet.counts[place(epoch)];
                        *place = place.checked_add(u16::try_from(*count).ok()?)?;
                    }
                }
            }
        }
        Some(quiet)
    }
}

fn place(epoch: u64) -> usize {
    // Less than the number of buckets.
    #[allow(clippy::cast_possible_truncation)]
    let place = (epoch % BUCKETS as u64) as usize;
    place
}
