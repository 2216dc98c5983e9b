//! Pushes that are refused.

use std::time::Duration;

use fusebox_queue::{PushError, QueueSettings};

use super::{SOON, delivered, lease, message, queue, queues, settle, with};

#[test]
fn a_full_queue_refuses_and_takes_again_when_something_has_left() {
    let (queues, _clock) = queues();
    let mut settings = QueueSettings::default();
    settings.messages_max = 1;
    let queue = with(&queues, settings);
    queue.push(message("a")).wait(SOON).expect("pushed");
    let full = PushError::Full {
        queue: "receipts".to_owned(),
        what: 2,
        max: 1,
        unit: "messages",
    };
    assert_eq!(queue.push(message("b")).wait(SOON), Err(full.clone()));
    let text = "the queue receipts is full: 2 of 1 messages";
    assert_eq!(full.to_string(), text);
    assert_eq!(queue.stats().rejected.messages, 1);
    let leased = lease(&queue).remove(0);
    settle(&queue, &leased, delivered());
    assert!(queue.push(message("b")).wait(SOON).is_ok());
}

#[test]
fn a_queue_that_is_full_of_bytes_refuses() {
    let (queues, _clock) = queues();
    let mut settings = QueueSettings::default();
    settings.bytes_max = 200;
    let queue = with(&queues, settings);
    queue.push(message("a")).wait(SOON).expect("pushed");
    let refused = queue.push(message("b")).wait(SOON);
    let is_right = matches!(
        refused,
        Err(PushError::Full {
            unit: "bytes",
            max: 200,
            ..
        })
    );
    assert!(is_right, "{refused:?}");
    assert_eq!(queue.stats().rejected.bytes, 1);
}

#[test]
fn a_message_that_will_never_fit_is_refused_at_once() {
    let (queues, _clock) = queues();
    let mut settings = QueueSettings::default();
    settings.message_bytes_max = 200;
    let queue = with(&queues, settings);
    let refused = queue.push(message(&"a".repeat(100))).wait(Duration::ZERO);
    let too_large = PushError::TooLarge {
        bytes: 228,
        max: 200,
    };
    assert_eq!(refused, Err(too_large));
    assert_eq!(queue.stats().rejected.too_large, 1);
}

#[test]
fn a_repeat_is_answered_with_the_first_one_and_another_message_is_not() {
    let (queues, _clock) = queues();
    let queue = queue(&queues);
    let named = |body: &str| message(body).idempotency_key("order-7");
    let first = queue.push(named("a")).wait(SOON).expect("pushed");
    let second = queue.push(named("a")).wait(SOON).expect("a repeat");
    assert_eq!((second.id, second.is_repeat()), (first.id, true));
    let mismatch = Err(PushError::Mismatch { first: first.id });
    assert_eq!(queue.push(named("b")).wait(SOON), mismatch);
    let stats = queue.stats();
    let counts = (stats.pushed, stats.repeats, stats.rejected.mismatch);
    assert_eq!((counts, stats.depth), ((1, 1, 1), 1));
}

#[test]
fn names_of_queues_are_those_of_circuits() {
    let (queues, _clock) = queues();
    for name in ["a", "7", "OFD.till_7-b", &"a".repeat(100)] {
        assert!(queues.queue(name, QueueSettings::default()).is_ok());
    }
    for name in ["", ".a", "-", "a b", "a/b", "ä", &"a".repeat(101)] {
        let refused = queues.queue(name, QueueSettings::default());
        let field = refused.map(drop).map_err(|error| error.field);
        assert_eq!(field, Err("name"), "{name}");
    }
    let mut settings = QueueSettings::default();
    settings.attempts_max = Some(0);
    let refused = queues.queue("a", settings);
    let field = refused.map(drop).map_err(|error| error.field);
    assert_eq!(field, Err("attempts_max"));
}
