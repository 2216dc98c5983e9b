//! A storage that is away, hangs or was emptied delays nothing, and loses nothing that fits.

use std::time::Duration;

use fusebox::{Definition, State};
use fusebox_store::{EventQuery, KeptCircuit, Memory, Storage, StoreError};

use super::double::{Double, Mood};
use super::{Wall, ada, memory, rag, secs, trip};
use crate::drafts::action;

fn circuits(count: usize) -> Vec<Definition> {
    let named = |n| Definition::new(format!("circuit-{n}")).settings(super::settings());
    (0..count).map(named).collect()
}

fn state_in(memory: &Memory, name: &str) -> Option<State> {
    let kept = memory.clone().load().expect("reads").circuits;
    let is_it = |kept: &KeptCircuit| kept.record.circuit == name;
    kept.into_iter()
        .find(is_it)
        .map(|kept| kept.record.saved.state)
}

#[test]
fn a_storage_that_hangs_delays_nothing_and_loses_nothing() {
    let (wall, kept) = (Wall::new(), memory());
    let double = Double::new(&kept, Mood::Works);
    let life = wall.start(double.clone(), circuits(4));
    life.flush();
    let before = life.history().len();
    double.set(Mood::Hangs);
    life.circuit("circuit-0").reset(&ada());
    double.wait_until_it_hangs();

    // All of this happens while the storage hangs in a call: the test itself would hang.
    for round in 0..1_000 {
        for circuit in life.registry.circuits() {
            trip(circuit);
            circuit.acquire().expect_err("is open");
            circuit.reset(&ada());
        }
        life.pass(secs(1));
        if round % 100 == 0 {
            assert!(life.keeper.stats().pending > 0);
        }
    }
    for circuit in life.registry.circuits() {
        trip(circuit);
    }
    assert_eq!(state_in(&kept, "circuit-1"), Some(State::Closed));

    double.set(Mood::Works);
    life.flush();
    let stats = life.keeper.stats();
    // 1,000 rounds of 4 circuits with an opening, a closing and a reset, and 4 openings at last.
    let expected = before + 1 + 4 * (1_000 * 3 + 1);
    let kept_rows = count(&kept);
    let lost = usize::try_from(stats.lost).expect("is small");
    assert!(
        kept_rows + lost >= expected,
        "{kept_rows} and {lost}, not {expected}"
    );
    for n in 0..4 {
        assert_eq!(state_in(&kept, &format!("circuit-{n}")), Some(State::Open));
    }
}

/// All rows of the history but those that say that some are missing.
fn count(memory: &Memory) -> usize {
    let mut memory = memory.clone();
    let mut query = EventQuery {
        limit: 1_000,
        ..EventQuery::default()
    };
    let mut count = 0;
    loop {
        let page = memory.events(&query).expect("reads");
        count += page.items.iter().filter(|row| row.kind != "missed").count();
        query.before = page.next;
        if page.next.is_none() {
            return count;
        }
    }
}

#[test]
fn what_fits_the_bound_is_kept_in_order_when_the_storage_comes_back() {
    let (wall, kept) = (Wall::new(), memory());
    let double = Double::new(&kept, Mood::Works);
    let life = wall.start(double.clone(), vec![rag()]);
    life.flush();
    double.set(Mood::Hangs);
    let circuit = life.circuit("rag");
    for n in 0..900_u32 {
        circuit.reset(&fusebox::Author::new(format!("author {n}")));
    }
    double.set(Mood::Works);
    let rows = life.rows_of("reset");
    let authors: Vec<_> = rows.iter().filter_map(|row| row.by.clone()).collect();
    let expected: Vec<_> = (0..900).map(|n| format!("author {n}")).collect();
    assert_eq!(authors, expected);
    assert!(rows.windows(2).all(|pair| pair[0].id < pair[1].id));
    assert_eq!(life.keeper.stats().lost, 0);
}

