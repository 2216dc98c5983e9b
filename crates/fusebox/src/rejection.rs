//! The typed answer of a breaker that does not admit.

use crate::clock::Tick;
use std::fmt;
use std::time::Duration;

/// Why a call was not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Reason {
    /// The circuit is open.
    Open = 0,
    /// All trial places are taken.
    HalfOpen = 1,
    /// The share of admitted calls still grows after a close.
    Ramp = 2,
    /// The main breaker is open.
    Main = 3,
    /// An operator holds the circuit open.
    ForcedOpen = 4,
}

impl Reason {
    /// Every reason, in the order of its number.
    pub const ALL: [Self; 5] = [
        Self::Open,
        Self::HalfOpen,
        Self::Ramp,
        Self::Main,
        Self::ForcedOpen,
    ];

    /// The reason as a word: `open`, `half_open`, `ramp`, `main`, `forced_open`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::Ramp => "ramp",
            Self::Main => "main",
            Self::ForcedOpen => "forced_open",
        }
    }
}

/// A call was not admitted. Copied, 16 bytes, without strings: rejecting costs nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Rejection {
    /// `u64::MAX` stands for "nobody knows".
    retry_after_nanos: u64,
    reason: Reason,
}

impl Rejection {
    /// Nobody knows until when.
    pub(crate) fn new(reason: Reason) -> Self {
        Self {
            retry_after_nanos: u64::MAX,
            reason,
        }
    }

    /// Until an instant; nobody knows it where it is [`Tick::NEVER`].
    pub(crate) fn until(until: Tick, now: Tick, reason: Reason) -> Self {
        let left = until.as_nanos().saturating_sub(now.as_nanos());
        let never = until == Tick::NEVER;
        Self {
            retry_after_nanos: if never { u64::MAX } else { left },
            reason,
        }
    }

    /// The reason's number and the wait, for [`from_parts`](Self::from_parts).
    pub(crate) fn into_parts(self) -> (u32, u64) {
        (self.reason as u32, self.retry_after_nanos)
    }

    #[inline]
    pub(crate) fn from_parts(reason: u32, retry_after_nanos: u64) -> Self {
        let reason = Reason::ALL.get(reason as usize).copied();
        // Not met: `into_parts` gives no other number.
        let reason = reason.unwrap_or(Reason::ForcedOpen);
        Self {
            retry_after_nanos,
            reason,
        }
    }

    /// Why.
    pub const fn reason(self) -> Reason {
        self.reason
    }

    /// The same with the shorter of both waits: for who would have taken either way.
    #[must_use]
    pub const fn or_sooner(self, other: Self) -> Self {
        let is_sooner = other.retry_after_nanos < self.retry_after_nanos;
        Self {
            retry_after_nanos: if is_sooner {
                other.retry_after_nanos
            } else {
                self.retry_after_nanos
            },
            reason: self.reason,
        }
    }

    /// When to try again at the earliest; `None` where no time can be told (a manual recovery,
    /// a ramp, a hold without expiry).
    pub const fn retry_after(self) -> Option<Duration> {
        match self.retry_after_nanos {
            u64::MAX => None,
            nanos => Some(Duration::from_nanos(nanos)),
        }
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection")
            .field("reason", &self.reason)
            .field("retry_after", &self.retry_after())
            .finish()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reason {
            Reason::Open => "the circuit is open",
            Reason::HalfOpen => "the circuit is half-open and its trial places are taken",
            Reason::Ramp => "the circuit has just closed and admits only a share of the calls",
            Reason::Main => "the main breaker is open",
            Reason::ForcedOpen => "the circuit is held open",
        })?;
        match self.retry_after() {
            Some(after) => write!(f, "; try again in {:.1} s", after.as_secs_f64()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Rejection {}

/// What a protected call can end with besides its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError<E> {
    /// The call was not made.
    Rejected(Rejection),
    /// The call was made and failed with its own error.
    Failed(E),
}

impl<E> CallError<E> {
    /// The call's own error, if it was made.
    pub fn into_failed(self) -> Option<E> {
        match self {
            Self::Rejected(_) => None,
            Self::Failed(error) => Some(error),
        }
    }

    /// The rejection, if the call was not made.
    pub const fn rejection(&self) -> Option<Rejection> {
        match self {
            Self::Rejected(rejection) => Some(*rejection),
            Self::Failed(_) => None,
        }
    }
}

impl<E> From<Rejection> for CallError<E> {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl<E: fmt::Display> fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejection) => rejection.fmt(f),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for CallError<E> {
    /// Both cases speak with the voice of what they hold, so the source is that one's source.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Rejected(rejection) => rejection.source(),
            Self::Failed(error) => error.source(),
        }
    }
}
