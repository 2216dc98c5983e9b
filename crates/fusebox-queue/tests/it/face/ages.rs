//! What time does to messages: tests move it.

use std::time::Duration;

use fusebox_queue::{Death, Ending, ManualWallClock, MessageState, Queue, Queues};

use super::{
    HOUR, MINUTE, SOON, attempt, begin, chores, delivered, lease, message, queue, queues, settle,
};
use crate::kills::Folder;

#[test]
fn a_message_that_grows_too_old_is_a_dead_letter_without_anybody_asking() {
    let (queues, clock) = queues();
    let queue = queue(&queues);
    let old = queue
        .push(message("a").key("k"))
        .wait(SOON)
        .expect("pushed");
    clock.advance(71 * HOUR);
    let young = queue
        .push(message("b").key("k"))
        .wait(SOON)
        .expect("pushed");
    chores(&queue);
    assert_eq!(queue.stats().expired, 0);
    let mut changes = queue.changed();
    clock.advance(HOUR + Duration::from_millis(1));
    chores(&queue);
    let record = queues.message(old.id).wait(SOON).expect("read");
    let record = record.expect("kept");
    let found = (record.state, record.death);
    assert_eq!(found, (MessageState::Expired, Some(Death::Expired)));
    let stats = queue.stats();
    assert_eq!((stats.expired, stats.dead.expired), (1, 1));
    assert_eq!((stats.depth, stats.dead_letters), (1, 1));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let is_told = changes.poll_next(&mut cx);
    assert!(is_told.is_ready(), "the next of its key may go");
    assert_eq!(lease(&queue)[0].id, young.id);
}

#[test]
fn thousands_that_are_too_old_go_in_portions() {
    let (queues, clock) = queues();
    let queue = queue(&queues);
    let answers: Vec<_> = (0..1000).map(|_| queue.push(message(""))).collect();
    assert!(answers.into_iter().all(|answer| answer.wait(SOON).is_ok()));
    clock.advance(73 * HOUR);
    // Each commit is followed by one portion of 256.
    for _ in 0..5 {
        let leases = queue.lease(0, MINUTE).wait(SOON).expect("leased");
        assert_eq!(leases.leased, []);
    }
    let stats = queue.stats();
    assert_eq!((stats.expired, stats.depth), (1000, 0));
}

#[test]
fn delivered_ones_and_their_names_are_forgotten_in_time() {
    let (queues, clock) = queues();
    let queue = queue(&queues);
    let named = || message("a").idempotency_key("order-7");
    let first = queue.push(named()).wait(SOON).expect("pushed");
    let leased = lease(&queue).remove(0);
    settle(&queue, &leased, delivered());
    clock.advance(24 * HOUR);
    chores(&queue);
    let again = queue.push(named()).wait(SOON).expect("a repeat");
    assert_eq!((again.id, again.is_repeat()), (first.id, true));
    clock.advance(Duration::from_secs(1));
    chores(&queue);
    assert_eq!(queues.message(first.id).wait(SOON), Ok(None));
    let anew = queue.push(named()).wait(SOON).expect("pushed");
    assert!(!anew.is_repeat());
}

#[test]
fn chores_are_done_also_while_nothing_comes() {
    let clock = ManualWallClock::new(begin());
    let builder = Queues::builder().clock(clock.clone());
    let queues = builder.tick(Duration::from_millis(1)).in_memory();
    let queue = queue(&queues.expect("opens"));
    queue.push(message("a")).wait(SOON).expect("pushed");
    let mut changes = queue.changed();
    clock.advance(73 * HOUR);
    let (done, is_done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let told = runtime.expect("a runtime").block_on(changes.next());
        done.send(told)
    });
    assert_eq!(is_done.recv_timeout(SOON), Ok(true));
    assert_eq!(queue.stats().expired, 1);
}

/// Pushes a message, and has it wait for five seconds after a failed attempt.
fn wait_for_five_seconds(queue: &Queue) {
    queue.push(message("a")).wait(SOON).expect("pushed");
    let leased = lease(queue).remove(0);
    let again = Ending::Again {
        due: queue.now() + 5000,
        attempt: attempt(queue),
        counts: true,
        uncertain: false,
    };
    settle(queue, &leased, again);
}

#[test]
fn a_clock_that_is_set_back_delays_nothing() {
    let (queues, clock) = queues();
    let queue = queue(&queues);
    wait_for_five_seconds(&queue);
    let before = queue.now();
    clock.set_back(HOUR);
    assert_eq!(queue.now(), before);
    clock.advance(Duration::from_millis(4999));
    assert_eq!(lease(&queue), []);
    clock.advance(Duration::from_millis(1));
    assert_eq!(lease(&queue).len(), 1);
}

#[test]
fn a_clock_that_was_set_back_between_two_processes_delays_nothing() {
    let folder = Folder::new();
    let file = folder.0.join("queue.db");
    let open = |clock: &ManualWallClock| {
        let builder = Queues::builder().clock(clock.clone());
        builder.open(&file).expect("opens")
    };
    let clock = ManualWallClock::new(begin());
    let queues = open(&clock);
    wait_for_five_seconds(&queue(&queues));
    assert_eq!(queues.close(SOON), Ok(()));
    clock.set_back(HOUR);
    let queues = open(&clock);
    let queue = queue(&queues);
    assert_eq!(lease(&queue), []);
    clock.advance(Duration::from_secs(5));
    assert_eq!(lease(&queue).len(), 1);
}
