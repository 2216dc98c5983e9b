//! How a message stands in its row, and how a damaged row is told from a sound one.

use crc32fast::Hasher;
use rusqlite::Row;
use rusqlite::types::ValueRef;
use sha2::{Digest, Sha256};

use crate::clock::Millis;
use crate::message::{Attributes, NewMessage};
use crate::record::{Attempt, Death};

/// Attempts that are kept of one message.
const HISTORY_MAX: usize = 20;

/// What never changes of a message, as its columns: the checksum is over all of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    pub(super) seq: i64,
    pub(super) rnd: i64,
    pub(super) queue: &'a str,
    pub(super) key: Option<&'a str>,
    pub(super) grp: Option<&'a str>,
    pub(super) idem: Option<&'a str>,
    pub(super) digest: Option<&'a [u8]>,
    pub(super) due: Millis,
    pub(super) uncertain: bool,
    pub(super) size: i64,
    pub(super) attributes: &'a str,
    pub(super) body: &'a [u8],
}

/// The columns of [`Facts`] but for the queue's name, then the checksum; `m` is the table.
pub(super) const FACTS: &str = "m.seq, m.rnd, m.queue, m.key, m.grp, m.idem, m.digest, m.due,
    m.uncertain, m.size, m.crc, m.attributes, m.body";
/// How many these are.
pub(super) const FACTS_WIDTH: usize = 13;

/// The sum of sizes, of damaged rows, too, where a number may be anything.
pub(super) const SIZES: &str = "coalesce(sum(max(0, min(size, 1 << 40))), 0)";

impl<'a> Facts<'a> {
    pub(super) fn checksum(&self) -> i64 {
        let mut hasher = Hasher::new();
        for number in [
            self.seq,
            self.rnd,
            self.due,
            i64::from(self.uncertain),
            self.size,
        ] {
            hasher.update(&number.to_le_bytes());
        }
        let texts = [Some(self.queue), self.key, self.grp, self.idem];
        let texts = texts.map(|text| text.map(str::as_bytes));
        let rest = [
            self.digest,
            Some(self.attributes.as_bytes()),
            Some(self.body),
        ];
        for bytes in texts.into_iter().chain(rest) {
            let length = bytes.map_or(-1, |bytes| i64::try_from(bytes.len()).unwrap_or(i64::MAX));
            hasher.update(&length.to_le_bytes());
            hasher.update(bytes.unwrap_or_default());
        }
        i64::from(hasher.finalize())
    }

    /// Of a row that begins with [`FACTS`]; `None`: it is not as it was written.
    pub(super) fn sound(row: &'a Row<'_>, queue: &'a str) -> Option<Self> {
        let facts = Self {
            seq: row.get(0).ok()?,
            rnd: row.get(1).ok()?,
            queue,
            key: text(row, 3)?,
            grp: text(row, 4)?,
            idem: text(row, 5)?,
            digest: blob(row, 6)?,
            due: row.get(7).ok()?,
            uncertain: row.get(8).ok()?,
            size: row.get(9).ok()?,
            attributes: text(row, 11)??,
            body: blob(row, 12)??,
        };
        let kept: i64 = row.get(10).ok()?;
        (facts.checksum() == kept).then_some(facts)
    }
}

/// The inner `None` is NULL, the outer one a value that cannot be.
fn text<'a>(row: &'a Row<'_>, at: usize) -> Option<Option<&'a str>> {
    match row.get_ref(at).ok()? {
        ValueRef::Null => Some(None),
        ValueRef::Text(text) => str::from_utf8(text).ok().map(Some),
        _ => None,
    }
}

fn blob<'a>(row: &'a Row<'_>, at: usize) -> Option<Option<&'a [u8]>> {
    match row.get_ref(at).ok()? {
        ValueRef::Null => Some(None),
        ValueRef::Blob(blob) => Some(Some(blob)),
        _ => None,
    }
}

