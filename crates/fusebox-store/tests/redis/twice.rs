//! Batches that are tried again, done late, or written by several at once.

use std::collections::BTreeSet;
use std::thread::ScopedJoinHandle;

use fusebox::State;
use fusebox_store::{AuditQuery, Batch, EventQuery, Redis, Storage, StoreError, verify_audit};

use crate::held::Held;
use crate::records::{act, batch, circuit, transition};
use crate::server::{Server, until};

#[test]
fn a_batch_that_arrived_is_not_written_again_and_answered_as_then() {
    let server = Server::start();
    let mut storage = server.storage();
    let first = storage.write(&batch(1)).expect("written");
    let again = storage.write(&batch(1)).expect("answered");
    assert_eq!(first, again);
    let page = storage.events(&EventQuery::default()).expect("a page");
    assert_eq!(page.items.len(), 1);
    let next = storage.write(&batch(2)).expect("written");
    assert_eq!(next.events, [2]);
    assert_eq!(next.audit[0].id, 2);
    // Another storage has batches of its own with the same numbers.
    let other = server.storage().write(&batch(2)).expect("written");
    assert_eq!(other.events, [3]);
}

#[test]
fn what_a_hung_server_does_late_neither_doubles_nor_goes_back() {
    let server = Server::start();
    let mut storage = server.storage();
    storage.write(&batch(1)).expect("written");
    for number in 2..6 {
        server.stop();
        let error = storage.write(&batch(number)).expect_err("it hangs");
        assert!(matches!(error, StoreError::Slow { .. }), "{error}");
        server.go_on();
        storage.write(&batch(number)).expect("written");
    }
    let closed = Batch {
        number: 6,
        circuits: vec![circuit("rag_service", State::Closed)],
        ..Batch::default()
    };
    storage.write(&closed).expect("written");
    let page = storage.events(&EventQuery::default()).expect("a page");
    let generations: Vec<u32> = page.items.iter().map(|event| event.generation).collect();
    assert_eq!(generations, (1..6).rev().collect::<Vec<u32>>());
    let kept = storage.load().expect("loaded");
    assert_eq!(kept.circuits[0].record.saved.state, State::Closed);
    let check = verify_audit(&mut storage).expect("checked");
    assert!(check.holds() && check.entries == 5, "{check:?}");
}

#[test]
fn a_transaction_that_arrives_after_its_second_try_is_not_done() {
    let server = Server::start();
    let held = Held::before(server.port());
    let mut storage = Redis::open(&held.url()).expect("a URL");
    let error = storage.write(&batch(1)).expect_err("held up");
    assert!(matches!(error, StoreError::Slow { .. }), "{error}");
    storage.write(&batch(1)).expect("written");
    let later = Batch {
        number: 2,
        circuits: vec![circuit("rag_service", State::Closed)],
        ..Batch::default()
    };
    storage.write(&later).expect("written");
    let before = server.wire().text("INFO commandstats");
    held.release();
    until("the first try has arrived", || {
        calls(&server.wire().text("INFO commandstats"), "exec") > calls(&before, "exec")
    });
    let mut wire = server.wire();
    let field = "HGET circuit_breaker_state:rag_service state";
    assert_eq!(wire.text(field), "closed", "the later batch stands");
    for list in [
        "fusebox:events",
        "fusebox:audit",
        "circuit_breaker_history:rag_service",
    ] {
        assert_eq!(wire.number(&format!("XLEN {list}")), 1, "{list}");
    }
}

#[test]
fn a_transaction_whose_answer_nobody_heard_is_found_again() {
    let server = Server::start();
    let held = Held::before(server.port());
    let mut storage = Redis::open(&held.url()).expect("a URL");
    let error = storage.write(&batch(1)).expect_err("held up");
    assert!(matches!(error, StoreError::Slow { .. }), "{error}");
    held.release();
    until("the first try has arrived", || {
        server.wire().number("XLEN fusebox:events") == 1
    });
    let written = storage.write(&batch(1)).expect("answered");
    assert_eq!(written.events, [1]);
    assert_eq!(written.audit[0].id, 1);
    assert_eq!(server.wire().number("XLEN fusebox:events"), 1);
    assert_eq!(server.wire().number("XLEN fusebox:audit"), 1);
}

/// How often the server has done a command.
fn calls(stats: &str, command: &str) -> u64 {
    let line = format!("cmdstat_{command}:calls=");
    let found = stats.lines().find_map(|text| text.strip_prefix(&line));
    let digits = found.and_then(|rest| rest.split(',').next());
    digits.map_or(0, |digits| digits.parse().expect("a number"))
}

