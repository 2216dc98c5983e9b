//! The switch above all circuits, by the API.

use std::time::Duration;

use fusebox::Reason;
use serde_json::json;

use super::asking::{Desk, between, request};

const MAIN: &str = "/api/v1/main";

#[tokio::test]
async fn it_is_closed_and_has_nothing_to_tell() {
    let desk = Desk::new();
    let nothing =
        json!({"state": "closed", "reason": null, "author": null, "since": null, "circuit": null});
    assert_eq!(desk.get(MAIN).await.ok(), nothing);
    let closed = desk.post(MAIN, r#"{"state": "closed"}"#).await.ok();
    assert_eq!(closed, nothing, "closing it twice is no error");
}

#[tokio::test]
async fn opened_it_stops_every_circuit_and_says_why_until_it_is_closed() {
    let desk = Desk::new();
    let body = r#"{"state": "open", "reason": " invoice dispute "}"#;
    let opened = desk.post(MAIN, body).await.ok();
    assert_eq!(opened["state"], "open");
    assert_eq!(opened["reason"], "invoice dispute");
    assert_eq!(opened["author"], "local");
    assert_eq!(opened["circuit"], json!(null));
    for circuit in [desk.rag, desk.vms] {
        assert_eq!(circuit.acquire().unwrap_err().reason(), Reason::Main);
    }

    desk.clock.advance(Duration::from_secs(90));
    let again = desk
        .post(MAIN, r#"{"state": "open", "reason": "x"}"#)
        .await
        .ok();
    assert_eq!(again["reason"], "invoice dispute", "the first reason stays");
    // The test's clock moved and the wall's did not.
    let earlier = between(&again["since"], &opened["since"]);
    assert!((85_000..=90_000).contains(&earlier), "{earlier} ms");

    let closed = desk
        .post(MAIN, r#"{"state": "closed", "reason": "paid"}"#)
        .await
        .ok();
    assert_eq!(closed["state"], "closed");
    assert_eq!(closed["reason"], json!(null));
    desk.vms.acquire().expect("a call is admitted").success();
}

#[tokio::test]
async fn what_is_not_allowed_is_refused_with_what_is() {
    let desk = Desk::new();
    for (body, said) in [
        (r#"{"state": "half_open"}"#, "is not open or closed"),
        (r#"{"state": "open", "for": "1h"}"#, "unknown field `for`"),
        (r#"{"reason": "x"}"#, "missing field `state`"),
        ("", "body"),
        (r#"{"state": "open", "reason": "a\nb"}"#, "one line"),
    ] {
        let detail = desk.post(MAIN, body).await.problem(422);
        assert!(detail.contains(said), "{body}: {detail}");
    }
    assert_eq!(desk.get(MAIN).await.ok()["state"], "closed");
    desk.delete(MAIN).await.problem(405);
}

#[tokio::test]
async fn a_stranger_s_page_cannot_turn_it() {
    let desk = Desk::new();
    let stranger = request("POST", MAIN).header("origin", "http://example.com");
    let body = axum::body::Body::from(r#"{"state": "open"}"#);
    desk.send(stranger.body(body).expect("a request"))
        .await
        .problem(403);
    assert_eq!(desk.get(MAIN).await.ok()["state"], "closed");
}