#[test]
fn states_coalesce_while_a_storage_hangs() {
    let (wall, kept) = (Wall::new(), memory());
    let double = Double::new(&kept, Mood::Works);
    let life = wall.start(double.clone(), vec![rag()]);
    life.flush();
    double.set(Mood::Hangs);
    life.registry
        .main()
        .open("to have something to hang at", &ada());
    double.wait_until_it_hangs();
    life.registry.main().close(&ada());
    for _ in 0..100 {
        life.circuit("rag").reset(&ada());
    }
    trip(life.circuit("rag"));
    let tried = double.seen().tried.len();
    double.set(Mood::Works);
    life.flush();
    let seen = double.seen();
    let circuits: usize = seen.tried[tried..]
        .iter()
        .map(|batch| batch.circuits.len())
        .sum();
    assert_eq!(circuits, 1, "one record for 101 changes");
    drop(seen);
    assert_eq!(state_in(&kept, "rag"), Some(State::Open));
}

#[test]
fn a_write_that_fails_is_tried_again_as_the_same_batch() {
    let (wall, kept) = (Wall::new(), memory());
    let double = Double::new(&kept, Mood::Works);
    let life = wall.start(double.clone(), vec![rag()]);
    life.flush();
    let before = double.seen().tried.len();
    double.set(Mood::Fails);
    trip(life.circuit("rag"));
    double.wait_until("three tries", |seen| seen.tried.len() >= before + 3);
    let stats = life.keeper.stats();
    assert!(
        !stats.healthy && stats.failures >= 2 && stats.pending > 0,
        "{stats:?}"
    );
    let error = stats.last_error.expect("says why");
    assert!(error.contains("pulled the plug"), "{error}");
    double.set(Mood::Works);
    life.flush();
    let stats = life.keeper.stats();
    assert!(
        stats.healthy && stats.pending == 0 && stats.lost == 0,
        "{stats:?}"
    );
    let seen = double.seen();
    let first = &seen.tried[before];
    let again = seen.tried[before..]
        .iter()
        .filter(|batch| batch.number == first.number);
    let again: Vec<_> = again.collect();
    assert!(again.len() >= 3 && again.iter().all(|batch| *batch == first));
    drop(seen);
    assert_eq!(life.rows_of("transition").len(), 1);
}

#[test]
fn what_is_asked_of_a_storage_that_hangs_is_answered_in_time() {
    let (wall, kept) = (Wall::new(), memory());
    let double = Double::new(&kept, Mood::Works);
    let after = Duration::from_millis(20);
    let builder = wall
        .builder()
        .answer_within(after)
        .tick(Duration::from_millis(1));
    let life = wall.start_with(builder, double.clone(), vec![rag()]);
    life.keeper.flushed().wait(super::SOON).expect("is kept");
    double.set(Mood::Hangs);
    trip(life.circuit("rag"));
    let slow = StoreError::Slow { after };
    let flushed = life.keeper.flushed().wait(super::SOON);
    assert_eq!(flushed, Err(slow.clone()));
    let recorded = life.keeper.record(action("hold", "rag", 1));
    assert_eq!(recorded.wait(super::SOON), Err(slow.clone()));
    let events = life.keeper.events(EventQuery::default());
    assert_eq!(events.wait(super::SOON), Err(slow));

    // The entry was not taken back.
    double.set(Mood::Works);
    super::eventually("the entry is written", || {
        let page = kept.clone().audit(&fusebox_store::AuditQuery::default());
        page.expect("reads").items.len() == 1
    });
}

#[test]
fn a_storage_that_was_emptied_knows_everything_again() {
    let (wall, kept) = (Wall::new(), memory());
    let double = Double::new(&kept, Mood::Works).rewriting_every(Duration::from_millis(5));
    let life = wall.start(double.clone(), circuits(3));
    trip(life.circuit("circuit-1"));
    life.registry.main().open("a fire", &ada());
    life.flush();
    let removed = (0..3).map(|n| format!("circuit-{n}")).collect();
    let emptied = fusebox_store::Batch {
        removed,
        main: Some(fusebox_store::MainChange::Closed),
        ..fusebox_store::Batch::default()
    };
    kept.clone().write(&emptied).expect("empties");
    let written = double.seen().written;
    double.wait_until("a write", |seen| seen.written >= written + 2);
    let all = kept.clone().load().expect("reads");
    assert_eq!(all.circuits.len(), 3);
    assert_eq!(all.main.map(|main| main.reason), Some("a fire".to_owned()));
    assert_eq!(state_in(&kept, "circuit-1"), Some(State::Open));
}