/// What befell a message. Most have none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) due: Millis,
    /// Since when its age counts: its push, or when it was retried as a dead letter.
    pub(super) aged_from: Millis,
    pub(super) attempts: u32,
    pub(super) deferrals: u32,
    pub(super) crashes: u32,
    pub(super) is_suspect: bool,
    pub(super) uncertain: bool,
    pub(super) history: Vec<Attempt>,
}

/// The columns of [`Trouble`] in its table `r`.
pub(super) const TROUBLE: &str = "r.due, r.aged_from, r.attempts, r.deferrals, r.crashes,
    r.suspect, r.uncertain, r.history";
/// How many these are.
pub(super) const TROUBLE_WIDTH: usize = 8;

impl Trouble {
    pub(super) fn none(due: Millis, pushed: Millis, uncertain: bool) -> Self {
        Self {
            due,
            aged_from: pushed,
            attempts: 0,
            deferrals: 0,
            crashes: 0,
            is_suspect: false,
            uncertain,
            history: Vec::new(),
        }
    }

    /// Of the columns from `at` on. The inner `None`: there is none; the outer one: it cannot be
    /// understood.
    pub(super) fn read(row: &Row<'_>, at: usize) -> Option<Option<Self>> {
        if row.get_ref(at).ok()? == ValueRef::Null {
            return Some(None);
        }
        let history = text(row, at + 7)??;
        Some(Some(Self {
            due: row.get(at).ok()?,
            aged_from: row.get(at + 1).ok()?,
            attempts: row.get(at + 2).ok()?,
            deferrals: row.get(at + 3).ok()?,
            crashes: row.get(at + 4).ok()?,
            is_suspect: row.get(at + 5).ok()?,
            uncertain: row.get(at + 6).ok()?,
            history: serde_json::from_str(history).ok()?,
        }))
    }

    /// Adds to the history; the oldest goes.
    pub(super) fn remember(&mut self, attempt: Attempt) {
        if self.history.len() >= HISTORY_MAX {
            self.history.remove(0);
        }
        self.history.push(attempt);
    }
}

/// What two pushes with one idempotency key must have in common.
pub(super) fn digest(message: &NewMessage) -> Vec<u8> {
    let mut hash = Sha256::new();
    let mut add = |bytes: Option<&[u8]>| {
        let length = bytes.map_or(u64::MAX, |bytes| bytes.len() as u64);
        hash.update(length.to_le_bytes());
        hash.update(bytes.unwrap_or_default());
    };
    add(message.key.as_deref().map(str::as_bytes));
    add(message.group.as_deref().map(str::as_bytes));
    add(Some(&message.body));
    for (name, value) in message.asks() {
        add(Some(name.as_bytes()));
        add(Some(value.as_bytes()));
    }
    hash.finalize().to_vec()
}

/// A group as `turn` has it, where no group is one, too: told from a group without a name.
pub(super) fn turn_group(group: Option<&str>) -> String {
    group.map_or_else(String::new, |group| format!("={group}"))
}

pub(super) fn attributes_text(attributes: &Attributes) -> String {
    if attributes.is_empty() {
        return "[]".to_owned();
    }
    // Pairs of texts can always be written.
    serde_json::to_string(attributes).unwrap_or_default()
}

pub(super) const fn death_word(death: Death) -> &'static str {
    match death {
        Death::Refused => "refused",
        Death::Attempts => "attempts",
        Death::Crashes => "crashes",
        Death::Expired => "expired",
        Death::Corrupt => "corrupt",
    }
}

/// `None`: no word of ours.
pub(super) fn death(word: &str) -> Option<Death> {
    let all = [
        Death::Refused,
        Death::Attempts,
        Death::Crashes,
        Death::Expired,
        Death::Corrupt,
    ];
    all.into_iter().find(|death| death_word(*death) == word)
}

pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that is never below zero, where a damaged file has it.
pub(super) fn number(integer: i64) -> u64 {
    u64::try_from(integer).unwrap_or(0)
}
