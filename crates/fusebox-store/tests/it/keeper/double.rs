//! A storage that fails, hangs and is emptied when the test says so.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use fusebox_store::{
    AuditEntry, AuditQuery, Batch, EventQuery, EventRecord, Kept, Limits, Memory, Page, Storage,
    StoreError, Written,
};

use super::SOON;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Works,
    /// What is asked fails at once.
    Fails,
    /// Nothing is ever written again.
    IsBroken,
    /// What is asked waits until the mood changes.
    Hangs,
    Panics,
}

/// A clone is the same place.
#[derive(Clone)]
pub(crate) struct Double {
    memory: Memory,
    shared: Arc<(Mutex<Seen>, Condvar)>,
    rewrite_every: Duration,
}

pub(crate) struct Seen {
    pub(crate) mood: Mood,
    /// Calls that hang now.
    pub(crate) hanging: usize,
    pub(crate) loads: usize,
    /// Batches that were tried, the failed ones too.
    pub(crate) tried: Vec<Batch>,
    pub(crate) written: usize,
}

impl Double {
    pub(crate) fn new(memory: &Memory, mood: Mood) -> Self {
        let seen = Seen {
            mood,
            hanging: 0,
            loads: 0,
            tried: Vec::new(),
            written: 0,
        };
        Self {
            memory: memory.clone(),
            shared: Arc::new((Mutex::new(seen), Condvar::new())),
            rewrite_every: Duration::from_secs(60),
        }
    }

    pub(crate) fn rewriting_every(mut self, time: Duration) -> Self {
        self.rewrite_every = time;
        self
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.seen().mood = mood;
        self.shared.1.notify_all();
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.0.lock().expect("no test panics with it")
    }

    /// Waits until the storage has seen it.
    pub(crate) fn wait_until(&self, what: &str, is: impl Fn(&Seen) -> bool) {
        let waited = self
            .shared
            .1
            .wait_timeout_while(self.seen(), SOON, |seen| !is(seen));
        let timed_out = waited.expect("no test panics with it").1;
        assert!(!timed_out.timed_out(), "{what}: not within {SOON:?}");
    }

    /// Waits until a call hangs.
    pub(crate) fn wait_until_it_hangs(&self) {
        self.wait_until("a call hangs", |seen| seen.hanging > 0);
    }

    fn enter(&self, note: impl FnOnce(&mut Seen)) -> Result<(), StoreError> {
        let mut seen = self.seen();
        note(&mut seen);
        let hung = |seen: &mut Seen| seen.mood == Mood::Hangs;
        let hangs = usize::from(hung(&mut seen));
        seen.hanging += hangs;
        self.shared.1.notify_all();
        let mut seen = self.shared.1.wait_while(seen, hung).expect("no panic");
        seen.hanging -= hangs;
        match seen.mood {
            Mood::Works | Mood::Hangs => Ok(()),
            Mood::Fails => Err(StoreError::Unavailable {
                place: "double".to_owned(),
                detail: "pulled the plug".to_owned(),
            }),
            Mood::IsBroken => Err(StoreError::Corrupt {
                place: "double".to_owned(),
                detail: "a disk".to_owned(),
            }),
            Mood::Panics => {
                drop(seen);
                panic!("a storage with a fault")
            }
        }
    }
}

impl Storage for Double {
    fn load(&mut self) -> Result<Kept, StoreError> {
        self.enter(|seen| seen.loads += 1)?;
        self.memory.load()
    }

    fn write(&mut self, batch: &Batch) -> Result<Written, StoreError> {
        self.enter(|seen| seen.tried.push(batch.clone()))?;
        let written = self.memory.write(batch);
        self.seen().written += 1;
        self.shared.1.notify_all();
        written
    }

    fn events(&mut self, query: &EventQuery) -> Result<Page<EventRecord>, StoreError> {
        self.enter(|_| {})?;
        self.memory.events(query)
    }

    fn replay(&mut self, event: u64) -> Result<Option<String>, StoreError> {
        self.enter(|_| {})?;
        self.memory.replay(event)
    }

    fn audit(&mut self, query: &AuditQuery) -> Result<Page<AuditEntry>, StoreError> {
        self.enter(|_| {})?;
        self.memory.audit(query)
    }

    fn trim(&mut self, limits: &Limits, now: SystemTime) -> Result<(), StoreError> {
        // This chore comes when it likes, also in the place of the write that a test waits for.
        if self.seen().mood != Mood::Hangs {
            self.enter(|_| {})?;
        }
        self.memory.trim(limits, now)
    }

    fn rewrite_every(&self) -> Duration {
        self.rewrite_every
    }
}
