//! What the errors of librdkafka and of a broker lead to.

use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::*;

#[tokio::test]
async fn what_arrives_is_answered_with_its_place_and_queues_nothing() {
    let world = World::new();
    let publisher = world.publisher();
    let answers = publish(&publisher, events("k", 0..20)).await;
    let places = answers.iter().map(|answer| match answer {
        Ok(Published::Delivered { offset, .. }) => *offset,
        other => panic!("{other:?}"),
    });
    assert!(places.eq(0..20));
    assert_eq!(world.read(20), texts(0..20));
    let stats = publisher.stats();
    assert_eq!((stats.live, stats.queued(), stats.unanswered), (20, 0, 0));
    assert_eq!(world.breaker.snapshot().totals.success, 20);
}

#[tokio::test]
async fn what_surely_did_not_arrive_is_queued_as_such_and_delivered_in_order() {
    let world = World::new();
    let publisher = world.builder(world.impatient()).start().unwrap();
    world.cluster.broker_down(1).unwrap();
    let answers = publish(&publisher, events("k", 0..5)).await;
    assert!(answers.iter().all(|answer| queued(answer) == Some(false)));
    let stats = publisher.stats();
    assert_eq!((stats.spilled, stats.unknown, stats.behind), (1, 0, 4));
    assert!(world.failures() >= 1);
    world.cluster.broker_up(1).unwrap();
    world.is_drained().await;
    assert_eq!(world.read(5), texts(0..5));
}

#[tokio::test]
async fn what_got_no_answer_is_queued_as_perhaps_arrived() {
    let world = World::new();
    let publisher = world.impatient_publisher().await;
    let round_trip = world.cluster.broker_round_trip_time(1, SOON);
    round_trip.unwrap();
    let answers = publish(&publisher, events("k", 0..1)).await;
    assert_eq!(queued(&answers[0]), Some(true), "{answers:?}");
    assert_eq!(publisher.stats().unknown, 1);
    let Ok(Published::Queued { pushed, .. }) = &answers[0] else {
        panic!("{answers:?}");
    };
    let record = world.queue.queues().message(pushed.id).await.unwrap();
    assert!(record.unwrap().uncertain);
}

#[tokio::test]
async fn a_leader_that_moves_is_no_failure() {
    let world = World::new();
    let publisher = world.publisher();
    let moved = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION; 3];
    world.cluster.request_errors(RDKafkaApiKey::Produce, &moved);
    let answers = publish(&publisher, events("k", 0..3)).await;
    assert!(answers.iter().all(delivered), "{answers:?}");
    assert_eq!(world.failures(), 0);
    assert_eq!(world.read(3), texts(0..3));
}

#[tokio::test]
async fn a_missing_right_is_a_failure_and_the_event_waits() {
    let world = World::new();
    let publisher = world.publisher();
    let forbidden = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED];
    world
        .cluster
        .request_errors(RDKafkaApiKey::Produce, &forbidden);
    let answers = publish(&publisher, events("k", 0..1)).await;
    assert_eq!(queued(&answers[0]), Some(false), "{answers:?}");
    assert!(world.failures() >= 1);
    world.is_drained().await;
    assert_eq!(world.read(1), texts(0..1));
}

#[tokio::test]
async fn a_missing_right_is_a_refusal_where_it_is_set_so() {
    let world = World::new();
    let settings = world.settings().refuse_unauthorized(true);
    let publisher = world.builder(settings).start().unwrap();
    let forbidden = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED];
    world
        .cluster
        .request_errors(RDKafkaApiKey::Produce, &forbidden);
    let answers = publish(&publisher, events("k", 0..1)).await;
    let refused = matches!(
        answers[0],
        Err(PublishError::Refused {
            class: "authorization",
            ..
        })
    );
    assert!(refused, "{answers:?}");
    assert_eq!((world.failures(), publisher.stats().refused), (0, 1));
}

