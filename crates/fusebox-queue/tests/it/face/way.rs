//! The way of a message.

use std::sync::Arc;
use std::time::Duration;

use fusebox_queue::{Ending, MessageState, Query, Response};

use super::{HOUR, MINUTE, SOON, attempt, begin, delivered, lease, message, queue, queues, settle};

#[test]
fn a_message_is_pushed_leased_and_settled_by_waiting() {
    let (queues, _clock) = queues();
    let queue = queue(&queues);
    let pushed = queue.push(message("a")).wait(SOON).expect("pushed");
    assert_eq!((pushed.position, pushed.is_repeat()), (1, false));
    assert_eq!(pushed.id.time(), begin());
    let leases = queue.lease(10, MINUTE).wait(SOON).expect("leased");
    let [leased] = &leases.leased[..] else {
        panic!("{leases:?}");
    };
    assert_eq!((leased.id, &leased.body[..]), (pushed.id, &b"a"[..]));
    assert_eq!(leased.until, begin() + MINUTE);
    settle(&queue, leased, delivered());
    assert_eq!(queue.settle(leased, delivered()).wait(SOON), Ok(false));
    let record = queues.message(pushed.id).wait(SOON).expect("read");
    let state = record.map(|record| record.state);
    assert_eq!(state, Some(MessageState::Delivered));
    let stats = queue.stats();
    assert_eq!((stats.pushed, stats.leased, stats.delivered), (1, 1, 1));
    assert_eq!(stats.depth, 0);
}

#[tokio::test]
async fn a_message_is_pushed_leased_and_settled_on_a_runtime() {
    let (queues, _clock) = queues();
    let queue = queue(&queues);
    let pushed = queue.push(message("a").key("k")).await.expect("pushed");
    let leased = queue.lease(1, MINUTE).await.expect("leased").leased;
    assert_eq!(leased[0].id, pushed.id);
    assert_eq!(queue.settle(&leased[0], delivered()).await, Ok(true));
    assert_eq!(queue.has_backlog("k").await, Ok(false));
}

#[tokio::test]
async fn whoever_waits_for_changes_is_woken_by_a_push_and_by_a_settling() {
    let (queues, _clock) = queues();
    let queue = queue(&queues);
    let mut changes = queue.changed();
    let pushing = queue.clone();
    let pushed = tokio::spawn(async move { pushing.push(message("a")).await });
    assert!(changes.next().await);
    pushed.await.expect("ran").expect("pushed");
    let leased = queue.lease(1, MINUTE).await.expect("leased").leased;
    let mut changes = queue.changed();
    queue
        .settle(&leased[0], delivered())
        .await
        .expect("settled");
    assert!(changes.next().await);
}

#[test]
fn a_failed_attempt_is_made_again_when_its_time_has_come() {
    let (queues, clock) = queues();
    let queue = queue(&queues);
    queue.push(message("a")).wait(SOON).expect("pushed");
    let leased = lease(&queue).remove(0);
    let due = queue.retry_at(leased.attempts + 1, begin(), 1.0);
    let again = Ending::Again {
        counts: true,
        due,
        attempt: attempt(&queue),
        uncertain: true,
    };
    settle(&queue, &leased, again);
    let leases = queue.lease(10, MINUTE).wait(SOON).expect("leased");
    let next_due = Some(begin() + Duration::from_secs(1));
    assert_eq!((leases.leased, leases.next_due), (vec![], next_due));
    clock.advance(Duration::from_millis(999));
    assert_eq!(lease(&queue), []);
    clock.advance(Duration::from_millis(1));
    let leased = lease(&queue).remove(0);
    assert_eq!((leased.attempts, leased.uncertain), (1, true));
    assert_eq!(queue.stats().retried, 1);
    settle(
        &queue,
        &leased,
        Ending::Deferred {
            due: None,
            uncertain: false,
        },
    );
    assert_eq!(queue.stats().deferred, 1);
}

