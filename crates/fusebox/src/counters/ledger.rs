//! Life counters of a circuit: what happened since the start, summed when read.

use super::cells::Cells;
use crate::clock::Tick;
use crate::outcome::{FailureClass, Outcome};
use crate::rejection::Reason;
use crate::sync::{AtomicU64, Ordering};

/// Counts since the start of a circuit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Recorded successes.
    pub success: u64,
    /// Recorded failures.
    pub failure: u64,
    /// The same by [`FailureClass`] as a number.
    pub failures_by_class: [u64; 6],
    /// Calls that said nothing about the dependency.
    pub ignored: u64,
    /// Successes and failures that took longer than the slow-call limit.
    pub slow: u64,
    /// Outcomes that came late (R12); in none of the four above.
    pub late: u64,
    /// Permits dropped unsettled (R11), whatever they then counted as.
    pub abandoned: u64,
    /// Calls that were not admitted, by [`Reason`] as a number.
    pub rejected: [u64; 5],
}

impl Totals {
    /// Calls that were not admitted for this reason.
    pub const fn rejected(&self, reason: Reason) -> u64 {
        self.rejected[reason as usize]
    }

    /// Recorded failures of this class.
    pub const fn failures(&self, class: FailureClass) -> u64 {
        self.failures_by_class[class as usize]
    }

    /// Calls that were not admitted.
    pub fn rejected_total(&self) -> u64 {
        self.rejected.iter().sum()
    }
}

/// One thread's counts, on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Account {
    success: AtomicU64,
    failures: [AtomicU64; 6],
    ignored: AtomicU64,
    slow: AtomicU64,
    late: AtomicU64,
    abandoned: AtomicU64,
    rejected: [AtomicU64; 5],
}

/// Adds one. A plain load and store: the cell has one writer. Relaxed: these are counts for
/// people, no decision reads them.
#[inline]
fn count(counter: &AtomicU64) {
    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

#[derive(Debug)]
pub(crate) struct Ledger {
    accounts: Cells<Account>,
    counts_calls: bool,
    /// In nanoseconds, `NEVER` for none. One for all threads: a failure writes to the state word,
    /// which they share, as well.
    last_failure: AtomicU64,
}

impl Ledger {
    pub(crate) fn new(counts_calls: bool) -> Self {
        Self {
            accounts: Cells::new(),
            counts_calls,
            last_failure: AtomicU64::new(Tick::NEVER.as_nanos()),
        }
    }

    /// `at` is read for failures only.
    #[inline]
    pub(crate) fn recorded(&self, outcome: Outcome, slow: bool, at: Tick) {
        if !self.counts_calls {
            return;
        }
        if let Outcome::Failure(_) = outcome {
            self.note_failure(at);
        }
        self.accounts.with_mine(|account| {
            count(match outcome {
                Outcome::Success => &account.success,
                Outcome::Failure(class) => &account.failures[class as usize],
                Outcome::Ignored => &account.ignored,
            });
            if slow {
                count(&account.slow);
            }
        });
    }

    /// A quick success, by the thread of this number.
    #[inline]
    pub(crate) fn succeeded(&self, slot: usize) {
        if self.counts_calls {
            count(&self.accounts.of(slot).success);
        }
    }

    /// A failure that was not slow, at `at`, by the thread of this number.
    #[inline]
    pub(crate) fn failed(&self, slot: usize, class: Option<FailureClass>, at: Tick) {
        if let (true, Some(class)) = (self.counts_calls, class) {
            self.note_failure(at);
            count(&self.accounts.of(slot).failures[class as usize]);
        }
    }

    /// Relaxed: it is for people, as the counts are. Where the clock is a coarse one (Linux) it
    /// stands still for a while, and so does the cache line that all threads read.
    #[inline]
    fn note_failure(&self, at: Tick) {
        if self.last_failure.load(Ordering::Relaxed) != at.as_nanos() {
            self.last_failure.store(at.as_nanos(), Ordering::Relaxed);
        }
    }

    /// When the last failure was recorded, since the start or since it was forgotten.
    pub(crate) fn last_failure(&self) -> Option<Tick> {
        let at = Tick::from_nanos(self.last_failure.load(Ordering::Relaxed));
        (at != Tick::NEVER).then_some(at)
    }

    pub(crate) fn forget_last_failure(&self) {
        let none = Tick::NEVER.as_nanos();
        self.last_failure.store(none, Ordering::Relaxed);
    }

    pub(crate) fn late(&self) {
        self.accounts.with_mine(|account| count(&account.late));
    }

    pub(crate) fn abandoned(&self) {
        self.accounts.with_mine(|account| count(&account.abandoned));
    }

    #[inline]
    pub(crate) fn rejected(&self, reason: Reason) {
        self.accounts
            .with_mine(|account| count(&account.rejected[reason as usize]));
    }

    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        for account in self.accounts.iter() {
            totals.success += read(&account.success);
            for (sum, counter) in totals.failures_by_class.iter_mut().zip(&account.failures) {
                *sum += read(counter);
            }
            totals.ignored += read(&account.ignored);
            totals.slow += read(&account.slow);
            totals.late += read(&account.late);
            totals.abandoned += read(&account.abandoned);
            for (sum, counter) in totals.rejected.iter_mut().zip(&account.rejected) {
                *sum += read(counter);
            }
        }
        totals.failure = totals.failures_by_class.iter().sum();
        totals
    }
}
