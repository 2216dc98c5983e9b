//! Checking the audit log's chain from end to end.

use crate::{AuditEntry, AuditQuery, GENESIS, Page, Storage, StoreError};

/// What a check of the audit log found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditCheck {
    /// Entries that were read.
    pub entries: u64,
    /// The number of the oldest entry: 1, unless the storage drops old ones (memory, Redis).
    pub first: Option<u64>,
    /// The hash of the newest entry. Kept elsewhere, it shows later that nobody wrote the log anew.
    pub newest_hash: String,
    /// The oldest place where the chain does not hold.
    pub broken: Option<AuditBreak>,
}

/// Where and how the chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditBreak {
    /// The number of the entry.
    pub id: u64,
    /// What is wrong.
    pub why: &'static str,
}

impl AuditCheck {
    /// Whether nothing was changed, left out or put in.
    pub const fn holds(&self) -> bool {
        self.broken.is_none()
    }
}

/// Reads the whole audit log and checks that each entry follows the one before it.
///
/// # Errors
/// What stands in [`StoreError`]; a chain that does not hold is no error but an
/// [`AuditCheck::broken`].
pub fn verify_audit(storage: &mut (impl Storage + ?Sized)) -> Result<AuditCheck, StoreError> {
    // Before the log is read: an entry that comes meanwhile is no break.
    let last = storage.audit_last()?;
    let mut check = AuditCheck {
        entries: 0,
        first: None,
        newest_hash: GENESIS.to_owned(),
        broken: None,
    };
    let mut query = AuditQuery {
        limit: Page::<AuditEntry>::LIMIT_MAX,
        ..AuditQuery::default()
    };
    let mut later: Option<AuditEntry> = None;
    loop {
        let page = storage.audit(&query)?;
        for entry in page.items {
            match &later {
                None => check.newest(&entry, last),
                Some(later) => check.follows(later, &entry),
            }
            check.entries += 1;
            later = Some(entry);
        }
        query.before = page.next;
        if page.next.is_none() {
            break;
        }
    }
    match &later {
        Some(oldest) => check.oldest(oldest, storage.audit_is_whole()),
        None if last.is_some_and(|last| last > 0) => check.breaks(1, "every entry is gone"),
        None => {}
    }
    Ok(check)
}

impl AuditCheck {
    fn newest(&mut self, entry: &AuditEntry, last: Option<u64>) {
        self.newest_hash.clone_from(&entry.hash);
        if last.is_some_and(|last| last > entry.id) {
            self.breaks(entry.id + 1, "the newest entries are gone");
        }
    }

    fn follows(&mut self, entry: &AuditEntry, before: &AuditEntry) {
        if entry.id != before.id + 1 {
            self.breaks(before.id + 1, "an entry is missing");
        } else if entry.hash != entry.hash_after(&before.hash) {
            self.breaks(entry.id, "the entry is not the one that was written");
        }
    }

    fn oldest(&mut self, entry: &AuditEntry, is_whole: bool) {
        self.first = Some(entry.id);
        if entry.id == 0 {
            self.breaks(0, "the entry was put in before the first");
        } else if is_whole && entry.id > 1 {
            self.breaks(1, "the oldest entries are gone");
        } else if entry.id == 1 && entry.hash != entry.hash_after(GENESIS) {
            self.breaks(1, "the entry is not the one that was written");
        }
    }

    /// The walk goes back in time: the last break that it meets is the oldest.
    fn breaks(&mut self, id: u64, why: &'static str) {
        self.broken = Some(AuditBreak { id, why });
    }
}
