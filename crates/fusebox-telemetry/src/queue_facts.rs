//! What hosts know of their queues: the metrics `fusebox_queue_*` with the label `queue`.

use std::time::Duration;

use crate::facts::{Described, described, word};
use crate::family::Kind::{Counter, Gauge};
use crate::family::Value::{self, Real, Whole};
use crate::family::{Own, Word};

/// One number of one queue. Each variant says the metric that it becomes.
///
/// Words are `'static` here, too, and bounded as those of a [`Fact`](crate::Fact) are. The name of
/// the queue is the host's: it names as many queues as it has, and none by a key.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum QueueFact {
    /// `fusebox_queue_depth{state}`: messages that are there.
    Depth {
        /// `waiting`, `leased` (being sent), or `dead`.
        state: &'static str,
        /// How many.
        messages: u64,
    },
    /// `fusebox_queue_bytes`: their bytes.
    Bytes(u64),
    /// `fusebox_queue_oldest_age_seconds`: for how long the oldest of those that wait has waited.
    OldestAge(Duration),
    /// `fusebox_queue_limit_messages`: how many messages it takes.
    LimitMessages(u64),
    /// `fusebox_queue_limit_bytes`: how many bytes it takes.
    LimitBytes(u64),
    /// `fusebox_queue_paused`: whether it is paused, by itself or with all others.
    Paused(bool),
    /// `fusebox_queue_paused_groups`: groups of it that are paused.
    PausedGroups(u64),
    /// `fusebox_queue_stranded`: messages that nobody delivers any more, since what delivered them
    /// is gone from the settings. Told of such queues only.
    Stranded(u64),
    /// `fusebox_queue_pushed_total`: messages that were taken, without repeats.
    Pushed(u64),
    /// `fusebox_queue_rejected_total{reason}`: pushes that were refused.
    Rejected {
        /// Why.
        reason: &'static str,
        /// How many.
        count: u64,
    },
    /// `fusebox_queue_delivered_total`: messages that arrived.
    Delivered(u64),
    /// `fusebox_queue_failed_total`: attempts of the relay that failed.
    Failed(u64),
    /// `fusebox_queue_retries_total`: attempts that failed and are made again.
    Retries(u64),
    /// `fusebox_queue_deferred_total`: messages that were given back unsent.
    Deferred(u64),
    /// `fusebox_queue_crashed_total`: leases whose sender went away without a word.
    Crashed(u64),
    /// `fusebox_queue_dead_letters_total{reason}`: messages that became dead letters.
    DeadLetters {
        /// Why.
        reason: &'static str,
        /// How many.
        count: u64,
    },
    /// `fusebox_queue_drain_rate`: messages a second that the relay may send now.
    DrainRate(f64),
}

/// All of them, in the order in which they are written.
pub(crate) const DESCRIBED: &[Described] = &[
    described(
        DEPTH,
        Gauge,
        "Messages in the queue: waiting, leased or dead.",
    ),
    described(BYTES, Gauge, "Bytes of the messages, dead ones included."),
    described(
        OLDEST,
        Gauge,
        "Age of the oldest message that waits; absent where none does.",
    ),
    described(
        LIMIT_MESSAGES,
        Gauge,
        "Messages that the queue takes, dead ones included.",
    ),
    described(
        LIMIT_BYTES,
        Gauge,
        "Bytes that the queue takes, dead ones included.",
    ),
    described(PAUSED, Gauge, "1 while the queue is paused."),
    described(PAUSED_GROUPS, Gauge, "Groups of the queue that are paused."),
    described(
        STRANDED,
        Gauge,
        "Messages that nobody delivers; absent where somebody does.",
    ),
    described(PUSHED, Counter, "Messages that were taken."),
    described(REJECTED, Counter, "Pushes that were refused, by reason."),
    described(DELIVERED, Counter, "Messages that arrived."),
    described(FAILED, Counter, "Attempts of the relay that failed."),
    described(RETRIES, Counter, "Attempts that failed and are made again."),
    described(DEFERRED, Counter, "Messages that were given back unsent."),
    described(
        CRASHED,
        Counter,
        "Leases whose sender went away without a word.",
    ),
    described(
        DEAD,
        Counter,
        "Messages that became dead letters, by reason.",
    ),
    described(
        DRAIN_RATE,
        Gauge,
        "Messages a second that the relay may send now.",
    ),
];

const DEPTH: &str = "fusebox_queue_depth";
const BYTES: &str = "fusebox_queue_bytes";
const OLDEST: &str = "fusebox_queue_oldest_age_seconds";
const LIMIT_MESSAGES: &str = "fusebox_queue_limit_messages";
const LIMIT_BYTES: &str = "fusebox_queue_limit_bytes";
const PAUSED: &str = "fusebox_queue_paused";
const PAUSED_GROUPS: &str = "fusebox_queue_paused_groups";
const STRANDED: &str = "fusebox_queue_stranded";
const PUSHED: &str = "fusebox_queue_pushed";
const REJECTED: &str = "fusebox_queue_rejected";
const DELIVERED: &str = "fusebox_queue_delivered";
const FAILED: &str = "fusebox_queue_failed";
const RETRIES: &str = "fusebox_queue_retries";
const DEFERRED: &str = "fusebox_queue_deferred";
const CRASHED: &str = "fusebox_queue_crashed";
const DEAD: &str = "fusebox_queue_dead_letters";
const DRAIN_RATE: &str = "fusebox_queue_drain_rate";

impl QueueFact {
    /// The metric that it belongs to, its labels and its value.
    pub(crate) fn sample(self, queue: &str) -> (&'static str, Own, Value) {
        let (name, value) = match self {
            Self::Depth { messages, .. } => (DEPTH, Whole(messages)),
            Self::Bytes(bytes) => (BYTES, Whole(bytes)),
            Self::OldestAge(age) => (OLDEST, Real(age.as_secs_f64())),
            Self::LimitMessages(messages) => (LIMIT_MESSAGES, Whole(messages)),
            Self::LimitBytes(bytes) => (LIMIT_BYTES, Whole(bytes)),
            Self::Paused(is_paused) => (PAUSED, Whole(is_paused.into())),
            Self::PausedGroups(groups) => (PAUSED_GROUPS, Whole(groups)),
            Self::Stranded(messages) => (STRANDED, Whole(messages)),
            Self::Pushed(count) => (PUSHED, Whole(count)),
            Self::Rejected { count, .. } => (REJECTED, Whole(count)),
            Self::Delivered(count) => (DELIVERED, Whole(count)),
            Self::Failed(count) => (FAILED, Whole(count)),
            Self::Retries(count) => (RETRIES, Whole(count)),
            Self::Deferred(count) => (DEFERRED, Whole(count)),
            Self::Crashed(count) => (CRASHED, Whole(count)),
            Self::DeadLetters { count, .. } => (DEAD, Whole(count)),
            Self::DrainRate(rate) => (DRAIN_RATE, Real(rate)),
        };
        let queue = ("queue", Word::Named(queue.into()));
        let own = match self {
            Self::Depth { state, .. } => Own::Many(Box::new([queue, ("state", word(state))])),
            Self::Rejected { reason, .. } | Self::DeadLetters { reason, .. } => {
                Own::Many(Box::new([queue, ("reason", word(reason))]))
            }
            _ => Own::One(queue.0, queue.1),
        };
        (name, own, value)
    }
}