#[test]
fn several_writers_give_every_event_its_own_number_and_one_chain() {
    const WRITERS: u64 = 4;
    const BATCHES: u64 = 25;
    let server = Server::start();
    let numbers: Vec<u64> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                let mut storage = server.storage();
                scope.spawn(move || {
                    let mut numbers = Vec::new();
                    for number in 1..=BATCHES {
                        let written = storage.write(&batch(number)).expect("written");
                        numbers.extend(written.events);
                    }
                    assert!(numbers.is_sorted(), "numbers rise for each writer");
                    numbers
                })
            })
            .collect();
        let ends = writers.into_iter().map(ScopedJoinHandle::join);
        ends.flat_map(|numbers| numbers.expect("a writer"))
            .collect()
    });
    let distinct: BTreeSet<u64> = numbers.iter().copied().collect();
    assert_eq!(distinct, (1..=WRITERS * BATCHES).collect());
    let mut storage = server.storage();
    let check = verify_audit(&mut storage).expect("checked");
    assert!(
        check.holds() && check.entries == WRITERS * BATCHES,
        "{check:?}"
    );
}

#[test]
fn numbers_rise_also_after_the_server_was_emptied_and_the_log_shows_the_gap() {
    let server = Server::start();
    let mut storage = server.storage();
    for number in 1..=3 {
        storage.write(&batch(number)).expect("written");
    }
    assert_eq!(server.wire().text("FLUSHALL"), "OK");
    let check = verify_audit(&mut storage).expect("checked");
    assert!(!check.holds(), "every entry is gone: {check:?}");
    let written = storage.write(&batch(4)).expect("written");
    assert_eq!(written.events, [4]);
    assert_eq!(written.audit[0].id, 4);
    let check = verify_audit(&mut storage).expect("checked");
    assert_eq!(check.first, Some(4), "the log begins late");

    // Only the newest entries are taken away, with the log's own tools.
    storage.write(&batch(5)).expect("written");
    let mut wire = server.wire();
    assert_eq!(wire.number("XDEL fusebox:audit 5-0"), 1);
    let check = verify_audit(&mut storage).expect("checked");
    assert_eq!(check.broken.map(|broken| broken.id), Some(5));
    storage.write(&batch(6)).expect("written");
    let check = verify_audit(&mut server.storage()).expect("checked");
    assert_eq!(check.broken.map(|broken| broken.id), Some(5));
}

#[test]
fn an_entry_that_was_changed_in_the_server_shows() {
    let server = Server::start();
    let mut storage = server.storage();
    let acts = Batch {
        number: 1,
        audit: vec![act("a"), act("b"), act("c")],
        ..Batch::default()
    };
    storage.write(&acts).expect("written");
    let mut page = storage.audit(&AuditQuery::default()).expect("a page");
    page.items.reverse();
    page.items[1].who = "bob".to_owned();
    let mut wire = server.wire();
    assert_eq!(wire.number("DEL fusebox:audit"), 1);
    for entry in &page.items {
        let id = format!("{}-0", entry.id);
        let json = serde_json::to_string(entry).expect("JSON");
        wire.words(&["XADD", "fusebox:audit", &id, "entry", &json]);
    }
    let check = verify_audit(&mut storage).expect("checked");
    assert_eq!(check.broken.map(|broken| broken.id), Some(2));
}

#[test]
fn a_replay_file_finds_the_newest_transition_of_an_earlier_batch() {
    let server = Server::start();
    let mut storage = server.storage();
    let events = |number, generations: &[u32]| Batch {
        number,
        events: generations
            .iter()
            .map(|generation| transition("rag_service", *generation))
            .collect(),
        ..Batch::default()
    };
    storage.write(&events(1, &[7, 8])).expect("written");
    storage.write(&events(2, &[7, 9])).expect("written");
    let mut late = batch(3);
    late.events.clear();
    late.replays[0].generation = 7;
    storage.write(&late).expect("written");
    assert_eq!(
        storage.replay(3).expect("read").as_deref(),
        Some("replay 3")
    );
    assert_eq!(storage.replay(1).expect("read"), None);
    let page = storage.events(&EventQuery::default()).expect("a page");
    let with: Vec<u64> = page
        .items
        .iter()
        .filter(|event| event.has_replay)
        .map(|event| event.id)
        .collect();
    assert_eq!(with, [3]);
}
