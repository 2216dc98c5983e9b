//! The write-ahead log stays small, and the oldest is found.

use super::{Bench, ROOM, Scratch};
use crate::message::NewMessage;
use crate::storage::{Order, Storage};

/// What the log may have, in bytes: its bound, one batch, and what a reader holds up for a while.
const LOG_MAX: u64 = 16 << 20;

fn push_many(bench: &mut Bench, commits: usize) -> u64 {
    let mut greatest = 0;
    for _ in 0..commits {
        let message = |at: usize| NewMessage::new(vec![1; 2000]).key(format!("k{at}"));
        let orders: Vec<Order> = (0..500).map(|at| bench.push_order(message(at))).collect();
        bench.storage.commit(&orders).unwrap();
        bench.storage.tend().unwrap();
        greatest = greatest.max(bench.storage.figures().wal_bytes);
    }
    greatest
}

#[test]
fn the_log_stays_within_its_bound_in_a_long_run() {
    let scratch = Scratch::new();
    let mut bench = Bench::new(scratch.open());
    let greatest = push_many(&mut bench, 40);
    let written = std::fs::metadata(scratch.path()).unwrap().len();
    assert!(written > 2 * (8 << 20), "too little was written: {written}");
    assert!(greatest < 8 << 20, "{greatest}");
}

#[test]
fn a_reader_holds_the_log_up_only_while_it_reads() {
    let scratch = Scratch::new();
    let mut bench = Bench::new(scratch.open());
    bench.keyed("k", "1");
    let raw = scratch.raw();
    raw.execute_batch("BEGIN; SELECT count(*) FROM message;")
        .unwrap();
    let held_up = push_many(&mut bench, 25);
    assert!(
        held_up > LOG_MAX,
        "the reader did not hold it up: {held_up}"
    );
    raw.execute_batch("COMMIT").unwrap();
    push_many(&mut bench, 2);
    let after = bench.storage.figures().wal_bytes;
    assert!(after < LOG_MAX, "{after}");
}

#[test]
fn the_oldest_that_waits_is_told_when_others_have_left() {
    let scratch = Scratch::new();
    let mut bench = Bench::new(scratch.open());
    let ids: Vec<_> = (0..5).map(|_| bench.push(NewMessage::new("x"))).collect();
    let mut reader = bench.storage.reader().unwrap();
    let mut oldest = || reader.depths().unwrap()[0].oldest;
    assert_eq!(oldest(), Some(ids[0].time()));
    bench.lease(2);
    assert_eq!(oldest(), Some(ids[2].time()));
    bench.storage.tend().unwrap();
    assert_eq!(oldest(), Some(ids[2].time()));
}

#[test]
fn room_is_kept_back_and_figures_are_told() {
    let scratch = Scratch::new();
    let storage = scratch.open();
    assert!(storage.has_room());
    let ballast = scratch.path().with_extension("db.ballast");
    assert_eq!(std::fs::metadata(ballast).unwrap().len(), ROOM);
    assert!(storage.figures().free_bytes.is_some_and(|free| free > 0));
}
