//! The global breaker: what it opens, what it closes, and what stays as it is.

use std::time::Duration;

use fusebox::{Author, Reason};
use fusebox_queue::relay::Incident;
use serde_json::{Value, json};
use systems::stand_in::switches::{At, Behaviour, Mode};

use super::rig::Rig;
use crate::wait::{until, within};

#[tokio::test]
async fn the_first_failure_stops_everything_at_once() {
    let rig = Rig::new().await;
    rig.apis.apollo.switches.turn(Mode::Hang);
    let ids = [rig.create(20).await, rig.create(20).await];
    until(|| async { rig.calls() == 4 }).await;
    // Four workers hang; they all fail at once, and nobody else begins.
    rig.apis.apollo.switches.turn(Mode::Fail);
    until(|| rig.is_open()).await;
    assert!(!rig.service.breaker.should_allow_request());
    let queue = || async { rig.status().await["queue"]["running"] == 0 };
    until(queue).await;
    let calls = rig.calls();
    let main = rig.registry.main();
    within(
        Duration::from_millis(250),
        "the main breaker follows",
        || async { main.is_open() },
    )
    .await;
    let circuit = rig.registry.find("third-party-apis").unwrap();
    assert_eq!(circuit.acquire().unwrap_err().reason(), Reason::Main);
    for id in &ids {
        // What ended is counted before it is written, which a busy disk may be late with.
        until(|| async {
            let shown = rig.campaign(id).await;
            let jobs = shown["jobs"].as_array().unwrap();
            jobs.iter().all(|job| job["status"] == "paused")
        })
        .await;
        let shown = rig.campaign(id).await;
        assert_eq!(shown["status"], "paused");
        let reason = shown["status_reason"].as_str().unwrap();
        assert!(reason.starts_with("apollo failed (reset): "), "{reason}");
    }
    // What comes wakes the workers, and nothing goes.
    let late = rig.create(1).await;
    let shown = rig.campaign(&late).await;
    assert_eq!(
        (&shown["status"], &shown["jobs"][0]["status"]),
        (&json!("paused"), &json!("paused"))
    );
    assert_eq!(rig.calls(), calls, "nothing is sent any more");
    assert!(rig.apis.apollo.done().jobs.is_empty());
}

#[tokio::test]
async fn every_kind_of_failure_opens_it_and_is_told() {
    let kinds = [
        (
            Behaviour {
                status: 500,
                ..Mode::Fail.into()
            },
            "status",
            "500",
        ),
        (
            Behaviour {
                status: 429,
                ..Mode::Fail.into()
            },
            "status",
            "429",
        ),
        (
            Behaviour {
                status: 402,
                ..Mode::Fail.into()
            },
            "status",
            "402",
        ),
        (Mode::Refuse.into(), "status", "422"),
        (Mode::Drop.into(), "reset", ""),
        (Mode::Hang.into(), "timeout", ""),
        (
            Behaviour {
                at: At::Answer,
                ..Mode::Drop.into()
            },
            "reset",
            "",
        ),
    ];
    let rig = Rig::new().await;
    let mut ids = Vec::new();
    for (how, error_type, error) in kinds {
        ids.push(rig.create_failing(1, how.clone()).await);
        let metadata = &rig.status().await["circuit_breaker"]["metadata"];
        assert_eq!(metadata["service"], "apollo", "{how:?}");
        assert_eq!(metadata["error_type"], error_type, "{how:?}");
        assert!(
            metadata["error"].as_str().unwrap().contains(error),
            "{metadata}"
        );
        let (code, _) = rig.manage("POST", "resume-queue", &Value::Null).await;
        assert_eq!(code, 200);
    }
    for id in &ids {
        rig.completes(id).await;
    }
}

#[tokio::test]
async fn reset_closes_the_breaker_and_leaves_what_it_paused() {
    let rig = Rig::new().await;
    let old = rig.create_failing(3, Mode::Fail).await;
    let (code, answer) = rig
        .manage("POST", "circuit-breakers/apollo/reset", &Value::Null)
        .await;
    assert_eq!(
        (code, &answer["circuit_breaker"]["state"]),
        (200, &json!("closed"))
    );
    assert!(rig.service.breaker.should_allow_request() || rig.registry.main().is_open());
    until(|| async { rig.service.breaker.should_allow_request() }).await;
    assert_eq!(rig.campaign(&old).await["status"], "paused");

    // What is new goes; what was stopped waits, also over a restart.
    let new = rig.create(2).await;
    rig.completes(&new).await;
    let rig = rig.restarted(|_| ()).await;
    let shown = rig.campaign(&old).await;
    assert_eq!(shown["status"], "paused");
    assert!(
        shown["status_reason"]
            .as_str()
            .unwrap()
            .contains("apollo failed")
    );
    rig.done_are(&[(&new, 2)]);
    let (code, answer) = rig.manage("POST", "resume-queue", &Value::Null).await;
    assert_eq!(
        (code, answer),
        (200, json!({ "resumed": true, "campaigns_resumed": 1 }))
    );
    rig.completes(&old).await;
    rig.done_are(&[(&new, 2), (&old, 3)]);
}

