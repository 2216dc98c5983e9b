//! Everything that waits is bounded, and what has no room is counted.

use fusebox_store::{EventRecord, Fed, StoreError};

use super::double::{Double, Mood};
use super::{SOON, Wall, ada, memory, rag, trip};
use crate::drafts::action;

fn missed(rows: &[EventRecord]) -> u64 {
    let details = rows.iter().filter(|row| row.kind == "missed");
    let counts = details.filter_map(|row| row.details.as_ref()?.get("missed")?.as_u64());
    counts.sum()
}

#[test]
fn events_beyond_the_bound_go_oldest_first_and_are_counted() {
    let (wall, kept) = (Wall::new(), memory());
    let double = Double::new(&kept, Mood::Works);
    let builder = wall.builder().events_waiting_max(10);
    let life = wall.start_with(builder, double.clone(), vec![rag()]);
    life.flush();
    double.set(Mood::Hangs);
    life.circuit("rag").reset(&fusebox::Author::new("first"));
    double.wait_until_it_hangs();
    for n in 0..35 {
        life.circuit("rag")
            .reset(&fusebox::Author::new(format!("{n}")));
    }
    assert_eq!(life.keeper.stats().lost, 25);
    double.set(Mood::Works);
    let rows = life.history();
    let authors: Vec<_> = rows
        .iter()
        .filter(|row| row.kind == "reset")
        .filter_map(|row| row.by.as_deref())
        .collect();
    let expected: Vec<_> = (25..35).map(|n| n.to_string()).collect();
    assert_eq!(authors[0], "first");
    assert_eq!(authors[1..], expected);
    assert_eq!(missed(&rows), 25);
    let place = rows
        .iter()
        .position(|row| row.kind == "missed")
        .expect("is told");
    assert_eq!(
        rows[place + 1].by.as_deref(),
        Some("25"),
        "it stands where the gap is"
    );
}

#[test]
fn events_that_the_bus_could_not_hold_are_counted_too() {
    let (wall, kept) = (Wall::new(), memory());
    let registry = fusebox::Registry::builder().events_kept(2).build();
    let rag = registry.add(rag()).expect("is new");
    let keeper = wall.builder().start(&registry, kept).expect("starts");
    for _ in 0..2_000 {
        rag.reset(&ada());
    }
    trip(rag);
    keeper.flushed().wait(SOON).expect("is kept");
    let mut query = fusebox_store::EventQuery {
        limit: 1_000,
        ..fusebox_store::EventQuery::default()
    };
    let mut rows = Vec::new();
    loop {
        let page = keeper.events(query.clone()).wait(SOON).expect("reads");
        rows.extend(page.items);
        query.before = page.next;
        if page.next.is_none() {
            break;
        }
    }
    let of_kinds = rows
        .iter()
        .filter(|row| ["reset", "transition"].contains(&&*row.kind));
    let told = u64::try_from(of_kinds.count()).expect("is small");
    assert_eq!(told + missed(&rows), 2_001);
    assert_eq!(keeper.stats().lost, missed(&rows));
}

#[test]
fn actions_beyond_the_bound_are_refused_and_not_forgotten() {
    let (wall, kept) = (Wall::new(), memory());
    let double = Double::new(&kept, Mood::Works);
    let life = wall.start(double.clone(), vec![rag()]);
    life.flush();
    double.set(Mood::Hangs);
    trip(life.circuit("rag"));
    double.wait_until_it_hangs();
    let answers: Vec<_> = (0..1_000)
        .map(|n| life.keeper.record(action("hold", "rag", n)))
        .collect();
    let refused = life.keeper.record(action("hold", "rag", 1_000)).wait(SOON);
    assert_eq!(refused, Err(StoreError::Behind { waiting: 1_000 }));
    double.set(Mood::Works);
    for (answer, id) in answers.into_iter().zip(1..) {
        assert_eq!(answer.wait(SOON).expect("is kept").id, id);
    }
}

#[test]
fn a_slow_reader_is_told_how_much_it_missed() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept, vec![rag()]);
    life.flush();
    let (mut slow, mut fast) = (life.keeper.follow(), life.keeper.follow());
    let mut seen = Vec::new();
    for n in 0..1_500_u32 {
        life.circuit("rag").reset(&ada());
        if n % 250 == 249 {
            life.flush();
            while let Some(Fed::Event(event)) = fast.try_next() {
                seen.push(event.id);
            }
        }
    }
    assert_eq!(seen.len(), 1_500);
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(slow.try_next(), Some(Fed::Missed(1_500 - 1_024)));
    let mut left = Vec::new();
    while let Some(Fed::Event(event)) = slow.try_next() {
        left.push(event.id);
    }
    assert_eq!(left, seen[1_500 - 1_024..]);
}