#[tokio::test]
async fn an_event_that_is_too_large_is_refused_here_and_by_the_broker() {
    let world = World::new();
    let publisher = world.publisher();
    let large = Event::new(TOPIC, vec![0; 2 << 20]).key("k");
    let too_large = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE];
    world
        .cluster
        .request_errors(RDKafkaApiKey::Produce, &too_large);
    let mut all = vec![large];
    all.extend(events("k", 0..2));
    let answers = publish(&publisher, all).await;
    for answer in &answers[..2] {
        let class = "too_large";
        assert!(
            matches!(answer, Err(PublishError::Refused { class: told, .. }) if *told == class),
            "{answer:?}"
        );
    }
    assert!(delivered(&answers[2]), "{answers:?}");
    assert_eq!((world.failures(), publisher.stats().refused), (0, 2));
}

#[tokio::test]
async fn a_topic_that_is_not_there_is_refused_where_it_is_set_so() {
    let world = World::new();
    let settings = world.impatient().refuse_unknown_topics(true);
    let publisher = world.builder(settings).start().unwrap();
    let unknown = RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    world.cluster.topic_error("missing", unknown).unwrap();
    let answers = publish(&publisher, vec![Event::new("missing", "x")]).await;
    let class = "topic";
    assert!(
        matches!(&answers[0], Err(PublishError::Refused { class: told, .. }) if *told == class),
        "{answers:?}"
    );
    assert_eq!(world.failures(), 0);
}

#[tokio::test]
async fn a_producer_at_its_end_is_replaced_and_its_event_is_not_lost() {
    let world = World::new();
    let publisher = world.publisher();
    publish(&publisher, events("k", 0..2)).await;
    let fatal = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER];
    world.cluster.request_errors(RDKafkaApiKey::Produce, &fatal);
    let answers = publish(&publisher, events("k", 2..5)).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert!(queued(&answers[0]).is_some(), "{answers:?}");
    world.is_drained().await;
    let next = publish(&publisher, events("k", 5..6)).await;
    assert!(delivered(&next[0]), "{next:?}");
    assert_eq!(world.read(6), texts(0..6));
    assert_eq!(publisher.stats().rebuilds, 1);
}

#[tokio::test]
async fn producers_that_end_again_and_again_are_made_with_pauses() {
    let world = World::new();
    let publisher = world.plain().start().unwrap();
    publish(&publisher, events("k", 0..1)).await;
    let fatal = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER; 3];
    world.cluster.request_errors(RDKafkaApiKey::Produce, &fatal);
    // The third client is not made at once: the events of the pause fail without one.
    let answers = publish(&publisher, events("k", 1..4)).await;
    assert!(answers.iter().all(Result::is_err), "{answers:?}");
    assert_eq!(publisher.stats().rebuilds, 1);
    let arrives = async {
        while !delivered(&publisher.publish(Event::new(TOPIC, "x")).await) {
            tokio::task::yield_now().await;
        }
    };
    soon(arrives).await;
    assert_eq!(publisher.stats().rebuilds, 3);
}

#[tokio::test]
async fn a_full_queue_of_librdkafka_is_pressure_and_no_failure() {
    let world = World::new();
    let one = ("queue.buffering.max.messages", "1");
    let settings = world.settings().set(one.0, one.1);
    let publisher = world.builder(settings).start().unwrap();
    world.cluster.broker_down(1).unwrap();
    let first = publisher.publish(Event::new(TOPIC, "first"));
    let more = vec![Event::new(TOPIC, "x"), Event::new(TOPIC, "y")];
    let answers = publish(&publisher, more).await;
    assert!(answers.iter().all(|answer| queued(answer) == Some(false)));
    assert_eq!(publisher.stats().pressure, 2);
    assert_eq!(world.failures(), 0);
    world.cluster.broker_up(1).unwrap();
    assert!(delivered(&soon(first).await));
    world.is_drained().await;
}
