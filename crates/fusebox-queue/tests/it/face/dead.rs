//! Dead letters.

use fusebox_queue::Selection;

use super::{SOON, lease, message, queue, queues, refused, settle};

fn oldest() -> Selection {
    Selection::Oldest {
        queue: "receipts".to_owned(),
        key: None,
        max: 10,
    }
}

#[test]
fn a_dead_letter_is_retried_before_the_rest_of_its_key() {
    let (queues, _clock) = queues();
    let queue = queue(&queues);
    let dead = queue
        .push(message("a").key("k"))
        .wait(SOON)
        .expect("pushed");
    settle(&queue, &lease(&queue)[0], refused(&queue));
    assert_eq!(queue.has_backlog("k").wait(SOON), Ok(false));
    let mut changes = queue.changed();
    assert_eq!(queues.retry(oldest()).wait(SOON), Ok(1));
    assert_eq!(queue.has_backlog("k").wait(SOON), Ok(true));
    assert_eq!(lease(&queue)[0].id, dead.id);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(changes.poll_next(&mut cx).is_ready());
    // By now the writer has looked.
    let stats = queue.stats();
    assert_eq!((stats.dead.refused, stats.depth), (1, 1));
}

#[test]
fn a_dead_letter_is_discarded_for_good() {
    let (queues, _clock) = queues();
    let queue = queue(&queues);
    let dead = queue.push(message("a")).wait(SOON).expect("pushed");
    settle(&queue, &lease(&queue)[0], refused(&queue));
    let selection = Selection::Ids(vec![dead.id]);
    assert_eq!(queues.discard(selection.clone()).wait(SOON), Ok(1));
    assert_eq!(queues.discard(selection).wait(SOON), Ok(0));
    assert_eq!(queues.message(dead.id).wait(SOON), Ok(None));
}
