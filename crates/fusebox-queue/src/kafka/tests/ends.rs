//! The end of a publisher.

use super::*;

#[tokio::test]
async fn what_is_on_its_way_at_the_end_is_queued_in_order_when_its_time_is_over() {
    let world = World::new();
    let publisher = world.builder(world.settings()).drain_for(SECOND / 10);
    let publisher = publisher.start().unwrap();
    publish(&publisher, events("k", 0..1)).await;
    world.cluster.broker_round_trip_time(1, SOON).unwrap();
    let publishing = events("k", 1..5).into_iter();
    let publishing = publishing.map(|event| publisher.publish(event)).collect();
    let closed = soon(publisher.close()).await;
    assert_eq!(
        (closed.queued, closed.unanswered, closed.failed),
        (4, 0, 0),
        "{closed:?}"
    );
    let answers = answers(publishing).await;
    // Only the first was sent.
    let uncertain: Vec<_> = answers.iter().map(queued).collect();
    assert_eq!(uncertain[1..], [Some(false); 3]);
    assert!(uncertain[0].is_some());
    let leases = world.queue.lease(1, SECOND).await.unwrap();
    assert_eq!(leases.leased[0].body, "1");
    assert_eq!(world.queue.stats().depth, 4);
    // That its time was over was the publisher's wish, and Kafka had no part in it.
    assert_eq!(world.failures(), 0);
}

#[tokio::test]
async fn what_arrives_in_time_is_waited_for() {
    let world = World::new();
    let publisher = world.publisher();
    let publishing = events("k", 0..100).into_iter();
    let publishing = publishing.map(|event| publisher.publish(event)).collect();
    let closed = soon(publisher.close()).await;
    assert_eq!((closed.delivered, closed.queued), (100, 0), "{closed:?}");
    assert!(answers(publishing).await.iter().all(delivered));
    assert_eq!(world.read(100), texts(0..100));
}

#[tokio::test]
async fn without_a_queue_what_has_not_arrived_at_the_end_is_an_error() {
    let world = World::new();
    let plain = world.plain().drain_for(Duration::ZERO).start().unwrap();
    world.cluster.broker_down(1).unwrap();
    let publishing = events("k", 0..3).into_iter();
    let publishing = publishing.map(|event| plain.publish(event)).collect();
    let closed = soon(plain.close()).await;
    assert_eq!((closed.failed, closed.unanswered), (3, 0), "{closed:?}");
    assert!(answers(publishing).await.iter().all(Result::is_err));
}

#[tokio::test]
async fn a_closed_publisher_takes_nothing_and_closes_once() {
    let world = World::new();
    let publisher = world.publisher();
    soon(publisher.close()).await;
    let refused = soon(publisher.publish(Event::new(TOPIC, "x"))).await;
    assert_eq!(refused, Err(PublishError::Closed));
    let again = soon(publisher.close()).await;
    assert_eq!((again.delivered, again.queued, again.unanswered), (0, 0, 0));
}

#[tokio::test]
async fn an_event_is_published_also_if_nobody_waits_for_its_answer() {
    let world = World::new();
    let publisher = world.publisher();
    drop(publisher.publish(Event::new(TOPIC, "0")));
    let closed = soon(publisher.close()).await;
    assert_eq!(closed.delivered, 1);
    assert_eq!(world.read(1), texts(0..1));
}

#[test]
fn without_a_runtime_it_does_not_start() {
    let settings = KafkaSettings::new("host:1");
    let error = KafkaPublisher::builder(settings).start().unwrap_err();
    assert_eq!(error, super::super::KafkaPublisherError::Runtime);
}
