//! The writer against a storage that hangs, is full, fails and panics.

mod double;

use std::time::Duration;

use super::inbox::{BATCH_MAX, PUSHES_MAX};
use super::{Answer, Queue, Queues};
use crate::message::{NewMessage, Pushed};
use crate::record::Selection;
use crate::storage::Ending;
use crate::{PushError, QueueError, QueueSettings, StorageError};
use double::{Double, Mode, Script};

const SOON: Duration = Duration::from_secs(10);
const MINUTE: Duration = Duration::from_secs(60);
/// Too short for anything that hangs.
const AT_ONCE: Duration = Duration::ZERO;

fn open() -> (Script, Queues, Queue) {
    let script = Script::default();
    // Chores come with the first commit only.
    let builder = Queues::builder().tick(60 * MINUTE);
    let queues = builder.over(Double::new(&script)).expect("opens");
    let queue = queues.queue("receipts", QueueSettings::default());
    (script, queues, queue.expect("a fine queue"))
}

fn push(queue: &Queue) -> Answer<Pushed, PushError> {
    queue.push(NewMessage::new("body").key("k"))
}

/// Makes the writer hang in a commit, so that what comes now is in the next.
fn hang(script: &Script, queue: &Queue) -> Answer<crate::Leases> {
    script.set(Mode::Hang);
    let answer = queue.lease(0, MINUTE);
    script.wait_until_it_hangs();
    answer
}

#[test]
fn a_storage_that_hangs_refuses_pushes_beyond_a_bound_and_nothing_else() {
    let (script, queues, queue) = open();
    let hanging = hang(&script, &queue);
    let waiting: Vec<_> = (0..PUSHES_MAX).map(|_| push(&queue)).collect();
    let busy = QueueError::Busy {
        waiting: PUSHES_MAX,
    };
    assert_eq!(push(&queue).wait(AT_ONCE), Err(PushError::Queue(busy)));
    assert_eq!(queue.stats().rejected.busy, 1);
    let leases: Vec<_> = (0..300).map(|_| queue.lease(1, MINUTE)).collect();
    let slow = QueueError::Slow { after: AT_ONCE };
    let late = queue.lease(1, MINUTE);
    assert_eq!(late.wait(AT_ONCE), Err(slow));
    script.set(Mode::Work);
    assert!(hanging.wait(SOON).is_ok());
    assert!(leases.into_iter().all(|answer| answer.wait(SOON).is_ok()));
    assert!(waiting.into_iter().all(|answer| answer.wait(SOON).is_ok()));
    let commits = script.commits();
    let orders = |(pushes, others): &(usize, usize)| pushes + others;
    assert!(commits.iter().all(|commit| orders(commit) <= BATCH_MAX));
    // The first was the one that hung.
    let half = BATCH_MAX / 2;
    assert_eq!(
        commits[1..3],
        [(half, half); 2],
        "neither side waits for the other"
    );
    assert_eq!(
        commits[3],
        (BATCH_MAX - 45, 45),
        "what one leaves the other takes"
    );
    assert_eq!(queues.stats().orders_max, 256);
}

#[test]
fn pushes_that_wait_together_share_one_commit() {
    let (script, queues, queue) = open();
    let hanging = hang(&script, &queue);
    let answers: Vec<_> = (0..100).map(|_| push(&queue)).collect();
    script.set(Mode::Work);
    assert!(hanging.wait(SOON).is_ok());
    let pushed = answers.into_iter().map(|answer| answer.wait(SOON));
    let pushed: Result<Vec<_>, _> = pushed.collect();
    let pushed = pushed.expect("pushed");
    assert!(
        pushed.is_sorted_by(|a, b| a.id < b.id),
        "in the order they came"
    );
    assert_eq!(pushed[99].position, 100);
    assert_eq!(script.commits(), [(0, 1), (100, 0)]);
    let stats = queues.stats();
    assert_eq!(
        (stats.commits, stats.orders, stats.orders_max),
        (2, 101, 100)
    );
    assert_eq!(stats.commit_times.iter().sum::<u64>(), 2);
}

#[test]
fn a_full_disk_refuses_the_pushes_of_a_batch_and_the_rest_goes_on() {
    let (script, queues, queue) = open();
    push(&queue).wait(SOON).expect("pushed");
    let leased = queue.lease(1, MINUTE).wait(SOON).expect("leased");
    let tended = script.tended();
    let hanging = hang(&script, &queue);
    let refused = push(&queue);
    let arrived = Ending::Delivered { response: None };
    let settled = queue.settle(&leased.leased[0], arrived);
    script.set(Mode::Full);
    assert!(hanging.wait(SOON).is_ok());
    let full = Err(PushError::DiskFull {
        queue: "receipts".to_owned(),
    });
    assert_eq!(refused.wait(SOON), full);
    assert_eq!(settled.wait(SOON), Ok(true));
    assert_eq!(script.tended(), tended + 1, "it was told to make room");
    // From now on nobody asks the disk.
    let commits = script.commits().len();
    assert_eq!(push(&queue).wait(AT_ONCE), full);
    assert_eq!(script.commits().len(), commits);
    assert_eq!(queue.stats().rejected.disk_full, 2);
    assert!(!queues.stats().is_healthy);
    script.set(Mode::Work);
    // The next commit tells that there is room again.
    for _ in 0..2 {
        queue.lease(1, MINUTE).wait(SOON).expect("leased");
    }
    assert!(push(&queue).wait(SOON).is_ok());
    assert!(queues.stats().is_healthy);
}

