//! Events: in Kafka, or in the queue while it is away.

use serde_json::Value;
use systems::stand_in::essay_services::EssayServices;

use super::kafka::Kafka;
use super::rig::{KAFKA, Rig};
use crate::folder::Folder;
use crate::wait::until;

fn batches(events: &[Value]) -> Vec<&str> {
    let batches = events.iter().map(|event| event["batch_id"].as_str());
    batches.map(Option::unwrap).collect()
}

async fn rig(kafka: &Kafka, set: &[(&str, &str)]) -> Rig {
    let servers = kafka.servers();
    let mut all = vec![("KAFKA_BOOTSTRAP_SERVERS", servers.as_str())];
    all.extend(set);
    Rig::over(EssayServices::start().await.unwrap(), Folder::new(), &all).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_delivered_and_says_what_was_done() {
    let kafka = Kafka::start();
    let rig = rig(&kafka, &[]).await;
    until(|| async { rig.resolve("b1").await.body["event"] == "delivered" }).await;
    until(|| async { rig.assess("e1").await.body["event"] == "delivered" }).await;
    let resolved = &kafka.read("batch.pipeline_resolved", 1)[0];
    assert_eq!(resolved["event"], "batch.pipeline_resolved");
    assert_eq!(resolved["source"], "conductor");
    let assessed = &kafka.read("essay.assessed", 1)[0];
    assert_eq!(
        (&assessed["essay_id"], &assessed["provider"]),
        (&"e1".into(), &"anthropic".into())
    );
    assert!(assessed["at"].as_str().unwrap().ends_with('Z'));
    rig.platform.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_an_outage_outlive_a_restart_and_arrive_in_order() {
    let kafka = Kafka::start();
    let servers = kafka.servers();
    let set = [("KAFKA_BOOTSTRAP_SERVERS", servers.as_str())];
    let rig = Rig::new(&set).await;
    for number in 0..5 {
        assert_eq!(
            rig.resolve(&format!("b{number}")).await.body["event"],
            "queued"
        );
    }
    let rig = rig.restarted(&set).await;
    // As open as it was; a person closes it.
    let by = fusebox::Author::new("test");
    rig.circuit(KAFKA)
        .transition(fusebox::State::Closed, &by)
        .unwrap();
    let events = kafka.read("batch.pipeline_resolved", 5);
    assert_eq!(batches(&events), ["b0", "b1", "b2", "b3", "b4"]);
    rig.platform.end().await.unwrap();
}

#[tokio::test]
async fn a_full_queue_is_told_to_the_caller() {
    let rig = Rig::new(&[("KAFKA_FALLBACK_QUEUE_SIZE", "2")]).await;
    for status in [200, 200, 503, 503] {
        assert_eq!(rig.resolve("b1").await.status, status);
    }
}

#[tokio::test]
async fn without_its_fallback_what_kafka_does_not_take_is_the_callers() {
    let rig = Rig::new(&[("FALLBACKS_OFF", KAFKA)]).await;
    assert_eq!(rig.resolve("b1").await.status, 503);
}
