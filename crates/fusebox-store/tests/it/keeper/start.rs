//! Starts and ends with a storage that is not there.

use std::time::Duration;

use fusebox::State;
use fusebox_store::{EventQuery, Fed, StoreError};

use super::double::{Double, Mood};
use super::{SOON, Wall, ada, eventually, memory, rag, trip};
use crate::drafts::action;
use fusebox::{Definition, Registry};

fn vms() -> Definition {
    Definition::new("vms").settings(super::settings())
}

#[test]
fn a_start_goes_on_without_a_storage_and_restores_when_it_comes() {
    for mood in [Mood::Fails, Mood::Hangs] {
        let (wall, kept) = (Wall::new(), memory());
        let life = wall.start(kept.clone(), vec![rag(), vms()]);
        trip(life.circuit("rag"));
        life.circuit("vms")
            .transition(State::HalfOpen, &ada())
            .expect("is free");
        life.stop();

        let double = Double::new(&kept, mood);
        let builder = wall.builder().start_within(Duration::from_millis(5));
        let life = wall.start_with(builder, double.clone(), vec![rag(), vms()]);
        assert_eq!(
            life.circuit("rag").state(),
            State::Closed,
            "nobody knows better yet"
        );
        assert!(!life.keeper.stats().healthy);
        trip(life.circuit("vms"));
        double.wait_until("tries", |seen| seen.loads > 0);
        assert_eq!(
            double.seen().tried,
            [],
            "nothing is written over before it was read"
        );

        double.set(Mood::Works);
        eventually("it is restored", || {
            life.circuit("rag").state() == State::Open
        });
        assert_eq!(
            life.circuit("vms").state(),
            State::Open,
            "its own history counts"
        );
        life.flush();
        assert!(life.keeper.stats().healthy);
        life.stop();
        let life = wall.start(kept, vec![rag(), vms()]);
        assert_eq!(life.circuit("vms").state(), State::Open);
    }
}

#[test]
fn a_storage_that_cannot_be_read_is_an_error_at_the_start() {
    let double = Double::new(&memory(), Mood::IsBroken);
    let registry = Registry::new();
    let started = Wall::new().builder().start(&registry, double.clone());
    let error = started.expect_err("is broken");
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert_eq!(double.seen().loads, 1, "once is enough");
}

#[test]
fn the_end_writes_what_waits() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept.clone(), vec![rag()]);
    trip(life.circuit("rag"));
    let (clone, registry) = (life.keeper.clone(), life.registry.clone());
    drop(life);
    registry.find("rag").expect("is there").reset(&ada());
    drop(clone);
    let life = wall.start(kept, vec![rag()]);
    assert_eq!(
        life.circuit("rag").state(),
        State::Closed,
        "the reset was the last"
    );
    assert_eq!(life.rows_of("transition").len(), 2);
}

#[test]
fn the_end_tries_again_while_a_storage_fails() {
    let (wall, kept) = (Wall::new(), memory());
    let double = Double::new(&kept, Mood::Works);
    let life = wall.start(double.clone(), vec![rag()]);
    life.flush();
    double.set(Mood::Fails);
    trip(life.circuit("rag"));
    let tried = double.seen().tried.len();
    let closing = std::thread::spawn(move || life.keeper.close());
    double.wait_until("tries", |seen| seen.tried.len() > tried + 1);
    double.set(Mood::Works);
    assert_eq!(closing.join().expect("ends"), Ok(()));
    let life = wall.start(kept, vec![rag()]);
    assert_eq!(life.circuit("rag").state(), State::Open);
}

#[test]
fn the_end_does_not_wait_for_ever() {
    let (wall, kept) = (Wall::new(), memory());
    let double = Double::new(&kept, Mood::Works);
    let after = Duration::from_millis(30);
    let builder = wall.builder().close_within(after);
    let life = wall.start_with(builder, double.clone(), vec![rag()]);
    life.flush();
    double.set(Mood::Hangs);
    trip(life.circuit("rag"));
    double.wait_until_it_hangs();
    let waiting = life.keeper.flushed();
    let mut feed = life.keeper.follow();
    let clone = life.keeper.clone();
    assert_eq!(life.keeper.close(), Err(StoreError::Slow { after }));
    // Nobody who waited is left waiting.
    waiting.wait(SOON).expect_err("was not kept");
    while feed.try_next().is_some() {}
    let cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(feed.poll_next(&cx).is_ready(), "the feed is closed");
    let late = clone.record(action("hold", "rag", 1)).wait(SOON);
    assert_eq!(late, Err(StoreError::Closed));
    assert!(!clone.stats().healthy);
    double.set(Mood::Works);
}

#[test]
fn a_storage_that_panics_ends_the_keeper_and_nothing_else() {
    let (wall, kept) = (Wall::new(), memory());
    let double = Double::new(&kept, Mood::Works);
    let life = wall.start(double.clone(), vec![rag()]);
    life.flush();
    double.set(Mood::Panics);
    let asked = life.keeper.events(EventQuery::default());
    assert_eq!(asked.wait(SOON), Err(StoreError::Closed));
    trip(life.circuit("rag"));
    assert_eq!(life.circuit("rag").state(), State::Open);
    eventually("the keeper has ended", || {
        life.keeper.flushed().wait(SOON) == Err(StoreError::Closed)
    });
    assert_eq!(life.keeper.close(), Err(StoreError::Closed));
}

#[test]
fn a_feed_ends_with_the_keeper() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept, vec![rag()]);
    life.flush();
    let mut feed = life.keeper.follow();
    trip(life.circuit("rag"));
    let keeper = life.keeper.clone();
    life.stop();
    let Some(Fed::Event(event)) = feed.try_next() else {
        panic!("what was written before the end is told");
    };
    assert_eq!(event.kind, "transition");
    let cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert_eq!(feed.poll_next(&cx), std::task::Poll::Ready(None));
    let mut late = keeper.follow();
    assert_eq!(late.poll_next(&cx), std::task::Poll::Ready(None));
}