#[tokio::test]
async fn resuming_closes_an_open_breaker_too_and_goes_on_from_where_it_stood() {
    let rig = Rig::new().await;
    let id = rig.create(12).await;
    until(|| async { rig.apis.apollo.done().jobs.len() >= 2 }).await;
    // It is done, and nobody hears of it.
    rig.misbehave_once(Behaviour {
        at: At::Answer,
        ..Mode::Drop.into()
    });
    until(|| rig.is_open()).await;
    let rig = rig.restarted(|_| ()).await;
    assert!(
        rig.is_open().await && rig.registry.main().is_open(),
        "it outlives the process"
    );
    let (code, answer) = rig
        .manage("POST", "resume-service", &json!({ "service": "apollo" }))
        .await;
    assert_eq!(
        (code, answer),
        (200, json!({ "resumed": true, "campaigns_resumed": 1 }))
    );
    assert!(!rig.is_open().await);
    rig.completes(&id).await;
    rig.done_are(&[(&id, 12)]);
    assert!(rig.apis.apollo.done().repeats <= 1, "under the same id");
}

#[tokio::test]
async fn the_first_failure_stays_the_reason_and_a_person_can_be_one() {
    let rig = Rig::new().await;
    let id = rig.create(2).await;
    rig.completes(&id).await;
    let breaker = &rig.service.breaker;
    assert!(breaker.should_allow_request());
    let told = "used up (until Monday): 10 of 10";
    for error in [told, "used up again"] {
        let incident = Incident {
            service: "perplexity".to_owned(),
            error_type: "quota".to_owned(),
            error: error.to_owned(),
        };
        breaker.record_failure(&incident, "worker").await.unwrap();
    }
    assert!(!breaker.should_allow_request());
    let state = &rig.status().await["circuit_breaker"];
    assert_eq!(state["state"], "open");
    assert_eq!(state["metadata"]["error"], told);
    assert_eq!(state["metadata"]["error_type"], "quota");
    assert_eq!(state["metadata"]["service"], "perplexity");
    breaker.manually_close("ada").await.unwrap();
    breaker.manually_close("ada").await.unwrap();
    assert!(!rig.is_open().await);
    until(|| async { breaker.should_allow_request() }).await;
    assert_eq!(
        rig.campaign(&id).await["status"],
        "completed",
        "what has ended is not paused"
    );

    // The queue's own pause, as an operator has it in the admin interface.
    rig.pause_by_hand("invoice dispute").await;
    let metadata = &rig.status().await["circuit_breaker"]["metadata"];
    assert_eq!(metadata["service"], "*");
    assert_eq!(metadata["error_type"], "manual");
    assert_eq!(metadata["reason"], "invoice dispute");
}

#[tokio::test]
async fn a_campaign_that_is_created_while_it_is_open_waits() {
    let rig = Rig::new().await;
    let body = json!({ "service": "apollo", "reason": "too many complaints" });
    assert_eq!(rig.manage("POST", "pause-service", &body).await.0, 200);
    let id = rig.create(1).await;
    let shown = rig.campaign(&id).await;
    assert_eq!(shown["status"], "paused");
    assert_eq!(
        shown["status_reason"],
        "apollo failed (manual): too many complaints"
    );
    let reset = "circuit-breakers/apollo/reset";
    assert_eq!(rig.manage("POST", reset, &Value::Null).await.0, 200);
    assert_eq!(
        rig.campaign(&id).await["status"],
        "paused",
        "it waits still"
    );
    assert_eq!(
        rig.manage("POST", "resume-queue", &Value::Null).await.0,
        200
    );
    rig.completes(&id).await;
}

#[tokio::test]
async fn who_opened_the_main_breaker_by_hand_has_to_close_it() {
    let rig = Rig::new().await;
    let ada = Author::new("ada");
    assert!(rig.registry.main().open("audit", &ada));
    assert!(!rig.service.breaker.should_allow_request());
    let (code, answer) = rig.manage("POST", "resume-queue", &Value::Null).await;
    let failed = json!({ "circuit_breaker": "the main breaker was opened by ada: audit" });
    let refused = json!({ "resumed": false, "failed_checks": failed });
    assert_eq!((code, answer), (409, refused));
    assert!(rig.registry.main().close(&ada));
    assert_eq!(
        rig.manage("POST", "resume-queue", &Value::Null).await.0,
        200
    );
}
