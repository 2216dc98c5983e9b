//! The SQLite storage on real, small file systems: a full disk, and a power cut.
//!
//! `cargo test -p fusebox-queue --test disk`, or `scripts/test --full`. It mounts images of ext4
//! and needs root, `mkfs.ext4` and `mount`; without them every test fails and says so. Not part of
//! a plain `cargo test`. The storage is not public, so its modules are built into this program.

#![allow(dead_code, unused_imports)] // the parts that these tests do not need
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // what a test may do

#[path = "../../src/clock.rs"]
mod clock;
#[path = "../../src/error.rs"]
mod error;
#[path = "../../src/id.rs"]
mod id;
#[path = "../../src/message.rs"]
mod message;
#[path = "../../src/record.rs"]
mod record;
#[path = "../../src/storage/mod.rs"]
mod storage;

mod full;
mod image;
mod power;

use std::path::Path;
use std::sync::Arc;

use id::{MessageId, first_seq};
use message::NewMessage;
use storage::Sqlite;
use storage::{Done, Ending, Lease, LeasesTaken, Order, Push, PushLimits, Settle, Storage};

/// When the tests begin.
const BEGIN: i64 = 1_762_000_000_000;

/// A queue named `q`, whose time and places go on by themselves.
struct Queue {
    storage: Sqlite,
    at: i64,
    next: i64,
}

impl Queue {
    fn open(folder: &Path, room: u64) -> Self {
        let mut storage = Sqlite::open(folder.join("queue.db"), room).unwrap();
        let next = storage.last_seq().unwrap().max(first_seq(BEGIN)) + 1;
        let at = BEGIN;
        Self { storage, at, next }
    }

    fn push(&mut self, bytes: usize) -> Order {
        self.next += 1;
        let key = format!("k{}", self.next % 50);
        Order::Push(Push {
            queue: "q".into(),
            id: MessageId::new(self.next, self.next.unsigned_abs()),
            message: Arc::new(NewMessage::new(vec![b'x'; bytes]).key(key)),
            limits: PushLimits {
                messages_max: u64::MAX,
                bytes_max: u64::MAX,
            },
            at: self.at,
        })
    }

    fn lease(&mut self, max: usize) -> LeasesTaken {
        self.at += 1;
        let order = Order::Lease(Lease {
            queue: "q".into(),
            at: self.at,
            until: self.at + 30_000,
            max,
            crashes_max: 5,
            pushed_after: 0,
        });
        match self.storage.commit(&[order]).unwrap().remove(0) {
            Done::Lease(taken) => taken,
            other => panic!("{other:?}"),
        }
    }

    /// Delivers all there is, with an answer for each.
    fn drain(&mut self) -> Vec<MessageId> {
        let mut drained = Vec::new();
        loop {
            let taken = self.lease(100);
            if taken.leased.is_empty() {
                return drained;
            }
            drained.extend(taken.leased.iter().map(|leased| leased.id));
            let settle = |leased: &message::Leased| {
                let response = Some(record::Response {
                    status: 200,
                    headers: Vec::new(),
                    body: vec![b'y'; 2000].into(),
                });
                Order::Settle(Settle {
                    id: leased.id,
                    token: leased.token,
                    at: self.at,
                    ending: Ending::Delivered { response },
                })
            };
            let settles: Vec<_> = taken.leased.iter().map(settle).collect();
            let done = self.storage.commit(&settles).unwrap();
            assert!(done.iter().all(|done| matches!(done, Done::Settle(true))));
        }
    }

    fn problems(&mut self) -> Vec<String> {
        self.storage.reader().unwrap().check().unwrap()
    }
}
