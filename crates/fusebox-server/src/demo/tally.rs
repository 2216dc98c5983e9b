//! What the demo's clients saw, counted by themselves.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// How one call ended, seen from its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The service answered well.
    Served,
    /// An error: the service's own, or the gateway's word that it could not be reached in time.
    Failed,
    /// The breaker rejected the call, and the client was told.
    Rejected,
    /// The breaker rejected the call, and the client got the fallback.
    RejectedFallback,
    /// The call was let through and failed, and the client got the fallback.
    FailedFallback,
    /// No answer at all.
    None,
}

impl Answer {
    const COUNT: usize = 6;
}

/// Counts of one circuit's clients, since the start.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    always: Counters,
    /// Only of calls sent while the service was in trouble.
    in_trouble: Counters,
    trouble: AtomicBool,
}

#[derive(Debug, Default)]
struct Counters {
    sent: AtomicU64,
    answers: [AtomicU64; Answer::COUNT],
}

/// A call on its way.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub(crate) struct Sent {
    in_trouble: bool,
}

impl Tally {
    /// From now on calls are counted as sent into trouble, or not.
    pub(crate) fn set_trouble(&self, trouble: bool) {
        self.trouble.store(trouble, Relaxed);
    }

    pub(crate) fn in_trouble(&self) -> bool {
        self.trouble.load(Relaxed)
    }

    pub(crate) fn send(&self) -> Sent {
        let in_trouble = self.in_trouble();
        self.always.sent.fetch_add(1, Relaxed);
        if in_trouble {
            self.in_trouble.sent.fetch_add(1, Relaxed);
        }
        Sent { in_trouble }
    }

    pub(crate) fn answered(&self, sent: Sent, answer: Answer) {
        self.always.answers[answer as usize].fetch_add(1, Relaxed);
        if sent.in_trouble {
            self.in_trouble.answers[answer as usize].fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.always.read()
    }

    /// Only of calls sent while the service was in trouble.
    pub(crate) fn trouble_counts(&self) -> Counts {
        self.in_trouble.read()
    }
}

impl Counters {
    fn read(&self) -> Counts {
        let of = |answer: Answer| self.answers[answer as usize].load(Relaxed);
        Counts {
            served: of(Answer::Served),
            failed: of(Answer::Failed),
            rejected: of(Answer::Rejected),
            rejected_fallback: of(Answer::RejectedFallback),
            failed_fallback: of(Answer::FailedFallback),
            none: of(Answer::None),
            sent: self.sent.load(Relaxed),
        }
    }
}

/// A reading of a tally. Calls on their way are sent, but not answered yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) sent: u64,
    pub(crate) served: u64,
    pub(crate) failed: u64,
    pub(crate) rejected: u64,
    pub(crate) rejected_fallback: u64,
    pub(crate) failed_fallback: u64,
    pub(crate) none: u64,
}

impl Counts {
    /// Calls the breaker kept away from the service, whatever their clients got instead.
    pub(crate) fn kept_away(&self) -> u64 {
        self.rejected + self.rejected_fallback
    }

    /// Answers that came from the fallback.
    pub(crate) fn fallbacks(&self) -> u64 {
        self.rejected_fallback + self.failed_fallback
    }

    /// Calls that went on to the service.
    pub(crate) fn let_through(&self) -> u64 {
        self.sent.saturating_sub(self.kept_away())
    }

    /// Calls that were let through and went wrong, whatever their clients got instead.
    pub(crate) fn not_served(&self) -> u64 {
        self.failed + self.failed_fallback + self.none
    }

    /// Calls that got an answer of any kind.
    pub(crate) fn answered(&self) -> u64 {
        self.served + self.failed + self.kept_away() + self.failed_fallback
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_sent_into_trouble_are_counted_twice_even_if_answered_after_it() {
        let tally = Tally::default();
        let before = tally.send();
        tally.set_trouble(true);
        let during = tally.send();
        tally.set_trouble(false);
        tally.answered(before, Answer::Served);
        tally.answered(during, Answer::RejectedFallback);

        let all = tally.counts();
        assert_eq!(
            (all.sent, all.served, all.kept_away(), all.fallbacks()),
            (2, 1, 1, 1)
        );
        assert_eq!((all.let_through(), all.answered()), (1, 2));
        let trouble = tally.trouble_counts();
        assert_eq!(
            (trouble.sent, trouble.served, trouble.kept_away()),
            (1, 0, 1)
        );
        assert_eq!(trouble.let_through(), 0);
    }
}
