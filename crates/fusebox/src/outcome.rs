//! What became of a call, in the breaker's words.

use crate::word::UnknownWord;
use std::time::Duration;

/// How a call ended, as a classifier sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The dependency did its work.
    Success,
    /// The dependency failed.
    Failure(FailureClass),
    /// The call says nothing about the dependency: it enters no window and no run.
    Ignored,
}

/// The kind of a failure, for evidence and metrics; all kinds weigh the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureClass {
    /// No connection could be made.
    Connect,
    /// No answer in time.
    Timeout,
    /// The connection broke before the answer was whole.
    Reset,
    /// An answer that says that the dependency failed (HTTP 5xx).
    Status,
    /// The caller's own code failed or panicked.
    Caller,
    /// Anything else.
    Other,
}

impl FailureClass {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::Connect,
        Self::Timeout,
        Self::Reset,
        Self::Status,
        Self::Caller,
        Self::Other,
    ];

    /// The class as a word: `connect`, `timeout`, `reset`, `status`, `caller`, `other`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::Status => "status",
            Self::Caller => "caller",
            Self::Other => "other",
        }
    }
}

impl std::str::FromStr for FailureClass {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let named = Self::ALL.into_iter().find(|class| class.as_str() == text);
        named.ok_or(UnknownWord(
            "connect, timeout, reset, status, caller and other",
        ))
    }
}

/// What a settlement did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The outcome was recorded and judged.
    Recorded,
    /// The call was late (R12): its generation is over or its trial was judged already.
    Late,
    /// The call began or ended while the breaker was disabled: it counts nowhere.
    Uncounted,
}

/// An outcome with what else is known of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    pub(crate) outcome: Outcome,
    pub(crate) took: Option<Duration>,
    pub(crate) retry_after: Option<Duration>,
}

impl Settlement {
    /// An outcome alone: the duration is the time since admission.
    pub const fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            took: None,
            retry_after: None,
        }
    }

    /// How long the call took, where the caller knows better than the time since admission.
    #[must_use]
    pub const fn took(mut self, took: Duration) -> Self {
        self.took = Some(took);
        self
    }

    /// How long the dependency asked to be left alone; lengthens an opening that this outcome
    /// decides (R13).
    #[must_use]
    pub const fn retry_after(mut self, retry_after: Duration) -> Self {
        self.retry_after = Some(retry_after);
        self
    }
}
