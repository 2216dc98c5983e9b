//! Rejections as answers of handlers.

use super::{header, json};
use crate::stand::{Handle, SECOND, circuit, half_open};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use fusebox::{Author, HoldKind, HoldRequest, Recovery, State};
use fusebox_tower::BreakerError;
use fusebox_tower::axum::{Rejected, RetryAfter};
use serde_json::json;
use std::time::Duration;

fn open(circuit: &Handle) {
    circuit
        .transition(State::Open, &Author::new("test"))
        .unwrap();
}

fn rejected(circuit: &Handle) -> Rejected {
    Rejected::of(circuit, circuit.acquire().unwrap_err())
}

#[tokio::test]
async fn the_answer_of_a_known_circuit_has_exactly_the_members_of_the_gateways() {
    let (clock, circuit) = circuit(|builder| builder);
    open(&circuit);
    clock.advance(Duration::from_millis(500));
    let answer = rejected(&circuit).into_response();
    assert_eq!(answer.status(), 503);
    let media_type = Some("application/problem+json");
    assert_eq!(header(&answer, "content-type"), media_type);
    assert_eq!(header(&answer, "retry-after"), Some("10"));
    assert_eq!(header(&answer, "fusebox-circuit"), Some("upstream"));
    assert_eq!(header(&answer, "fusebox-reason"), Some("open"));
    let expected = json!({
        "type": "urn:fusebox:rejected",
        "title": "The circuit breaker does not admit the call",
        "status": 503,
        "detail": "circuit upstream is open; the call was not made",
        "circuit": "upstream",
        "reason": "open",
        "state": "open",
        "retry_after": 9.5,
    });
    assert_eq!(json(answer).await, expected);
}

#[tokio::test]
async fn a_bare_rejection_leaves_out_the_circuit_that_it_does_not_know() {
    async fn handler(circuit: Handle) -> Result<&'static str, Rejected> {
        circuit.acquire()?.success();
        Ok("well")
    }
    let (_, circuit) = circuit(|builder| builder);
    open(&circuit);
    let answer = handler(circuit).await.into_response();
    assert_eq!(answer.status(), 503);
    assert_eq!(header(&answer, "fusebox-circuit"), None);
    assert_eq!(header(&answer, "fusebox-reason"), Some("open"));
    assert_eq!(header(&answer, "retry-after"), Some("10"));
    let expected = json!({
        "type": "urn:fusebox:rejected",
        "title": "The circuit breaker does not admit the call",
        "status": 503,
        "detail": "the circuit is open; the call was not made",
        "reason": "open",
        "retry_after": 10.0,
    });
    assert_eq!(json(answer).await, expected);
}

#[tokio::test]
async fn where_no_time_is_known_it_is_null_and_the_header_is_left_out() {
    let (_, circuit) = circuit(|builder| builder.recovery(Recovery::Manual));
    open(&circuit);
    let answer = rejected(&circuit).into_response();
    assert_eq!(header(&answer, "retry-after"), None);
    assert_eq!(json(answer).await["retry_after"], json!(null));
}

#[tokio::test]
async fn a_hold_and_the_machine_under_it_are_both_told() {
    let (_, circuit) = circuit(|builder| builder);
    circuit.hold(HoldRequest {
        kind: HoldKind::ForcedOpen,
        reason: "moving house".to_owned(),
        author: Author::new("ada"),
        for_: Some(Duration::from_millis(200)),
    });
    let answer = rejected(&circuit).into_response();
    assert_eq!(header(&answer, "fusebox-reason"), Some("forced_open"));
    assert_eq!(header(&answer, "retry-after"), Some("1"));
    let body = json(answer).await;
    assert_eq!(body["state"], "closed");
    assert_eq!(body["detail"], "circuit upstream is held open by hand");
}

#[tokio::test]
async fn taken_trial_places_are_told_as_such() {
    let (_, circuit) = half_open(|builder| builder);
    let _trial = circuit.acquire().unwrap();
    let body = json(rejected(&circuit).into_response()).await;
    assert_eq!(body["reason"], "half_open");
    assert_eq!(body["state"], "half_open");
}

#[tokio::test]
async fn an_error_of_the_layer_answers_for_the_breaker_or_for_the_service() {
    let (_, circuit) = circuit(|builder| builder.open_for(3 * SECOND));
    open(&circuit);
    let rejection = circuit.acquire().unwrap_err();
    let rejected: BreakerError<&str> = rejection.into();
    let answer = rejected.into_response();
    assert_eq!(answer.status(), 503);
    assert_eq!(header(&answer, "retry-after"), Some("3"));

    let inner = BreakerError::Inner((StatusCode::IM_A_TEAPOT, "short and stout"));
    assert_eq!(inner.into_response().status(), 418);
}

#[tokio::test]
async fn a_handler_that_calls_through_a_breaker_may_use_the_question_mark() {
    async fn handler(circuit: Handle, fails: bool) -> Result<String, BreakerError<StatusCode>> {
        let call = async {
            if fails {
                Err(StatusCode::BAD_GATEWAY)
            } else {
                Ok("well")
            }
        };
        Ok(circuit.call_async(call).await?.to_owned())
    }
    let (_, circuit) = circuit(|builder| builder.consecutive_failures(1));
    for (fails, expected) in [(false, 200), (true, 502), (false, 503)] {
        let answer = handler(circuit.clone(), fails).await.into_response();
        assert_eq!(answer.status(), expected);
    }
}

#[test]
fn a_rejected_call_reads_as_a_sentence_with_the_circuit_where_it_is_known() {
    let (_, circuit) = circuit(|builder| builder);
    open(&circuit);
    let rejected = rejected(&circuit);
    assert_eq!(rejected.circuit(), Some("upstream"));
    let text = "upstream: the circuit is open; try again in 10.0 s";
    assert_eq!(rejected.to_string(), text);
    let bare = Rejected::from(rejected.rejection());
    assert_eq!(bare.circuit(), None);
    assert_eq!(bare.to_string(), text["upstream: ".len()..]);
}

#[test]
fn an_answer_of_ones_own_has_retry_after_while_its_circuit_is_open_for_callers() {
    let told = |circuit: &Handle| {
        let answer = (RetryAfter::of(circuit), "away").into_response();
        header(&answer, "retry-after").map(str::to_owned)
    };
    let (clock, closed) = circuit(|builder| builder);
    assert_eq!(told(&closed), None);
    open(&closed);
    clock.advance(Duration::from_millis(500));
    assert_eq!(told(&closed).as_deref(), Some("10"), "rounded up");
    let (_, by_hand) = circuit(|builder| builder.recovery(Recovery::Manual));
    open(&by_hand);
    assert_eq!(told(&by_hand), None, "nobody knows when");
    let (_, half) = half_open(|builder| builder);
    let _trial = half.acquire().unwrap();
    assert_eq!(told(&half), None, "half-open is not open");
}
