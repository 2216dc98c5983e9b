//! Settings over those of a definition.

use std::time::Duration;

use axum::body::Body;
use axum::http::header;
use fusebox::{Author, Definition, Settings};

use super::asking::{Answer, Desk, between, request};

const RAG: &str = "/api/v1/circuit-breakers/rag";
const OVERRIDE: &str = "/api/v1/circuit-breakers/rag/override";

async fn put(desk: &Desk, json: &str, tag: Option<&str>) -> Answer {
    let mut sent = request("PUT", OVERRIDE);
    if let Some(tag) = tag {
        sent = sent.header(header::IF_MATCH, tag);
    }
    let sent = sent.body(Body::from(json.to_owned()));
    desk.send(sent.expect("a request")).await
}

async fn end(desk: &Desk, tag: Option<&str>) -> Answer {
    let mut sent = request("DELETE", OVERRIDE);
    if let Some(tag) = tag {
        sent = sent.header(header::IF_MATCH, tag);
    }
    desk.send(sent.body(Body::empty()).expect("a request"))
        .await
}

fn tag(answer: &Answer) -> String {
    answer.header(header::ETAG).to_owned()
}

#[tokio::test]
async fn it_is_in_force_at_once_and_shown_as_what_it_is() {
    let desk = Desk::new();
    let body = r#"{"settings": {"open_for": "90s", "consecutive_failures": 7},
        "reason": " slow today ", "for": "30m"}"#;
    let circuit = put(&desk, body, None).await.ok();
    assert_eq!(circuit["name"], "rag");
    assert_eq!(circuit["settings"]["open_for"], "90s");
    let over = &circuit["override"];
    assert_eq!(over["settings"]["consecutive_failures"], 7);
    assert_eq!(
        (&over["reason"], &over["author"]),
        (&"slow today".into(), &"local".into())
    );
    assert_eq!(between(&over["since"], &over["until"]), 30 * 60 * 1000);
    assert_eq!(desk.rag.settings().open_for(), Duration::from_secs(90));
    let shown = desk.get(OVERRIDE).await.ok();
    assert_eq!(shown["base"]["open_for"], "10s");
    // The test's clock stands still, so that instants on the wall move on between two answers.
    let again = &shown["override"];
    for key in ["settings", "reason", "author"] {
        assert_eq!(again[key], over[key], "{key}");
    }
    assert_eq!(between(&again["since"], &again["until"]), 30 * 60 * 1000);
    let effective = &shown["effective"];
    for (key, value, origin) in [
        ("open_for", "90s", "override"),
        ("consecutive_failures", "7", "override"),
        // It follows.
        ("open_for_max", "90s", "override"),
        ("jitter", "0%", "file"),
    ] {
        assert_eq!(effective[key]["value"], value, "{key}");
        assert_eq!(effective[key]["origin"], origin, "{key}");
    }
}

#[tokio::test]
async fn it_is_ended_by_hand_and_to_end_none_is_no_error() {
    let desk = Desk::new();
    put(
        &desk,
        r#"{"settings": {"open_for": "20s"}, "reason": "x"}"#,
        None,
    )
    .await
    .ok();
    let circuit = end(&desk, None).await.ok();
    assert_eq!(circuit["override"], serde_json::Value::Null);
    assert_eq!(circuit["settings"]["open_for"], "10s");
    end(&desk, None).await.ok();
    let shown = desk.get(OVERRIDE).await.ok();
    assert_eq!(shown["effective"]["open_for"]["origin"], "file");
}

#[tokio::test]
async fn it_ends_when_its_time_is_over() {
    let desk = Desk::new();
    let body = r#"{"settings": {"open_for": "20s"}, "reason": "x", "for": "10m"}"#;
    put(&desk, body, None).await.ok();
    desk.clock.advance(Duration::from_secs(599));
    desk.registry.settle_overrides();
    assert_eq!(desk.rag.settings().open_for(), Duration::from_secs(20));
    desk.clock.advance(Duration::from_secs(1));
    desk.registry.settle_overrides();
    assert_eq!(
        desk.get(RAG).await.ok()["override"],
        serde_json::Value::Null
    );
    assert_eq!(desk.rag.settings().open_for(), Duration::from_secs(10));
}

#[tokio::test]
async fn another_takes_its_place_and_begins_from_the_definition() {
    let desk = Desk::new();
    put(
        &desk,
        r#"{"settings": {"open_for": "20s"}, "reason": "x"}"#,
        None,
    )
    .await
    .ok();
    let circuit = put(
        &desk,
        r#"{"settings": {"backoff": 1.5}, "reason": "y"}"#,
        None,
    )
    .await;
    let circuit = circuit.ok();
    assert_eq!(circuit["settings"]["open_for"], "10s");
    assert_eq!(circuit["settings"]["backoff"], "1.5");
}

