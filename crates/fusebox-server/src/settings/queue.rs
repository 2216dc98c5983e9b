//! What is kept for an upstream that cannot take it now.

use fusebox_queue::{QueueSettings, QueueSettingsError};
use http::HeaderName;

use super::branch::BranchKey;
use super::keys;
use super::section::Section;
use super::tree::{Node, Value};

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
    bytes(section, "bytes_max", &mut set.bytes_max);
    bytes(section, "message_bytes_max", &mut set.message_bytes_max);
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

fn bytes(section: Section<'_>, key: &str, to: &mut u64) {
    const ALLOWED: &str = "a size like \"1GiB\" (units B, KiB, MiB, GiB), more than 0B";
    if let Some(size) = section.text(key, ALLOWED, parse_bytes) {
        *to = size;
    }
}

/// Reads `512KiB`; zero and what does not fit are none.
fn parse_bytes(text: &str) -> Option<u64> {
    const UNITS: [(&str, u32); 4] = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("B", 0)];
    let (digits, shift) = UNITS
        .iter()
        .find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)))?;
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = digits.parse().ok().filter(|_| is_plain)?;
    number.checked_mul(1 << shift).filter(|size| *size > 0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit() {
        let sizes = [
            ("1B", Some(1)),
            ("2KiB", Some(2048)),
            ("1GiB", Some(1 << 30)),
            ("0B", None),
            ("1", None),
            ("1MB", None),
            ("-1B", None),
            ("+1B", None),
            ("B", None),
            ("99999999999GiB", None),
        ];
        for (text, size) in sizes {
            assert_eq!(parse_bytes(text), size, "{text}");
        }
    }
}
