//! The way of a message.

use fusebox_queue::{Ending, MessageState};

use super::{MINUTE, SOON, message, queue, queues};

#[test]
fn a_message_is_pushed_leased_and_settled_by_waiting() {
    let (queues, _clock) = queues();
    let queue = queue(&queues);
    let pushed = queue.push(message("a")).wait(SOON).expect("pushed");
    assert_eq!((pushed.position, pushed.is_repeat), (1, false));
    let leases = queue.lease(10, MINUTE).wait(SOON).expect("leased");
    let [leased] = &leases.leased[..] else {
        panic!("{leases:?}");
    };
    assert_eq!((leased.id, &leased.body[..]), (pushed.id, &b"a"[..]));
    let arrived = Ending::Delivered { response: None };
    assert_eq!(queue.settle(leased, arrived).wait(SOON), Ok(true));
    let record = queues.message(pushed.id).wait(SOON).expect("read");
    let state = record.map(|record| record.state);
    assert_eq!(state, Some(MessageState::Delivered));
}
