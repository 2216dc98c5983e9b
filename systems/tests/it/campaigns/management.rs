//! `/api/v1/queue-management` to the letter.

use serde_json::{Value, json};
use systems::stand_in::switches::Mode;

use super::rig::Rig;
use crate::http::{ask, call_with};
use crate::wait::until;

#[tokio::test]
async fn status_has_the_teams_shape_to_the_letter() {
    let rig = Rig::new().await;
    let status = rig.status().await;
    let never = json!({ "state": "closed", "opened_at": null, "closed_at": null, "metadata": {} });
    assert_eq!(status["circuit_breaker"], never);
    let counts = json!({ "paused": 0, "running": 0 });
    assert_eq!(status["campaigns"], counts);
    assert_eq!(
        status["queue"],
        json!({ "waiting": 0, "running": 0, "failed": 0 })
    );

    rig.create_failing(1, Mode::Fail).await;
    let status = rig.status().await;
    let breaker = &status["circuit_breaker"];
    assert_eq!(breaker["state"], "open");
    assert_eq!(breaker["closed_at"], Value::Null);
    is_a_time(&breaker["opened_at"]);
    let metadata = breaker["metadata"].as_object().unwrap();
    let names: Vec<_> = metadata.keys().collect();
    assert_eq!(names, ["service", "error_type", "error", "reason", "epoch"]);
    assert_eq!(status["campaigns"]["paused"], 1);
    assert!(
        !status.to_string().contains("circuit_breakers"),
        "the old plural"
    );

    let (code, closed) = rig
        .manage("POST", "circuit-breakers/apollo/reset", &Value::Null)
        .await;
    assert_eq!(code, 200);
    let breaker = &closed["circuit_breaker"];
    assert_eq!(breaker["state"], "closed");
    assert_eq!(breaker["opened_at"], Value::Null);
    is_a_time(&breaker["closed_at"]);
    assert_eq!(breaker["metadata"], json!({}));
}

/// As in `2025-06-05T00:11:31.660101`.
fn is_a_time(value: &Value) {
    let text = value.as_str().unwrap();
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000000", "{text}");
}

#[tokio::test]
async fn a_service_is_paused_with_a_reason_and_resumed_by_the_global_resume() {
    let rig = Rig::new().await;
    let body = json!({ "service": "perplexity", "reason": "invoice dispute" });
    let (code, answer) = rig.manage("POST", "pause-service", &body).await;
    assert_eq!(code, 200);
    let metadata = &answer["circuit_breaker"]["metadata"];
    assert_eq!(metadata["service"], "perplexity");
    assert_eq!(metadata["error"], "invoice dispute");
    assert_eq!(metadata["error_type"], "manual");
    // One breaker for all: who resumes another service resumes this one too.
    let (code, answer) = rig
        .manage("POST", "resume-service", &json!({ "service": "apollo" }))
        .await;
    assert_eq!(
        (code, answer),
        (200, json!({ "resumed": true, "campaigns_resumed": 0 }))
    );
    assert!(!rig.is_open().await);
}

#[tokio::test]
async fn what_cannot_be_understood_changes_nothing_and_says_why() {
    let rig = Rig::new().await;
    let long = "x".repeat(501);
    let refused = [
        ("pause-service", Value::Null, "EOF"),
        ("pause-service", json!({ "service": "apollo" }), "reason"),
        (
            "pause-service",
            json!({ "service": "a b", "reason": "x" }),
            "is none of apollo, perplexity",
        ),
        (
            "pause-service",
            json!({ "service": "", "reason": "x" }),
            "is none of apollo, perplexity",
        ),
        (
            "pause-service",
            json!({ "service": "apollo", "reason": " " }),
            "1 to 500",
        ),
        (
            "pause-service",
            json!({ "service": "apollo", "reason": long }),
            "1 to 500",
        ),
        (
            "pause-service",
            json!({ "service": "apollo", "reason": "x", "more": 1 }),
            "more",
        ),
        ("resume-service", json!({}), "service"),
        ("resume-queue", json!({ "epoch": -1 }), "-1"),
        (
            "circuit-breakers/a%2Fb/reset",
            Value::Null,
            "is none of apollo, perplexity",
        ),
    ];
    for (path, body, detail) in refused {
        let (code, answer) = rig.manage("POST", path, &body).await;
        assert_eq!(code, 422, "{path} {body}: {answer}");
        let told = answer["detail"].as_str().unwrap();
        assert!(told.contains(detail), "{path} {body}: {told}");
    }
    assert!(!rig.is_open().await);
}

