//! The recorded calls of one generation, every one of them kept, and what of them may count.

use super::plan::{Plan, Span};
use fusebox::Cause;

/// One recorded outcome.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recorded {
    pub(crate) at: u64,
    pub(crate) failed: bool,
    pub(crate) slow: bool,
}

/// Sums over the calls that count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) calls: u64,
    pub(crate) failures: u64,
    pub(crate) slow: u64,
}

/// Whether the policies open the circuit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Every reading of the rules opens, for one of these causes.
    Opens(Vec<Cause>),
    /// The rules leave the choice; if it opens, for one of these causes.
    MayOpen(Vec<Cause>),
    /// No reading opens.
    Stays,
}

/// All recorded calls, oldest first. Those that count are always the newest ones, from some
/// first call on; where the rules leave room, from one of several.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    recorded: Vec<Recorded>,
    /// Calls before this one may have been forgotten by a change of settings.
    certain_from: usize,
}

impl Window {
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn record(&mut self, call: Recorded) {
        self.recorded.push(call);
    }

    /// The first call that may count and the first that must (R4, R5).
    fn starts(&self, span: Span, now: u64) -> (usize, usize) {
        let (may, must) = match span {
            Span::Calls(n) => {
                let start = self.recorded.len().saturating_sub(n as usize);
                (start, start)
            }
            Span::Time(d) => {
                let d = d.as_nanos() as u64;
                let first = |limit: u64| {
                    self.recorded
                        .iter()
                        .position(|c| now - c.at < limit)
                        .unwrap_or(self.recorded.len())
                };
                (first(d), first(d / 10 * 9))
            }
        };
        (may, must.max(self.certain_from))
    }

    /// Every sum that the rules allow now.
    pub(crate) fn possible(&self, plan: &Plan, now: u64) -> Vec<Sums> {
        if !plan.reads_window() {
            return vec![Sums::default()];
        }
        let (may, must) = self.starts(plan.span, now);
        (may..=must).map(|start| self.sums(start)).collect()
    }

    fn sums(&self, start: usize) -> Sums {
        let counted = &self.recorded[start..];
        Sums {
            calls: counted.len() as u64,
            failures: counted.iter().filter(|call| call.failed).count() as u64,
            slow: counted.iter().filter(|call| call.slow).count() as u64,
        }
    }

    /// What the policies say of the calls that count and of the run (R2, R3).
    pub(crate) fn verdict(&self, plan: &Plan, run: u32, now: u64) -> Verdict {
        let readings: Vec<Vec<Cause>> = self
            .possible(plan, now)
            .into_iter()
            .map(|sums| causes(plan, sums, run))
            .collect();
        let all = readings.iter().all(|causes| !causes.is_empty());
        let union: Vec<Cause> = readings.into_iter().flatten().collect();
        match (all, union.is_empty()) {
            (_, true) => Verdict::Stays,
            (true, false) => Verdict::Opens(union),
            (false, false) => Verdict::MayOpen(union),
        }
    }

    /// R21: a window whose unit did not change keeps what still fits.
    pub(crate) fn refit(&mut self, old: &Plan, new: &Plan) {
        match (old.span, new.span) {
            (Span::Calls(n), Span::Calls(m)) => {
                let kept = n.min(m) as usize;
                let drop = self.recorded.len().saturating_sub(kept);
                self.recorded.drain(..drop);
                self.certain_from = self.certain_from.saturating_sub(drop);
            }
            (Span::Time(d), Span::Time(e)) if d == e => {}
            // A window need not know its calls finer than the rule asks: how many of the old
            // ones are kept is its own choice.
            (Span::Time(_), Span::Time(_)) => self.certain_from = self.recorded.len(),
            _ => self.clear(),
        }
        if !old.reads_window() || !new.reads_window() {
            self.certain_from = self.recorded.len();
        }
    }

    /// The first instant from `target` on at which no recorded call is aged between 0.9 D and
    /// D, where a time window may count it or not.
    pub(crate) fn clear_of_the_zone(&self, span: Span, mut target: u64) -> u64 {
        let Span::Time(d) = span else { return target };
        let d = d.as_nanos() as u64;
        let in_zone = |at: u64, now: u64| (d / 10 * 9..d).contains(&now.saturating_sub(at));
        while let Some(call) = self.recorded.iter().find(|call| in_zone(call.at, target)) {
            target = call.at + d;
        }
        target
    }
}

fn causes(plan: &Plan, sums: Sums, run: u32) -> Vec<Cause> {
    let reached = |rate: u32, part: u64| {
        sums.calls >= u64::from(plan.minimum_calls)
            && u128::from(part) * 1_000_000 >= u128::from(rate) * u128::from(sums.calls)
    };
    let mut causes = Vec::new();
    if plan.consecutive_failures.is_some_and(|n| run >= n) {
        causes.push(Cause::ConsecutiveFailures);
    }
    if plan
        .failure_rate
        .is_some_and(|rate| reached(rate, sums.failures))
    {
        causes.push(Cause::FailureRate);
    }
    if plan
        .failure_count
        .is_some_and(|n| sums.failures >= u64::from(n))
    {
        causes.push(Cause::FailureCount);
    }
    if plan
        .slow_calls
        .is_some_and(|(rate, _)| reached(rate, sums.slow))
    {
        causes.push(Cause::SlowCallRate);
    }
    causes
}
