//! Campaigns and their jobs.

use serde_json::{Value, json};
use systems::stand_in::switches::Mode;

use super::rig::{Rig, wanted};
use crate::http::{ask, call_with, send};
use crate::wait::until;

#[tokio::test]
async fn every_job_of_a_campaign_is_done_once_and_in_order_per_lead() {
    let rig = Rig::new().await;
    let id = rig.create(3).await;
    assert!(id.starts_with("campaign-"), "{id}");
    rig.completes(&id).await;
    rig.done_are(&[(&id, 3)]);
    let shown = rig.campaign(&id).await;
    assert_eq!(shown["jobs_total"], 6);
    assert_eq!(shown["jobs_completed"], 6);
    assert_eq!(shown["status_reason"], Value::Null);
    let job = &shown["jobs"][3];
    assert_eq!(job["id"], format!("{id}-2-2"));
    assert_eq!(job["service"], "perplexity");
    assert_eq!(job["status"], "completed");
    assert_eq!(
        job["result"]["lead"], "lead 2",
        "what the third party answered"
    );
    let next = rig.create(1).await;
    assert_ne!(next, id);
    rig.completes(&next).await;
}

#[tokio::test]
async fn a_campaign_that_is_created_again_with_its_key_is_the_same_one() {
    let rig = Rig::new().await;
    let url = format!("{}/api/v1/campaigns", rig.service.url());
    let create = async |key: &str, leads| {
        let headers = [("Idempotency-Key", key)];
        let body = wanted(leads).to_string();
        let answer = call_with("POST", &url, &headers, &body).await.unwrap();
        (answer.status, answer.body["data"]["id"].clone())
    };
    // A caller whose time was over asks again, while the first call is still under way or later.
    let (one, twin) = tokio::join!(create("order 7", 2), create("order 7", 2));
    assert_eq!((one.0, &one), (201, &twin));
    let id = one.1.as_str().unwrap();
    assert_eq!(create("order 7", 2).await, one);
    rig.completes(id).await;
    assert_eq!(create("order 7", 2).await, one, "also when all is done");
    assert_eq!(
        create("order 7", 3).await,
        (409, Value::Null),
        "another body"
    );
    let other = create("order 8", 2).await;
    assert_eq!(other.0, 201);
    let other = other.1.as_str().unwrap();
    assert_ne!(other, id);
    rig.completes(other).await;
    rig.done_are(&[(id, 2), (other, 2)]);
    assert_eq!(create(&"7".repeat(65), 2).await, (422, Value::Null));
}

#[tokio::test]
async fn the_second_step_of_a_lead_waits_for_the_first() {
    let rig = Rig::new().await;
    let id = rig.create_failing(2, Mode::Fail).await;
    assert_eq!(rig.apis.perplexity.switches.calls(), 0);
    assert_eq!(
        rig.manage("POST", "resume-queue", &Value::Null).await.0,
        200
    );
    rig.completes(&id).await;
    rig.done_are(&[(&id, 2)]);
}

#[tokio::test]
async fn a_job_that_is_refused_for_good_has_failed_and_its_campaign_goes_on() {
    let rig = Rig::new().await;
    let id = rig.create_failing(1, Mode::Refuse).await;
    let failed = || async { rig.campaign(&id).await["jobs"][0]["status"] == "failed" };
    until(failed).await;
    let shown = rig.campaign(&id).await;
    assert_eq!(shown["jobs"][1]["status"], "paused");
    assert_eq!(
        rig.manage("POST", "resume-queue", &Value::Null).await.0,
        200
    );
    rig.completes(&id).await;
    let shown = rig.campaign(&id).await;
    assert_eq!(shown["jobs_completed"], 1);
    assert!(rig.apis.apollo.done().jobs.is_empty());
}

#[tokio::test]
async fn what_is_no_campaign_is_refused_and_says_why() {
    let rig = Rig::new().await;
    let url = format!("{}/api/v1/campaigns", rig.service.url());
    let with = |field: &str, value: Value| {
        let mut wanted = wanted(1);
        wanted[field] = value;
        wanted.to_string()
    };
    let many: Vec<_> = (0..501).map(|n| n.to_string()).collect();
    let refused = [
        ("{".to_owned(), 422, "EOF"),
        (json!({ "name": "spring" }).to_string(), 422, "leads"),
        (with("name", json!(" ")), 422, "1 to 200 bytes"),
        (
            with("leads", json!(["x".repeat(201)])),
            422,
            "1 to 200 bytes",
        ),
        (with("leads", json!([])), 422, "0 jobs"),
        (with("leads", json!(many)), 422, "1002 jobs, 1 to 1000"),
        (
            with("services", json!(["nobody"])),
            422,
            "\"nobody\" is none of apollo, perplexity",
        ),
        (with("more", json!(1)), 422, "more"),
    ];
    for (body, code, detail) in refused {
        let (status, answer) = send("POST", &url, &body).await.unwrap();
        let told = answer["detail"].as_str().unwrap_or_default();
        assert_eq!(status, code, "{body}: {answer}");
        assert!(told.contains(detail), "{body}: {answer}");
    }
    // A job and a group are no campaigns.
    let id = rig.create(1).await;
    for id in [
        "campaign-1",
        "",
        "%00",
        "%ff",
        &format!("{id}-1-1"),
        &"x".repeat(5000),
    ] {
        let (status, _) = ask("GET", &format!("{url}/{id}")).await.unwrap();
        assert!(matches!(status, 400 | 404), "{id}: {status}");
    }
}
