//! What durability costs, beside the floor of this disk in the same run.
//!
//! `cargo bench -p fusebox-queue --bench durable` in a folder of `TMPDIR`. The storage is not
//! public, so its modules are built into this program.

#![allow(dead_code, unused_imports)] // the parts that a bench does not need
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that measures"
)]

#[path = "../src/clock.rs"]
mod clock;
#[path = "../src/error.rs"]
mod error;
#[path = "../src/id.rs"]
mod id;
#[path = "../src/message.rs"]
mod message;
#[path = "../src/record.rs"]
mod record;
#[path = "../src/storage/mod.rs"]
mod storage;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use id::{MessageId, Places};
use message::NewMessage;
use storage::{Done, Ending, Lease, Order, Push, PushLimits, Settle, Storage};
use storage::{ROOM, Sqlite};

const BODY: usize = 256;
const SINGLE: usize = 3000;
const BATCHES: usize = 500;
const KEYS: usize = 1000;
const BACKLOG: usize = 200_000;
const LEASED: usize = 256;

fn main() {
    let name = format!("fusebox-queue-bench-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    // By turns, as the disk of a shared machine changes its mind.
    for round in 1..=3 {
        let path = folder.join(format!("queue-{round}.db"));
        let mut bench = Bench::new(&path);
        let (floor, single) = bench.against_the_floor(&folder);
        println!("round {round}");
        floor.tell("append 4 KiB + fdatasync (the floor)", 1);
        single.tell("push, one at a time", 1);
        let ratio = single.median().as_secs_f64() / floor.median().as_secs_f64();
        println!("  push / floor, medians: {ratio:.2}");
        bench
            .pushes(64, BATCHES, true)
            .tell("push, 64 in a commit", 64);
        bench
            .pushes(64, BATCHES, false)
            .tell("push, 64 without key", 64);
        bench.drain();
        bench.pushes(1000, BACKLOG / 1000, true);
        bench.drain_and_tell("drain, 256 in a commit, 1,000 keys");
        bench.pushes(1000, BACKLOG / 1000, false);
        bench.drain_and_tell("drain, 256 in a commit, no keys");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    fn median(&self) -> Duration {
        let mut times = self.0.clone();
        times.sort_unstable();
        times[times.len() / 2]
    }

    fn tell(&self, what: &str, each: usize) {
        let mut times = self.0.clone();
        times.sort_unstable();
        let of = |share: usize| times[times.len() * share / 1000].as_secs_f64() * 1e3;
        let sum: Duration = times.iter().sum();
        let per_second = (times.len() * each) as f64 / sum.as_secs_f64();
        println!(
            "  {what}: {per_second:.0}/s; ms p50 {:.3} p99 {:.3} max {:.2}",
            of(500),
            of(990),
            times[times.len() - 1].as_secs_f64() * 1e3
        );
    }
}

struct Bench {
    storage: Sqlite,
    queue: Arc<str>,
    places: Places,
    pushed: usize,
    at: i64,
}

impl Bench {
    fn new(path: &Path) -> Self {
        let mut storage = Sqlite::open(path, ROOM).unwrap();
        let last = storage.last_seq().unwrap();
        Self {
            storage,
            queue: "bench".into(),
            places: Places::after(last),
            pushed: 0,
            at: 1_762_000_000_000,
        }
    }

    /// One of the one, one of the other, so that both see the same disk.
    fn against_the_floor(&mut self, folder: &Path) -> (Times, Times) {
        let (mut floor, mut single) = (Times::default(), Times::default());
        let path = folder.join("floor");
        let mut file = File::create(&path).unwrap();
        let page = [7; 4096];
        for _ in 0..SINGLE {
            let begin = Instant::now();
            file.write_all(&page).unwrap();
            file.sync_data().unwrap();
            floor.0.push(begin.elapsed());
            single.0.extend(self.pushes(1, 1, true).0);
        }
        std::fs::remove_file(path).unwrap();
        (floor, single)
    }

    fn pushes(&mut self, each: usize, commits: usize, keyed: bool) -> Times {
        let mut times = Times::default();
        for _ in 0..commits {
            let orders: Vec<_> = (0..each).map(|_| self.push(keyed)).collect();
            let begin = Instant::now();
            let done = self.storage.commit(&orders).unwrap();
            times.0.push(begin.elapsed());
            assert!(done.iter().all(|done| matches!(done, Done::Push(Ok(_)))));
        }
        times
    }

    fn push(&mut self, keyed: bool) -> Order {
        self.pushed += 1;
        if self.pushed.is_multiple_of(20) {
            self.at += 1;
        }
        let mut message = NewMessage::new(vec![self.pushed as u8; BODY]);
        if keyed {
            message = message.key(format!("terminal-{:04}", self.pushed % KEYS));
        }
        Order::Push(Push {
            queue: self.queue.clone(),
            id: MessageId::new(self.places.next(self.at), self.pushed as u64),
            message: Arc::new(message),
            limits: PushLimits {
                messages_max: u64::MAX,
                bytes_max: u64::MAX,
            },
            at: self.at,
        })
    }

    /// Leases and settles all there is; how many that were.
    fn drain(&mut self) -> usize {
        let mut drained = 0;
        let mut settles = Vec::new();
        loop {
            // What a batch delivered is settled with the lease of the next.
            self.at += 1;
            settles.push(Order::Lease(Lease {
                queue: self.queue.clone(),
                at: self.at,
                until: self.at + 30_000,
                max: LEASED,
                crashes_max: 5,
                pushed_after: 0,
            }));
            let done = self.storage.commit(&settles).unwrap();
            let Some(Done::Lease(taken)) = done.into_iter().next_back() else {
                unreachable!("the last order was a lease");
            };
            drained += taken.leased.len();
            let settle = |leased: &message::Leased| {
                Order::Settle(Settle {
                    id: leased.id,
                    token: leased.token,
                    at: self.at,
                    ending: Ending::Delivered { response: None },
                })
            };
            settles = taken.leased.iter().map(settle).collect();
            if settles.is_empty() {
                return drained;
            }
        }
    }

    fn drain_and_tell(&mut self, what: &str) {
        let begin = Instant::now();
        let drained = self.drain();
        let took = begin.elapsed().as_secs_f64();
        let rate = drained as f64 / took;
        println!("  {what}: {rate:.0}/s, {drained} in {took:.2} s");
    }
}
