//! Queues and messages as JSON.

use std::collections::BTreeMap;

use fusebox_queue::{Attempt, Death, Depth, MessageState, Pause, QueueSettings, Record, Scope};
use fusebox_store::{from_unix_millis, rfc3339};
use serde::Serialize;
use utoipa::ToSchema;

/// A queue and what it holds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Queue {
    name: String,
    /// Messages that wait or are being sent.
    messages: u64,
    /// Their bytes, and those of the dead.
    bytes: u64,
    /// Dead letters.
    dead: u64,
    /// Of these, damaged rows.
    corrupt: u64,
    /// Messages that are being sent.
    in_flight: u64,
    /// When the oldest one that waits was pushed.
    #[schema(required, format = DateTime)]
    oldest_at: Option<String>,
    /// When the next one is due.
    #[schema(required, format = DateTime)]
    next_due_at: Option<String>,
    /// How many it may hold, dead letters included; null while nobody uses it.
    #[schema(required)]
    messages_max: Option<u64>,
    /// The same in bytes.
    #[schema(required)]
    bytes_max: Option<u64>,
    /// What keeps it from being delivered, if somebody paused it or everything.
    #[schema(required)]
    paused: Option<PauseView>,
}

/// A pause.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PauseView {
    /// `*` for everything, a queue's name, or null for a group.
    #[schema(required)]
    queue: Option<String>,
    /// The group, where it is one.
    #[schema(required)]
    group: Option<String>,
    paused: bool,
    /// Names this very pause: a resume with another one is refused.
    epoch: u64,
    reason: String,
    by: String,
    #[schema(format = DateTime)]
    since: String,
    /// Messages of it that are still being sent.
    in_flight: u64,
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Message {
    /// A UUID that nobody can guess; sent on as `Idempotency-Key`.
    id: String,
    queue: String,
    #[schema(required)]
    key: Option<String>,
    #[schema(required)]
    group: Option<String>,
    /// `pending`, `delivering`, `delivered`, `dead` or `expired`.
    state: MessageState2,
    /// Why it is dead: `refused`, `attempts`, `crashes`, `expired` or `corrupt`.
    #[schema(required)]
    death: Option<&'static str>,
    #[schema(format = DateTime)]
    pushed_at: String,
    /// When it is due, of a waiting one; when it ended, of an ended one.
    #[schema(format = DateTime)]
    at: String,
    attempts: u32,
    /// How often it was put off because the circuit let nothing pass.
    deferrals: u32,
    /// Senders that crashed with it.
    crashes: u32,
    /// It may have arrived.
    uncertain: bool,
    bytes: u64,
    history: Vec<AttemptView>,
    /// Names and values beside the body, without what may be secret; only where one message is
    /// asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<Vec<Vec<String>>>,
    /// The body, where it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// The body in hexadecimal, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_hex: Option<String>,
    /// What the receiver answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<ResponseView>,
}

/// The words for where a message stands.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MessageState)]
enum MessageState2 {
    Pending,
    Delivering,
    Delivered,
    Dead,
    Expired,
}

/// An attempt that failed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttemptView {
    #[schema(format = DateTime)]
    at: String,
    /// `connect`, `timeout`, `reset`, `status`, `crash`, or the sink's own word.
    class: String,
    error: String,
}

/// What a receiver answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResponseView {
    status: u16,
    headers: BTreeMap<String, String>,
    /// The body, where it is text.
    #[schema(required)]
    body: Option<String>,
}

/// Headers whose values are never shown, whatever the settings let in.
const SECRET: [&str; 4] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
];
const HIDDEN: &str = "(hidden)";

