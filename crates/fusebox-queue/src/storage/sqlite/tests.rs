//! What is special of this storage. What all have in common: the contract suite.

mod damage;
mod file;
mod log;
mod random;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;

use super::Sqlite;
use crate::id::{MessageId, first_seq};
use crate::message::{Leased, NewMessage};
use crate::record::Attempt;
use crate::storage::{Done, Ending, Lease, LeasesTaken, Order, Push, PushLimits, Settle, Storage};

/// Room that is kept back in tests: enough to be there.
const ROOM: u64 = 64 << 10;

/// When the tests begin.
const BEGIN: i64 = 1_762_000_000_000;

/// A folder of a test's own, removed with it.
pub(in crate::storage) struct Scratch {
    folder: PathBuf,
}

impl Scratch {
    pub(in crate::storage) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("fusebox-queue-{}-{number}", std::process::id());
        // In memory where the machine has such a place: what a disk loses, `tests/disk` looks at.
        let memory = Path::new("/dev/shm");
        let place = Some(memory.to_owned()).filter(|memory| memory.is_dir());
        let folder = place.unwrap_or_else(std::env::temp_dir).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.join("queue.db")
    }

    pub(in crate::storage) fn open(&self) -> Sqlite {
        Sqlite::open(self.path(), ROOM).unwrap()
    }

    /// Another connection, which does what it likes.
    pub(super) fn raw(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A queue named `q`, whose time and places go on by themselves.
pub(super) struct Bench {
    pub(super) storage: Sqlite,
    pub(super) at: i64,
    next: i64,
}

impl Bench {
    pub(super) fn new(mut storage: Sqlite) -> Self {
        let next = storage.last_seq().unwrap().max(first_seq(BEGIN)) + 1;
        let at = BEGIN;
        Self { storage, at, next }
    }

    pub(super) fn one(&mut self, order: Order) -> Done {
        let mut done = self.storage.commit(&[order]).unwrap();
        assert_eq!(done.len(), 1);
        done.remove(0)
    }

    pub(super) fn push_order(&mut self, message: NewMessage) -> Order {
        self.next += 1;
        Order::Push(Push {
            queue: "q".into(),
            id: MessageId::new(self.next, 7 * self.next.unsigned_abs()),
            message: Arc::new(message),
            limits: PushLimits {
                messages_max: u64::MAX,
                bytes_max: u64::MAX,
            },
            at: self.at,
        })
    }

    pub(super) fn push(&mut self, message: NewMessage) -> MessageId {
        let order = self.push_order(message);
        match self.one(order) {
            Done::Push(Ok(pushed)) => pushed.id,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn keyed(&mut self, key: &str, body: &str) -> MessageId {
        self.push(NewMessage::new(body.to_owned()).key(key))
    }

    pub(super) fn lease(&mut self, max: usize) -> LeasesTaken {
        self.at += 1;
        let order = Order::Lease(Lease {
            queue: "q".into(),
            at: self.at,
            until: self.at + 30_000,
            max,
            crashes_max: 5,
            pushed_after: 0,
        });
        match self.one(order) {
            Done::Lease(taken) => taken,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn settle(&mut self, leased: &Leased, ending: Ending) -> bool {
        let order = Order::Settle(Settle {
            id: leased.id,
            token: leased.token,
            at: self.at,
            ending,
        });
        match self.one(order) {
            Done::Settle(was_it) => was_it,
            other => panic!("{other:?}"),
        }
    }

    /// Delivers until nothing is due: the bodies in order.
    pub(super) fn drain(&mut self) -> Vec<String> {
        let mut bodies = Vec::new();
        loop {
            let taken = self.lease(10);
            if taken.leased.is_empty() {
                return bodies;
            }
            for leased in taken.leased {
                bodies.push(String::from_utf8(leased.body.to_vec()).unwrap());
                assert!(self.settle(&leased, Ending::Delivered { response: None }));
            }
        }
    }

    /// What the storage finds wrong with itself.
    pub(super) fn problems(&mut self) -> Vec<String> {
        self.storage.reader().unwrap().check().unwrap()
    }
}

pub(super) fn attempt(at: i64) -> Attempt {
    Attempt {
        at,
        class: "status".to_owned(),
        error: "503".to_owned(),
    }
}

/// All bytes of a file.
pub(super) fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}
