//! The audit log: who did what, in a chain of hashes.
//!
//! Each entry's hash covers the entry and the hash before it. So an entry that was changed, left
//! out or put in later shows. Who can write the whole log can make another that fits: keep the
//! newest hash elsewhere to see that too.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::wall;

/// An action, before it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditDraft {
    /// When.
    #[serde(with = "wall::millis")]
    pub at: SystemTime,
    /// Who acted: the name of a token, or `local`.
    pub who: String,
    /// The role in which.
    pub role: String,
    /// From where: the peer's address.
    pub from: String,
    /// What was done, as a word.
    pub action: String,
    /// To what: a circuit, `main`, ….
    pub target: String,
    /// The reason that was given.
    pub why: Option<String>,
    /// What was in force before.
    pub before: Value,
    /// What is in force after.
    pub after: Value,
    /// The HTTP status that it was answered with.
    pub answer: u16,
    /// The request's id.
    pub request_id: String,
}

/// An action as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its number: the first is 1, and each next one is larger by 1.
    pub id: u64,
    /// When.
    #[serde(with = "wall::millis")]
    pub at: SystemTime,
    /// Who acted: the name of a token, or `local`.
    pub who: String,
    /// The role in which.
    pub role: String,
    /// From where: the peer's address.
    pub from: String,
    /// What was done, as a word.
    pub action: String,
    /// To what: a circuit, `main`, ….
    pub target: String,
    /// The reason that was given.
    pub why: Option<String>,
    /// What was in force before.
    pub before: Value,
    /// What is in force after.
    pub after: Value,
    /// The HTTP status that it was answered with.
    pub answer: u16,
    /// The request's id.
    pub request_id: String,
    /// SHA-256 over the entry and the hash before it, in hex.
    pub hash: String,
}

/// The hash before the first entry.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl AuditDraft {
    /// The entry that follows the one with the hash `after` ([`GENESIS`]: it is the first).
    pub fn chained(&self, id: u64, after: &str) -> AuditEntry {
        let draft = self.clone();
        let mut entry = AuditEntry {
            id,
            at: wall::whole_millis(draft.at),
            who: draft.who,
            role: draft.role,
            from: draft.from,
            action: draft.action,
            target: draft.target,
            why: draft.why,
            before: draft.before,
            after: draft.after,
            answer: draft.answer,
            request_id: draft.request_id,
            hash: String::new(),
        };
        entry.hash = entry.hash_after(after);
        entry
    }
}

impl AuditEntry {
    /// The hash that belongs to this entry after one with the hash `after`: SHA-256 over that
    /// hash, a line feed, and the entry as JSON in the order of its fields, `hash` empty.
    pub fn hash_after(&self, after: &str) -> String {
        let plain = Self {
            hash: String::new(),
            ..self.clone()
        };
        let mut hasher = Sha256::new();
        hasher.update(after.as_bytes());
        hasher.update(b"\n");
        // Strings, numbers and JSON values can always be written.
        hasher.update(serde_json::to_vec(&plain).unwrap_or_default());
        hex(&hasher.finalize())
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(digit).collect()
}
