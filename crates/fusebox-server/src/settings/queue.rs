//! What is kept for an upstream that cannot take it now.

use fusebox_queue::{QueueSettings, QueueSettingsError};
use http::HeaderName;

use super::branch::BranchKey;
use super::section::Section;
use super::tree::{Node, Value};
use super::{keys, size};

/// What is set for the queue of one circuit.
#[derive(Clone, Debug, PartialEq)]
pub struct CircuitQueue {
    /// Bounds, age and tries.
    pub settings: QueueSettings,
    /// Where the key stands in a request; `None`: calls are delivered in any order.
    pub key: Option<BranchKey>,
    /// Headers that are kept with a call though they may hold secrets.
    pub headers: Vec<HeaderName>,
    /// Whether calls whose fate is unknown are kept too.
    pub uncertain: bool,
}

/// Reads `[circuits.NAME.queue]`; `None`: the defaults.
pub(super) fn read(section: Option<Section<'_>>, uncertain: bool) -> CircuitQueue {
    let mut queue = CircuitQueue {
        settings: QueueSettings::default(),
        key: None,
        headers: Vec::new(),
        uncertain,
    };
    let Some(section) = section else {
        return queue;
    };
    section.only(keys::QUEUE);
    let set = &mut queue.settings;
    count(section, "messages_max", &mut set.messages_max);
    size::read(section, "bytes_max", &mut set.bytes_max);
    size::read(section, "message_bytes_max", &mut set.message_bytes_max);
    limit(section, "attempts_max", &mut set.attempts_max);
    limit(section, "crashes_max", &mut set.crashes_max);
    if is_unlimited(section, "age_max") {
        set.age_max = None;
    } else if let Some(age) = section.time("age_max") {
        set.age_max = Some(age);
    }
    queue.key = section.read("key", |node| {
        BranchKey::parse(node.text().unwrap_or_default())
    });
    queue.headers = headers(section);
    // Each value was checked by itself; this is for those that do not go together.
    if let Err(QueueSettingsError { field, allowed }) = queue.settings.check()
        && let Some(node) = section.table.get(field)
    {
        section.refuse(field, node, allowed);
    }
    queue
}

fn count(section: Section<'_>, key: &str, to: &mut u64) {
    let number = section.read(key, |node| {
        let number = match node.value {
            Value::Integer(number) => u64::try_from(number).ok(),
            _ => None,
        };
        let number = number.filter(|number| *number > 0);
        number.ok_or_else(|| "a whole number, at least 1".to_owned())
    });
    if let Some(number) = number {
        *to = number;
    }
}

/// How often something may happen to a message before it is a dead letter.
fn limit(section: Section<'_>, key: &str, to: &mut Option<u32>) {
    const MAX: u16 = 10_000;
    if is_unlimited(section, key) {
        *to = None;
    } else if let Some(number) = section.whole(key, 1..=MAX) {
        *to = Some(number.into());
    }
}

/// The word for a limit that there is not.
pub(super) const UNLIMITED: &str = "unlimited";

fn is_unlimited(section: Section<'_>, key: &str) -> bool {
    let node = section.table.get(key);
    node.and_then(Node::text) == Some(UNLIMITED)
}

fn headers(section: Section<'_>) -> Vec<HeaderName> {
    const ALLOWED: &str = "names of headers, each once";
    let mut names = Vec::new();
    for item in section.array("headers").unwrap_or_default() {
        match item.text().and_then(|text| text.parse().ok()) {
            Some(name) if !names.contains(&name) => names.push(name),
            _ => section.refuse("headers", item, ALLOWED),
        }
    }
    names
}