#[test]
fn a_lease_that_nobody_settles_ends_and_counts_as_a_crash() {
    let (queues, clock) = queues();
    let queue = queue(&queues);
    let pushed = queue.push(message("a")).wait(SOON).expect("pushed");
    let first = lease(&queue).remove(0);
    clock.advance(MINUTE);
    let leases = queue.lease(10, MINUTE).wait(SOON).expect("leased");
    assert_eq!((leases.leased[0].id, leases.crashed), (pushed.id, 1));
    assert_eq!(queue.settle(&first, delivered()).wait(SOON), Ok(false));
    assert_eq!(queue.stats().crashed, 1);
}

#[test]
fn an_answer_is_kept_as_far_as_the_settings_say() {
    let (queues, _clock) = queues();
    let settings = fusebox_queue::QueueSettings::default();
    let queue = super::with(&queues, {
        let mut settings = settings;
        settings.response_bytes_max = 4;
        settings
    });
    let pushed = queue.push(message("a")).wait(SOON).expect("pushed");
    let leased = lease(&queue).remove(0);
    let response = Response {
        status: 200,
        headers: vec![],
        body: "delivered".into(),
    };
    let response = Some(response);
    settle(&queue, &leased, Ending::Delivered { response });
    let record = queues.message(pushed.id).wait(SOON).expect("read");
    let response = record.and_then(|record| record.response);
    assert_eq!(response.map(|r| r.body), Some("deli".into()));
}

#[test]
fn lists_and_depths_show_what_is_there() {
    let (queues, clock) = queues();
    let queue = queue(&queues);
    let first = queue
        .push(message("a").key("k"))
        .wait(SOON)
        .expect("pushed");
    clock.advance(HOUR);
    let second = queue.push(message("b")).wait(SOON).expect("pushed");
    let query = Query {
        queue: Some("receipts".to_owned()),
        limit: 10,
        ..Query::default()
    };
    let page = queues.messages(query).wait(SOON).expect("read");
    let ids: Vec<_> = page.items.iter().map(|record| record.id).collect();
    assert_eq!((ids, page.next), (vec![first.id, second.id], None));
    let depths = queues.depths().wait(SOON).expect("read");
    let [depth] = &depths[..] else {
        panic!("{depths:?}");
    };
    assert_eq!((&*depth.queue, depth.messages), ("receipts", 2));
    assert_eq!(depth.oldest, Some(begin()));
    assert_eq!(queues.check().wait(SOON), Ok(vec![]));
    clock.advance(MINUTE);
    super::chores(&queue);
    let stats = queue.stats();
    assert_eq!((stats.depth, stats.bytes), (2, depth.bytes));
    assert_eq!(stats.oldest, Some(begin()));
}

#[test]
fn a_backlog_is_that_of_one_key() {
    let (queues, _clock) = queues();
    let queue = queue(&queues);
    // Known without reading.
    assert_eq!(queue.has_backlog("k").wait(Duration::ZERO), Ok(false));
    queue
        .push(message("a").key("k"))
        .wait(SOON)
        .expect("pushed");
    assert_eq!(queue.has_backlog("k").wait(SOON), Ok(true));
    assert_eq!(queue.has_backlog("l").wait(SOON), Ok(false));
    let leased = lease(&queue).remove(0);
    assert_eq!(queue.has_backlog("k").wait(SOON), Ok(true));
    settle(&queue, &leased, delivered());
    assert_eq!(queue.has_backlog("k").wait(Duration::ZERO), Ok(false));
}

#[test]
fn the_same_name_again_is_the_same_queue_with_new_settings() {
    let (queues, _clock) = queues();
    let one = queue(&queues);
    let mut settings = fusebox_queue::QueueSettings::default();
    settings.attempts_max = Some(7);
    let other = super::with(&queues, settings);
    assert_eq!(
        (one.settings().attempts_max, &**one.name()),
        (Some(7), "receipts")
    );
    assert!(Arc::ptr_eq(&one.settings(), &other.settings()));
    one.push(message("a")).wait(SOON).expect("pushed");
    assert_eq!(other.stats().pushed, 1);
}
