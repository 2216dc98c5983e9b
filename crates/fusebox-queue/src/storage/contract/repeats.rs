//! Idempotency keys.

use super::Bench;
use super::bench::{QUEUE, again, delivered, oldest, refused};
use crate::record::MessageState;
use crate::storage::PushRefused;
use crate::{MessageId, NewMessage};

fn message() -> NewMessage {
    NewMessage::new("body").key("k").idempotency_key("order-7")
}

/// The name of the first one, and where it stands.
fn repeated(bench: &mut Bench) -> (MessageId, MessageState) {
    let pushed = bench.try_push(QUEUE, message()).expect("a repeat");
    (pushed.id, pushed.before.expect("it was there"))
}

pub(super) fn a_repeat_is_answered_wherever_the_first_one_stands(bench: &mut Bench) {
    use MessageState::{Dead, Delivered, Delivering, Pending};
    let id = bench.push(message());
    assert_eq!(repeated(bench), (id, Pending), "it waits");
    let first = bench.lease(1).leased.remove(0);
    assert_eq!(first.idempotency_key.as_deref(), Some("order-7"));
    assert_eq!(repeated(bench), (id, Delivering), "it is being sent");
    assert!(bench.settle(&first, again(bench.now)));
    bench.reopen();
    assert_eq!(repeated(bench), (id, Pending), "another process asks");
    bench.send(refused());
    assert_eq!(repeated(bench), (id, Dead), "it is dead");
    assert_eq!(bench.retry(oldest(1)), 1);
    assert_eq!(repeated(bench), (id, Pending), "it waits again");
    bench.send(delivered());
    assert_eq!(repeated(bench), (id, Delivered), "it has arrived");
    let depth = bench.depth();
    assert_eq!((depth.messages, depth.dead), (0, 0));
    let elsewhere = bench.try_push("other", message()).expect("pushed");
    assert!(!elsewhere.is_repeat());
}

pub(super) fn another_message_under_the_same_name_is_refused(bench: &mut Bench) {
    let id = bench.push(message());
    let mut other = message();
    other.body = "another body".into();
    let mismatch = Err(PushRefused::Mismatch(id));
    assert_eq!(bench.try_push(QUEUE, other.clone()), mismatch);
    assert_eq!(bench.try_push(QUEUE, message().key("l")), mismatch);
    let with_path = message().attribute(":path", "/other");
    assert_eq!(bench.try_push(QUEUE, with_path), mismatch);
    bench.send(delivered());
    assert_eq!(bench.try_push(QUEUE, other), mismatch);
    // What is not part of the message does not matter, nor do headers.
    let mut uncertain = message().attribute("traceparent", "00-1-2-00");
    uncertain.uncertain = true;
    let pushed = bench.try_push(QUEUE, uncertain).expect("a repeat");
    assert_eq!((pushed.id, pushed.is_repeat()), (id, true));
}

pub(super) fn names_are_free_again_once_the_message_is_forgotten_or_discarded(bench: &mut Bench) {
    bench.push(message());
    bench.send(delivered());
    bench.now += 1;
    assert_eq!(bench.forget(bench.now, 10), 1);
    let again = bench.try_push(QUEUE, message()).expect("pushed");
    assert!(!again.is_repeat());
    bench.send(refused());
    assert_eq!(bench.discard(oldest(10)), 1);
    let again = bench.try_push(QUEUE, message()).expect("pushed");
    assert!(!again.is_repeat());
}

pub(super) fn a_full_queue_answers_a_repeat(bench: &mut Bench) {
    bench.limits.messages_max = 1;
    let id = bench.push(message());
    assert_eq!(repeated(bench), (id, MessageState::Pending));
    let other = NewMessage::new("").idempotency_key("order-8");
    let full = Err(PushRefused::Messages(2));
    assert_eq!(bench.try_push(QUEUE, other), full);
}
