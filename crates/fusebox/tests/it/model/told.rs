//! What the breaker is expected to answer and to tell, in plain values.

use fusebox::{Cause, HoldKind, Reason, State};
use std::time::Duration;

/// The answer to a call that asks to be admitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Answer {
    Admitted,
    Rejected(Reason, Option<Duration>),
}

/// What a settlement does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fate {
    Recorded,
    Late,
    Uncounted,
}

/// An event that has to come, with every cause that would be right.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    Transition {
        from: State,
        to: State,
        causes: Vec<Cause>,
    },
    HoldSet(HoldKind),
    HoldEnded {
        kind: HoldKind,
        expired: bool,
    },
    Reset,
    SettingsChanged,
    WouldOpen {
        causes: Vec<Cause>,
    },
}

/// An expected event and its instant in nanoseconds. An optional one need not come: the rules
/// leave the breaker the choice (a call aged between 0.9 D and D decides).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expected {
    pub(crate) at: u64,
    pub(crate) told: Told,
    pub(crate) optional: bool,
}

/// What a call ended with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Said {
    Success,
    Failure,
    Ignored,
}

/// How the ending of a call reads in the rules.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    pub(crate) said: Said,
    /// `None`: the time since it began.
    pub(crate) took: Option<Duration>,
    pub(crate) retry_after: Option<Duration>,
}

/// Sums since the start.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sum {
    pub(crate) success: u64,
    pub(crate) failure: u64,
    pub(crate) ignored: u64,
    pub(crate) slow: u64,
    pub(crate) late: u64,
    pub(crate) dropped: u64,
    pub(crate) dropped_late: u64,
    pub(crate) rejected: [u64; 5],
    pub(crate) transitions: u64,
    pub(crate) trials_succeeded: u64,
    pub(crate) trials_failed: u64,
    pub(crate) trials_timed_out: u64,
}
