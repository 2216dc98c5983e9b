//! What goes to the queue unsent, what happens when it is full, and what there is without one.

use super::*;
use crate::PushError;

#[tokio::test]
async fn an_open_circuit_sends_nothing_and_the_end_of_it_delivers_in_order() {
    let world = World::new();
    world.open();
    let publisher = world.publisher();
    let answers = publish(&publisher, events("k", 0..50)).await;
    assert!(answers.iter().all(|answer| queued(answer) == Some(false)));
    let stats = publisher.stats();
    assert_eq!((stats.rejected, stats.behind, stats.live), (1, 49, 0));
    assert_eq!(world.breaker.fallbacks(), [("queue", 50)]);
    world.close();
    world.is_drained().await;
    assert_eq!(world.read(50), texts(0..50));
}

#[tokio::test]
async fn while_a_key_waits_its_events_queue_behind_and_others_are_sent() {
    let world = World::new();
    world.open();
    let publisher = world.publisher();
    publish(&publisher, events("waits", 0..1)).await;
    let scope = crate::Scope::Queue("events".into());
    let paused = world.queue.queues().pause(scope, "a test", "test").await;
    paused.unwrap();
    world.close();
    let behind = publish(&publisher, events("waits", 1..2)).await;
    assert_eq!(queued(&behind[0]), Some(false), "{behind:?}");
    let mut other = events("other", 2..3);
    other.push(Event::new(TOPIC, "3"));
    let other = publish(&publisher, other).await;
    assert!(other.iter().all(delivered), "{other:?}");
    assert_eq!(publisher.stats().behind, 1);
}

#[tokio::test]
async fn a_full_queue_is_an_error_for_the_caller_and_takes_events_again_once_there_is_room() {
    let mut settings = KafkaPublisher::queue_settings();
    settings.messages_max = 3;
    let world = World::with(settings);
    world.open();
    let publisher = world.publisher();
    let answers = publish(&publisher, events("k", 0..5)).await;
    assert!(answers[..3].iter().all(|answer| queued(answer).is_some()));
    for answer in &answers[3..] {
        let full = PushError::Full {
            queue: "events".into(),
            what: 4,
            max: 3,
            unit: "messages",
        };
        match answer {
            Err(PublishError::NotKept {
                source, uncertain, ..
            }) => assert_eq!((source, *uncertain), (&full, false)),
            other => panic!("{other:?}"),
        }
    }
    let stats = publisher.stats();
    assert_eq!((stats.not_kept, stats.overflowed), (2, 2));
    world.close();
    world.is_drained().await;
    let again = publish(&publisher, events("k", 3..4)).await;
    assert!(delivered(&again[0]), "{again:?}");
    assert_eq!(world.read(4), texts(0..4));
}

#[tokio::test]
async fn the_queue_of_a_publisher_holds_a_thousand_and_lets_none_overtake_another() {
    let settings = KafkaPublisher::queue_settings();
    assert_eq!(settings.messages_max, 1000);
    assert_eq!((settings.attempts_max, settings.age_max), (None, None));
    assert_eq!(settings.check(), Ok(()));
}

#[tokio::test]
async fn without_a_queue_what_fails_is_the_callers() {
    let world = World::new();
    let plain = world.plain().start().unwrap();
    assert!(plain.relay().is_none());
    let sent = publish(&plain, events("k", 0..1)).await;
    assert!(delivered(&sent[0]), "{sent:?}");
    let plain = KafkaPublisher::builder(world.impatient()).start().unwrap();
    world.cluster.broker_down(1).unwrap();
    let failed = publish(&plain, events("k", 1..2)).await;
    let surely = matches!(
        failed[0],
        Err(PublishError::Failed {
            uncertain: false,
            ..
        })
    );
    assert!(surely, "{failed:?}");
    assert_eq!(plain.stats().failed, 1);
}

#[tokio::test]
async fn a_circuit_without_a_queue_rejects() {
    let world = World::new();
    world.open();
    let publisher = world.plain().breaker(Arc::clone(&world.breaker));
    let publisher = publisher.start().unwrap();
    let answers = publish(&publisher, events("k", 0..1)).await;
    assert!(
        matches!(answers[0], Err(PublishError::Rejected(_))),
        "{answers:?}"
    );
}

#[tokio::test]
async fn events_with_one_id_are_queued_once() {
    let world = World::new();
    world.open();
    let publisher = world.publisher();
    let event = || Event::new(TOPIC, "x").key("k").id("mine");
    let answers = publish(&publisher, vec![event(), event()]).await;
    let repeats = answers.iter().map(|answer| match answer {
        Ok(Published::Queued { pushed, .. }) => pushed.is_repeat,
        other => panic!("{other:?}"),
    });
    assert!(repeats.eq([false, true]));
}

#[tokio::test]
async fn events_that_cannot_be_sent_are_refused_at_once() {
    let world = World::new();
    world.open();
    let publisher = world.publisher();
    let event = Event::new("no topic", "x");
    let refused = soon(publisher.publish(event)).await;
    let class = "event";
    assert!(matches!(refused, Err(PublishError::Refused { class: told, .. }) if told == class));
    assert_eq!(publisher.stats().refused, 1);
}
