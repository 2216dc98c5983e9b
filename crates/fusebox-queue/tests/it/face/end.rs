//! The end.

use fusebox_queue::{Queue, QueueError, QueueSettings, Queues, Scope, Selection};

use super::{MINUTE, SOON, delivered, lease, message, queue, queues};

#[test]
fn the_end_answers_everything_that_was_asked_before() {
    let (queues, _clock) = queues();
    let queue = queue(&queues);
    let answers: Vec<_> = (0..1000).map(|_| queue.push(message("a"))).collect();
    assert_eq!(queues.close(SOON), Ok(()));
    assert!(answers.into_iter().all(|answer| answer.wait(SOON).is_ok()));
    assert_eq!(queues.close(SOON), Ok(()));
}

#[test]
fn handles_say_after_the_end_that_it_has_come() {
    let (queues, _clock) = queues();
    let queue = queue(&queues);
    queue.push(message("a")).wait(SOON).expect("pushed");
    let leased = lease(&queue).remove(0);
    queues.clone().close(SOON).expect("closed");
    everything_is_closed(&queues, &queue);
    let settled = queue.settle(&leased, delivered()).wait(SOON);
    assert_eq!(settled, Err(QueueError::Closed));
    let later = queues.queue("later", QueueSettings::default());
    everything_is_closed(&queues, &later.expect("a fine queue"));
}

fn everything_is_closed(queues: &Queues, queue: &Queue) {
    let closed = QueueError::Closed;
    let pushed = queue.push(message("a")).wait(SOON);
    assert_eq!(pushed, Err(closed.clone().into()));
    let leased = queue.lease(1, MINUTE).wait(SOON);
    assert_eq!(leased, Err(closed.clone()));
    assert_eq!(queues.depths().wait(SOON), Err(closed.clone()));
    let retried = queues.retry(Selection::Ids(vec![])).wait(SOON);
    assert_eq!(retried, Err(closed.clone()));
    let scope = Scope::Everything;
    let resumed = queues.resume(scope.clone(), None, "", "").wait(SOON);
    assert_eq!(resumed, Err(closed.clone().into()));
    assert_eq!(queues.pause(scope, "", "").wait(SOON), Err(closed));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let told = queue.changed().poll_next(&mut cx);
    assert_eq!(told, std::task::Poll::Ready(false));
}