impl Queue {
    pub(super) fn of(depth: Depth, settings: Option<&QueueSettings>, pauses: &[Pause]) -> Self {
        let covers = |pause: &&Pause| match &pause.scope {
            Scope::Everything => true,
            Scope::Queue(queue) => *queue == depth.queue,
            Scope::Group(..) => false,
        };
        let mut pauses = pauses.iter().filter(|pause| pause.paused);
        let paused = pauses.find(covers).map(PauseView::of);
        Self {
            messages: depth.messages,
            bytes: depth.bytes,
            dead: depth.dead,
            corrupt: depth.corrupt,
            in_flight: depth.in_flight,
            oldest_at: depth.oldest.map(rfc3339),
            next_due_at: depth.next_due.map(rfc3339),
            messages_max: settings.map(|settings| settings.messages_max),
            bytes_max: settings.map(|settings| settings.bytes_max),
            paused,
            name: depth.queue,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl PauseView {
    pub(super) fn of(pause: &Pause) -> Self {
        let (queue, group) = match &pause.scope {
            Scope::Everything => ("*", None),
            Scope::Queue(queue) => (queue.as_str(), None),
            Scope::Group(queue, group) => (queue.as_str(), Some(group.clone())),
        };
        Self {
            queue: Some(queue.to_owned()),
            group,
            paused: pause.paused,
            epoch: pause.epoch,
            reason: pause.reason.clone(),
            by: pause.by.clone(),
            since: rfc3339(pause.since),
            in_flight: pause.in_flight,
        }
    }
}

impl Message {
    /// One of a list.
    pub(super) fn of(record: &Record) -> Self {
        let state = match record.state {
            MessageState::Pending => MessageState2::Pending,
            MessageState::Delivering => MessageState2::Delivering,
            MessageState::Delivered => MessageState2::Delivered,
            MessageState::Dead => MessageState2::Dead,
            MessageState::Expired => MessageState2::Expired,
        };
        Self {
            id: record.id.to_string(),
            queue: record.queue.clone(),
            key: record.key.clone(),
            group: record.group.clone(),
            state,
            death: record.death.map(death),
            pushed_at: rfc3339(record.pushed_at),
            at: rfc3339(record.at),
            attempts: record.attempts,
            deferrals: record.deferrals,
            crashes: record.crashes,
            uncertain: record.uncertain,
            bytes: record.bytes,
            history: record.history.iter().map(AttemptView::of).collect(),
            attributes: None,
            body: None,
            body_hex: None,
            response: None,
        }
    }

    /// All of it.
    pub(super) fn whole(record: &Record) -> Self {
        let body = str::from_utf8(&record.body).ok();
        let hex = || {
            record
                .body
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect()
        };
        let shown = record.attributes.iter().map(|(name, value)| {
            let is_secret = SECRET.contains(&name.to_ascii_lowercase().as_str());
            let value = if is_secret { HIDDEN } else { value };
            vec![name.clone(), value.to_owned()]
        });
        Self {
            attributes: Some(shown.collect()),
            body: body.map(str::to_owned),
            body_hex: body.is_none().then(hex),
            response: record.response.as_ref().map(ResponseView::of),
            ..Self::of(record)
        }
    }
}

const fn death(death: Death) -> &'static str {
    match death {
        Death::Refused => "refused",
        Death::Attempts => "attempts",
        Death::Crashes => "crashes",
        Death::Expired => "expired",
        Death::Corrupt => "corrupt",
    }
}

impl AttemptView {
    fn of(attempt: &Attempt) -> Self {
        Self {
            at: rfc3339(from_unix_millis(attempt.at)),
            class: attempt.class.clone(),
            error: attempt.error.clone(),
        }
    }
}

impl ResponseView {
    fn of(response: &fusebox_queue::Response) -> Self {
        let mut headers = BTreeMap::<String, String>::new();
        for (name, value) in &response.headers {
            let list = headers.entry(name.clone()).or_default();
            if !list.is_empty() {
                list.push_str(", ");
            }
            list.push_str(value);
        }
        Self {
            status: response.status,
            headers,
            body: String::from_utf8(response.body.to_vec()).ok(),
        }
    }
}
