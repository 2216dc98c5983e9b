//! A storage whose trouble a test can choose.

use std::sync::{Arc, Condvar, Mutex};
use std::time::SystemTime;

use fusebox_store::{
    AuditEntry, AuditQuery, Batch, EventQuery, EventRecord, Kept, Limits, Memory, Page, Storage,
    StoreError, Written,
};

/// Memory behind a door.
#[derive(Clone, Default)]
pub(super) struct Troubled {
    memory: Memory,
    trouble: Arc<(Mutex<Trouble>, Condvar)>,
}

#[derive(Clone, Copy, Default, PartialEq)]
pub(super) enum Trouble {
    #[default]
    None,
    /// Writes fail at once, as on a full disk.
    Full,
    /// Writes do not come back.
    Hangs,
    /// Somebody changed an entry.
    Forged,
}

impl Troubled {
    pub(super) fn set(&self, trouble: Trouble) {
        *self.trouble.0.lock().expect("no panic before") = trouble;
        self.trouble.1.notify_all();
    }

    fn trouble(&self) -> Trouble {
        *self.trouble.0.lock().expect("no panic before")
    }
}

impl Storage for Troubled {
    fn load(&mut self) -> Result<Kept, StoreError> {
        self.memory.load()
    }

    fn write(&mut self, batch: &Batch) -> Result<Written, StoreError> {
        let (trouble, changed) = &*self.trouble;
        let trouble = trouble.lock().expect("no panic before");
        let trouble = changed
            .wait_while(trouble, |trouble| *trouble == Trouble::Hangs)
            .expect("no panic before");
        if *trouble == Trouble::Full {
            return Err(StoreError::Unavailable {
                place: "disk".to_owned(),
                detail: "it is full".to_owned(),
            });
        }
        drop(trouble);
        self.memory.write(batch)
    }

    fn events(&mut self, query: &EventQuery) -> Result<Page<EventRecord>, StoreError> {
        self.memory.events(query)
    }

    fn replay(&mut self, event: u64) -> Result<Option<String>, StoreError> {
        self.memory.replay(event)
    }

    fn audit(&mut self, query: &AuditQuery) -> Result<Page<AuditEntry>, StoreError> {
        let mut page = self.memory.audit(query)?;
        if self.trouble() == Trouble::Forged {
            let second = page.items.iter_mut().find(|entry| entry.id == 2);
            second.expect("two entries").who = "somebody-else".to_owned();
        }
        Ok(page)
    }

    fn trim(&mut self, limits: &Limits, now: SystemTime) -> Result<(), StoreError> {
        self.memory.trim(limits, now)
    }
}