#[tokio::test]
async fn who_has_not_seen_the_last_change_changes_nothing() {
    let desk = Desk::new();
    let first = tag(&desk.get(RAG).await);
    assert_eq!(first, tag(&desk.get(OVERRIDE).await));
    let body = r#"{"settings": {"open_for": "20s"}, "reason": "x"}"#;
    let answer = put(&desk, body, Some(&first)).await;
    answer.ok();
    let second = tag(&answer);
    assert_ne!(first, second);
    assert_eq!(second, tag(&desk.get(RAG).await));
    let other = r#"{"settings": {"open_for": "30s"}, "reason": "y"}"#;
    for stale in [first.as_str(), "\"x\"", "", "W/\"x\", \"y\""] {
        let detail = put(&desk, other, Some(stale)).await.problem(412);
        assert!(detail.contains(&second), "{detail}");
        end(&desk, Some(stale)).await.problem(412);
    }
    assert_eq!(desk.rag.settings().open_for(), Duration::from_secs(20));
    let listed = format!("\"x\", {second}");
    put(&desk, other, Some(&listed)).await.ok();
    let ended = end(&desk, Some("*")).await;
    ended.ok();
    assert_eq!(tag(&ended), first, "the settings are what they were");
}

#[tokio::test]
async fn wrong_settings_are_named_with_what_is_allowed() {
    let desk = Desk::new();
    for (settings, parts) in [
        (
            r#"{"open_fro": "1s"}"#,
            ["open_fro", "did you mean open_for?"],
        ),
        (r#"{"open_for": "0s"}"#, ["open_for = 0s", "longer than 0s"]),
        (r#"{"open_for": 10}"#, ["open_for = 10", "a duration like"]),
        (
            r#"{"open_for": null}"#,
            ["open_for = null", "a duration like"],
        ),
        (
            r#"{"open_for": {"a": 1}}"#,
            ["open_for = an object", "a duration like"],
        ),
        (
            r#"{"open_for": ["1s"]}"#,
            ["open_for = an array", "a duration like"],
        ),
        (
            r#"{"consecutive_failures": 0}"#,
            ["consecutive_failures", "1 to 1048576"],
        ),
        (
            r#"{"consecutive_failures": 18446744073709551615}"#,
            ["9223372036854775807", "1 to"],
        ),
        (
            r#"{"minimum_calls": 11}"#,
            ["minimum_calls = 11", "1 to 10"],
        ),
        (r#"{"jitter": "200%"}"#, ["jitter", "more than 100%"]),
        (
            r#"{"slow_call_rate": "50%"}"#,
            ["slow_call_duration", "missing"],
        ),
        (
            r#"{"consecutive_failures": "off", "failure_rate": "off"}"#,
            ["consecutive_failures", "has to stay"],
        ),
        ("{}", ["settings", "name at least one"]),
    ] {
        let body = format!(r#"{{"settings": {settings}, "reason": "x"}}"#);
        let detail = put(&desk, &body, None).await.problem(422);
        for part in parts {
            assert!(detail.contains(part), "{settings}: {detail}");
        }
    }
    for body in [
        "",
        "{",
        r#"{"settings": {"open_for": "20s"}}"#,
        r#"{"settings": {"open_for": "20s"}, "reason": "  "}"#,
        r#"{"settings": {"open_for": "20s"}, "reason": "a\nb"}"#,
        r#"{"settings": {"open_for": "20s"}, "reason": "x", "for": "0s"}"#,
        r#"{"settings": {"open_for": "20s"}, "reason": "x", "until": "1m"}"#,
        r#"{"settings": "open_for", "reason": "x"}"#,
    ] {
        put(&desk, body, None).await.problem(422);
    }
    assert_eq!(
        desk.get(RAG).await.ok()["override"],
        serde_json::Value::Null
    );
}

#[tokio::test]
async fn a_definition_that_comes_later_lies_under_it() {
    let desk = Desk::new();
    put(
        &desk,
        r#"{"settings": {"open_for": "20s"}, "reason": "x"}"#,
        None,
    )
    .await
    .ok();
    let anew = Settings::builder()
        .consecutive_failures(9)
        .open_for(Duration::from_secs(3));
    let anew = Definition::new("rag").settings(anew.build().expect("good settings"));
    desk.registry
        .apply(vec![anew], &Author::new("file"))
        .expect("a reload");
    let shown = desk.get(OVERRIDE).await.ok();
    assert_eq!(shown["base"]["open_for"], "3s");
    assert_eq!(shown["effective"]["open_for"]["value"], "20s");
    assert_eq!(shown["effective"]["consecutive_failures"]["value"], "9");
    assert_eq!(shown["effective"]["consecutive_failures"]["origin"], "file");
}

#[tokio::test]
async fn a_circuit_that_is_not_there_has_none() {
    let desk = Desk::new();
    desk.get("/api/v1/circuit-breakers/nobody/override")
        .await
        .problem(404);
}
