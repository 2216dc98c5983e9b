//! The recorded calls of one generation, every one of them kept, and what of them may count.

use super::plan::{Plan, Span};
use fusebox::Cause;
use std::time::Duration;

/// One recorded outcome.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recorded {
    pub(crate) at: u64,
    pub(crate) failed: bool,
    pub(crate) slow: bool,
    /// How many changes of settings came before it.
    era: usize,
    /// A change of settings may have forgotten it.
    doubtful: bool,
}

/// Sums over the calls that count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sums {
    pub(crate) calls: u64,
    pub(crate) failures: u64,
    pub(crate) slow: u64,
}

impl Sums {
    fn of(counted: &[Recorded]) -> Self {
        Self {
            calls: counted.len() as u64,
            failures: counted.iter().filter(|call| call.failed).count() as u64,
            slow: counted.iter().filter(|call| call.slow).count() as u64,
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            failures: self.failures + other.failures,
            slow: self.slow + other.slow,
        }
    }
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

/// All recorded calls, oldest first. Of those recorded between two changes of settings, the
/// ones that count are the newest, from some first call on; where the rules leave room, from one
/// of several.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    recorded: Vec<Recorded>,
    era: usize,
}

impl Window {
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn record(&mut self, at: u64, failed: bool, slow: bool) {
        let era = self.era;
        self.recorded.push(Recorded {
            at,
            failed,
            slow,
            era,
            doubtful: false,
        });
    }

    /// Every sum that the rules allow now.
    pub(crate) fn possible(&self, plan: &Plan, now: u64) -> Vec<Sums> {
        if !plan.reads_window() {
            return vec![Sums::default()];
        }
        let recorded = match plan.span {
            Span::Calls(n) => {
                let start = self.recorded.len().saturating_sub(n as usize);
                &self.recorded[start..]
            }
            Span::Time(_) => &self.recorded[..],
        };
        let mut possible = vec![Sums::default()];
        for era in recorded.chunk_by(|a, b| a.era == b.era) {
            let (may, must) = starts(era, plan.span, now);
            let sums: Vec<Sums> = (may..=must).map(|start| Sums::of(&era[start..])).collect();
            let add = |before: &Sums| sums.iter().map(|s| before.and(*s)).collect::<Vec<_>>();
            possible = possible.iter().flat_map(add).collect();
            possible.sort_unstable();
            possible.dedup();
        }
        possible
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
    pub(crate) fn refit(&mut self, old: &Plan, new: &Plan, now: u64) {
        self.era += 1;
        match (old.span, new.span) {
            (Span::Calls(n), Span::Calls(m)) => {
                let kept = n.min(m) as usize;
                let forgotten = self.recorded.len().saturating_sub(kept);
                self.recorded.drain(..forgotten);
            }
            // A longer one: all that the shorter one had to hold. A window need not know its
            // calls finer than its own length asks, so what a shorter one keeps is its choice.
            (Span::Time(d), Span::Time(e)) if d != e => {
                for call in &mut self.recorded {
                    call.doubtful |= e < d || now - call.at >= nine_tenths(d);
                }
            }
            (Span::Time(_), Span::Time(_)) => {}
            _ => self.clear(),
        }
        if !old.reads_window() || !new.reads_window() {
            self.recorded
                .iter_mut()
                .for_each(|call| call.doubtful = true);
        }
    }

    /// The first instant from `target` on at which no recorded call is aged between 0.9 D and
    /// D, where a time window may count it or not.
    pub(crate) fn clear_of_the_zone(&self, span: Span, mut target: u64) -> u64 {
        let Span::Time(d) = span else { return target };
        let (least, d) = (nine_tenths(d), d.as_nanos() as u64);
        let in_zone = |at: u64, now: u64| (least..d).contains(&now.saturating_sub(at));
        while let Some(call) = self.recorded.iter().find(|call| in_zone(call.at, target)) {
            target = call.at + d;
        }
        target
    }
}

fn nine_tenths(d: Duration) -> u64 {
    d.as_nanos() as u64 / 10 * 9
}

/// The first call that may count and the first that must (R4, R5), of one era.
fn starts(era: &[Recorded], span: Span, now: u64) -> (usize, usize) {
    let first =
        |counts: &dyn Fn(&Recorded) -> bool| era.iter().position(counts).unwrap_or(era.len());
    match span {
        Span::Calls(_) => (0, first(&|call| !call.doubtful)),
        Span::Time(d) => (
            first(&|call| now - call.at < d.as_nanos() as u64),
            first(&|call| !call.doubtful && now - call.at < nine_tenths(d)),
        ),
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
