//! What is set for one circuit, checked and complete.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use fusebox::{FailureClass, Outcome};
use http::{HeaderMap, StatusCode};

use super::branch::Branch;
use super::queue::CircuitQueue;
use super::upstream::Upstream;

/// The longest body that can be sent again, to the next circuit: more than a prompt or a form has,
/// and little enough for many calls at once.
const NEXT_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Everything that is set for one circuit.
#[derive(Clone, Debug, PartialEq)]
pub struct CircuitSettings {
    /// Its name.
    pub name: String,
    /// Where its calls go.
    pub upstream: Upstream,
    /// The longest a call may take, from the first byte in to the last byte out.
    pub timeout: Duration,
    /// The longest that connecting may take.
    pub connect_timeout: Duration,
    /// The longest until the head of the answer is there; `None`: only `timeout` counts.
    pub head_timeout: Option<Duration>,
    /// The paths it takes: this one and all below it. `/` takes all.
    pub path: String,
    /// Whether `path` is taken off before the call is sent on.
    pub strip_path: bool,
    /// The only host it takes, in lower case; `None`: any.
    pub host: Option<String>,
    /// 1 critical: an open circuit degrades the health of the whole; 2 and 3 do not.
    pub priority: u8,
    /// What a caller gets instead of an answer.
    pub when_unavailable: WhenUnavailable,
    /// The troubles that the fallback or the next circuit answers. Empty exactly where
    /// `when_unavailable` is neither `Fallback` nor `Next`.
    pub fallback_on: Vec<Trouble>,
    /// The circuits that are tried in turn. Empty exactly where `when_unavailable` is not `Next`.
    pub next: Vec<String>,
    /// Whether a call that the first one may have carried out is made again through the next one,
    /// also where it says nothing of being repeatable.
    pub next_uncertain: bool,
    /// Statuses that are judged otherwise than by default.
    pub classify: Vec<(StatusPattern, Outcome)>,
    /// A body longer than this is a success at its head already (R1).
    pub settle_after: Duration,
    /// Whether its opening opens the main breaker (R18).
    pub trips_main: bool,
    /// The breaker's own settings.
    pub breaker: fusebox::Settings,
    /// Whether each key is judged apart (R19), and how.
    pub branch: Option<Branch>,
    /// The answer given in place of the upstream's. Set exactly where `when_unavailable` is
    /// `Fallback`.
    pub fallback: Option<Fallback>,
    /// Where calls wait for the upstream. Set exactly where `when_unavailable` is `Queue`.
    pub queue: Option<CircuitQueue>,
}

impl CircuitSettings {
    /// How many bytes of a call's body are held until the call is answered; `None`: bodies are
    /// streamed.
    pub fn held_bytes_max(&self) -> Option<u64> {
        let queue = self.queue.as_ref();
        let next = (!self.next.is_empty()).then_some(NEXT_BYTES_MAX);
        queue.map(|queue| queue.settings.message_bytes_max).or(next)
    }

    /// How an answer with this status is judged: as `classify` says, else the default.
    pub fn outcome_of(&self, status: u16) -> Outcome {
        let classified = self.classified(status);
        classified.unwrap_or_else(|| fusebox::classify::status(status))
    }

    /// What `classify` says of this status: an exact pattern before a class.
    pub fn classified(&self, status: u16) -> Option<Outcome> {
        let exact = self
            .classify
            .iter()
            .find(|(pattern, _)| *pattern == StatusPattern::Exact(status));
        let class = || {
            self.classify
                .iter()
                .find(|(pattern, _)| pattern.matches(status))
        };
        exact.or_else(class).map(|(_, outcome)| *outcome)
    }
}

/// What happens to a call that gets no usable answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenUnavailable {
    /// The caller is told so.
    Reject,
    /// The caller gets the fallback.
    Fallback,
    /// The call is kept, and delivered when the upstream takes it.
    Queue,
    /// The call is made through other circuits, one after another.
    Next,
}

impl WhenUnavailable {
    /// The word used in the settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reject => "reject",
            Self::Fallback => "fallback",
            Self::Queue => "queue",
            Self::Next => "next",
        }
    }
}

/// Why a call has no usable answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// The breaker did not admit it.
    Rejected,
    /// The upstream could not be connected to.
    Connect,
    /// It took too long.
    Timeout,
    /// The upstream broke off, or answered what is not HTTP.
    Reset,
    /// The upstream answered with a 5xx status.
    Status5xx,
}

impl Trouble {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::Rejected,
        Self::Connect,
        Self::Timeout,
        Self::Reset,
        Self::Status5xx,
    ];

    /// The word used in the settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::Status5xx => "5xx",
        }
    }
}

/// A status, or a class of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatusPattern {
    /// One status.
    Exact(u16),
    /// The statuses with this first digit.
    Class(u8),
}

impl StatusPattern {
    /// Reads `429` or `5xx`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(digit) = text.strip_suffix("xx") {
            let class = digit.parse().ok().filter(|class| (1..=5).contains(class))?;
            return (digit.len() == 1).then_some(Self::Class(class));
        }
        let digits = text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|status| digits && (100..=599).contains(status))
            .map(Self::Exact)
    }

    fn matches(self, status: u16) -> bool {
        match self {
            Self::Exact(exact) => exact == status,
            Self::Class(class) => u16::from(class) == status / 100,
        }
    }
}

impl fmt::Display for StatusPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(status) => write!(f, "{status}"),
            Self::Class(class) => write!(f, "{class}xx"),
        }
    }
}

/// Reads the word for an outcome. A failure by status is of class `status`.
pub(super) fn outcome(word: &str) -> Option<Outcome> {
    match word {
        "failure" => Some(Outcome::Failure(FailureClass::Status)),
        "ignored" => Some(Outcome::Ignored),
        "success" => Some(Outcome::Success),
        _ => None,
    }
}

/// The answer given in place of the upstream's.
#[derive(Clone, Debug, PartialEq)]
pub struct Fallback {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, `content-type` among them where there is a body.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}