#[tokio::test]
async fn a_stale_resume_does_not_undo_a_newer_opening() {
    let rig = Rig::new().await;
    let id = rig.create_failing(1, Mode::Fail).await;
    let epoch = rig.status().await["circuit_breaker"]["metadata"]["epoch"].clone();
    assert_eq!(
        rig.manage("POST", "resume-queue", &Value::Null).await.0,
        200
    );
    rig.completes(&id).await;
    let body = json!({ "service": "apollo", "reason": "again" });
    assert_eq!(rig.manage("POST", "pause-service", &body).await.0, 200);
    let (code, answer) = rig
        .manage("POST", "resume-queue", &json!({ "epoch": epoch }))
        .await;
    assert_eq!(code, 409);
    let told = answer["failed_checks"]["circuit_breaker"].as_str().unwrap();
    assert!(told.contains("epoch"), "{told}");
    assert!(rig.is_open().await);
    let epoch = rig.status().await["circuit_breaker"]["metadata"]["epoch"].clone();
    let (code, _) = rig
        .manage("POST", "resume-queue", &json!({ "epoch": epoch }))
        .await;
    assert_eq!(code, 200);
}

#[tokio::test]
async fn a_damaged_job_keeps_the_queue_from_being_resumed_until_it_is_discarded() {
    let rig = Rig::new().await;
    let id = rig.create_failing(2, Mode::Fail).await;
    let first = format!("{id}-1-1");
    let rig = rig
        .restarted(|folder| {
            let queue = rusqlite::Connection::open(folder.path().join("queue.db")).unwrap();
            let sql = "UPDATE message SET body = X'00' WHERE idem = ?1";
            assert_eq!(queue.execute(sql, [&first]).unwrap(), 1);
        })
        .await;
    // It is found when its turn comes, and keeps nobody from going on.
    let (code, answer) = rig.manage("POST", "resume-queue", &Value::Null).await;
    assert_eq!(code, 200, "{answer}");
    rig.completes(&id).await;
    until(|| async { rig.status().await["queue"]["failed"] == 1 }).await;
    assert_eq!(rig.campaign(&id).await["jobs"][0]["status"], "discarded");

    let next = rig.create_failing(1, Mode::Fail).await;
    let (code, answer) = rig.manage("POST", "resume-queue", &Value::Null).await;
    assert_eq!(code, 409, "{answer}");
    let failed = json!({ "messages": "1 damaged messages are dead letters: discard them" });
    assert_eq!(answer["failed_checks"], failed);
    assert!(rig.is_open().await, "nothing was resumed");

    // As it says.
    let letters = format!("{}/fusebox/api/v1/dead-letters", rig.service.url());
    let (_, list) = ask("GET", &letters).await.unwrap();
    let letter = list["messages"][0]["id"].as_str().unwrap();
    let (code, answer) = ask("POST", &format!("{letters}/{letter}/discard"))
        .await
        .unwrap();
    assert_eq!(code, 200, "{answer}");
    assert_eq!(
        rig.manage("POST", "resume-queue", &Value::Null).await.0,
        200
    );
    rig.completes(&next).await;
}

#[tokio::test]
async fn the_page_of_another_host_resumes_nothing() {
    let rig = Rig::new().await;
    let body = json!({ "service": "apollo", "reason": "too many complaints" });
    assert_eq!(rig.manage("POST", "pause-service", &body).await.0, 200);
    let url = rig.service.url();
    let resume = format!("{url}/api/v1/queue-management/resume-queue");
    for page in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        let answer = call_with("POST", &resume, &[("Origin", page)], "").await;
        assert_eq!(answer.unwrap().status, 403, "{page}");
        assert!(rig.is_open().await, "{page}");
    }
    let answer = call_with("POST", &resume, &[("Origin", &url)], "").await;
    assert_eq!(answer.unwrap().status, 200, "a page of its own");
}
