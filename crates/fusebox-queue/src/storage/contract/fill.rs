//! Bounds.

use super::Bench;
use super::bench::{QUEUE, delivered, oldest, refused};
use crate::NewMessage;
use crate::storage::{Done, PushRefused};

fn message() -> NewMessage {
    NewMessage::new("0123456789")
}

pub(super) fn a_queue_takes_only_so_many_messages_dead_ones_included(bench: &mut Bench) {
    bench.limits.messages_max = 2;
    bench.push(message());
    bench.push(message());
    let full = Err(PushRefused::Messages(3));
    assert_eq!(bench.try_push(QUEUE, message()), full);
    assert!(bench.try_push("other", message()).is_ok());
    bench.send(refused());
    assert_eq!(bench.try_push(QUEUE, message()), full);
    bench.send(delivered());
    bench.push(message());
    assert_eq!(bench.try_push(QUEUE, message()), full);
    assert_eq!(bench.discard(oldest(10)), 1);
    bench.push(message());
    assert_eq!(bench.try_push(QUEUE, message()), full);
}

pub(super) fn a_queue_takes_only_so_many_bytes_dead_ones_included(bench: &mut Bench) {
    let size = message().size();
    bench.limits.bytes_max = 2 * size;
    bench.push(message());
    bench.push(message());
    let full = Err(PushRefused::Bytes(3 * size));
    assert_eq!(bench.try_push(QUEUE, message()), full);
    bench.send(refused());
    assert_eq!(bench.try_push(QUEUE, message()), full);
    assert_eq!(bench.depth().bytes, 2 * size);
    bench.send(delivered());
    assert_eq!(bench.depth().bytes, size);
    let larger = NewMessage::new("0123456789+");
    let full = Err(PushRefused::Bytes(2 * size + 1));
    assert_eq!(bench.try_push(QUEUE, larger), full);
    bench.push(message());
}

pub(super) fn a_batch_is_counted_order_by_order(bench: &mut Bench) {
    bench.limits.messages_max = 2;
    let orders = [(); 3].map(|()| bench.push_order(QUEUE, message()).1);
    let done = bench.commit(&orders);
    let positions: Vec<_> = done
        .into_iter()
        .map(|done| match done {
            Done::Push(pushed) => pushed.map(|pushed| pushed.position),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(positions, [Ok(1), Ok(2), Err(PushRefused::Messages(3))]);
}