#[test]
fn a_disk_that_has_no_room_at_all_tells_everybody() {
    let (script, _queues, queue) = open();
    script.set(Mode::FullForAll);
    let full = QueueError::Storage(double::full());
    assert_eq!(queue.lease(1, MINUTE).wait(SOON), Err(full));
}

#[test]
fn a_disk_with_room_for_one_order_at_a_time_drains_one_by_one() {
    let (script, _queues, queue) = open();
    let pushed = push(&queue).wait(SOON).expect("pushed");
    let hanging = hang(&script, &queue);
    let leases = [1, 0, 0].map(|max| queue.lease(max, MINUTE));
    script.set(Mode::FullForMany);
    assert!(hanging.wait(SOON).is_ok());
    let found = leases.map(|leases| leases.wait(SOON).expect("there is room for each"));
    assert_eq!(found[0].leased[0].id, pushed.id);
    // All at once, what is no push at once, and each for itself.
    let commits = script.commits();
    assert_eq!(commits[2..], [(0, 3), (0, 3), (0, 1), (0, 1), (0, 1)]);
}

#[test]
fn a_failed_commit_is_told_to_all_of_it_and_later_ones_go_on() {
    let (script, queues, queue) = open();
    let hanging = hang(&script, &queue);
    let (pushed, leased) = (push(&queue), queue.lease(1, MINUTE));
    let retried = queues.retry(Selection::Ids(vec![]));
    script.set(Mode::Fail);
    assert!(hanging.wait(SOON).is_ok());
    let failed = || QueueError::Storage(double::failed());
    assert_eq!(pushed.wait(SOON), Err(PushError::Queue(failed())));
    assert_eq!(leased.wait(SOON), Err(failed()));
    assert_eq!(retried.wait(SOON), Err(failed()));
    let stats = queues.stats();
    assert_eq!((stats.failures, stats.is_healthy), (1, false));
    assert_eq!(stats.last_error, Some(double::failed()));
    assert_eq!(queue.stats().rejected.failed, 1);
    script.set(Mode::Work);
    assert!(push(&queue).wait(SOON).is_ok());
    assert!(queues.stats().is_healthy);
}

#[test]
fn a_commit_that_failed_and_was_done_all_the_same_is_found_out() {
    let (script, _queues, queue) = open();
    script.set(Mode::DoAndFail);
    assert!(push(&queue).wait(SOON).is_err());
    assert_eq!(queue.stats().depth, 1);
    assert_eq!(queue.has_backlog("k").wait(SOON), Ok(true));
}

#[test]
fn a_slow_list_does_not_hold_up_the_question_for_a_backlog() {
    let (_script, queues, queue) = open();
    assert!(push(&queue).wait(SOON).is_ok());
    let (go_on, waits) = std::sync::mpsc::channel::<()>();
    let slow = queues.shared().desk.ask(move |_| {
        let _ = waits.recv();
        Ok(())
    });
    assert_eq!(queue.has_backlog("k").wait(SOON), Ok(true));
    assert_eq!(queue.has_backlog("l").wait(SOON), Ok(false));
    drop(go_on);
    assert_eq!(slow.wait(SOON), Ok(()));
}

#[test]
fn a_panic_of_the_storage_answers_everybody() {
    let (script, queues, queue) = open();
    let mut changes = queue.changed();
    let hanging = hang(&script, &queue);
    let (pushed, behind) = (push(&queue), queue.lease(1, MINUTE));
    script.set(Mode::Panic);
    assert!(hanging.wait(SOON).is_ok());
    assert_eq!(pushed.wait(SOON), Err(PushError::Queue(QueueError::Closed)));
    assert_eq!(behind.wait(SOON), Err(QueueError::Closed));
    assert_eq!(queues.close(SOON), Ok(()));
    assert_eq!(
        push(&queue).wait(SOON),
        Err(PushError::Queue(QueueError::Closed))
    );
    assert_eq!(queues.depths().wait(SOON), Err(QueueError::Closed));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert_eq!(changes.poll_next(&mut cx), std::task::Poll::Ready(false));
    assert!(script.is_dropped());
}

#[test]
fn the_end_waits_for_what_came_before_it() {
    let (script, queues, queue) = open();
    let hanging = hang(&script, &queue);
    let pushed = push(&queue);
    let slow = Err(QueueError::Slow { after: AT_ONCE });
    assert_eq!(queues.close(AT_ONCE), slow);
    let late = push(&queue).wait(AT_ONCE);
    assert_eq!(late, Err(PushError::Queue(QueueError::Closed)));
    script.set(Mode::Work);
    assert_eq!(queues.close(SOON), Ok(()));
    assert!(hanging.wait(AT_ONCE).is_ok() && pushed.wait(AT_ONCE).is_ok());
    assert!(script.is_dropped());
}

#[test]
fn the_last_handle_closes_the_place() {
    let (script, queues, queue) = open();
    drop(queues);
    assert!(push(&queue).wait(SOON).is_ok(), "a queue is a handle, too");
    assert!(!script.is_dropped());
    drop(queue);
    assert!(script.is_dropped());
}

#[test]
fn a_storage_that_cannot_be_read_at_the_start_opens_nothing() {
    let script = Script::default();
    script.set(Mode::Blind);
    let opened = Queues::builder().over(Double::new(&script));
    assert_eq!(opened.map(drop), Err(double::failed()));
    let is_failed = matches!(double::failed(), StorageError::Failed { .. });
    assert!(is_failed && script.is_dropped());
}
