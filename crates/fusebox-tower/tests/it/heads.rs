//! What the head decides by itself.

use crate::stand::{
    AGES, Broken, SECOND, call, call_by, circuit, counts, response, streamed, totals,
};
use fusebox::{CircuitBreaker, FailureClass, ManualClock, Outcome, State};
use fusebox_tower::{BreakerLayer, Classify, Took, classify_fn};
use http::header::{CONTENT_TYPE, DATE, RETRY_AFTER};
use http::response::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{Empty, Full};
use std::sync::Arc;
use std::time::Duration;
use tower::{Layer, ServiceExt, service_fn};

type Stream = http_body_util::channel::Channel<bytes::Bytes, Broken>;

/// A response whose body stays open, with a status and one header.
fn unfinished(status: StatusCode, name: &'static str, value: &str) -> Response<Stream> {
    let (sender, mut response) = streamed();
    std::mem::forget(sender); // Its drop would end the body.
    *response.status_mut() = status;
    response.headers_mut().insert(name, value.parse().unwrap());
    response
}

#[tokio::test]
async fn a_failing_status_is_recorded_while_its_body_still_flows() {
    let (_, circuit) = circuit(|builder| builder);
    let (_sender, mut failing) = streamed();
    *failing.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    let answer = call(&circuit, Ok(failing)).await.unwrap();
    assert_eq!(
        answer.body().outcome(),
        Some(Outcome::Failure(FailureClass::Status))
    );
    assert_eq!(counts(&circuit), (0, 1, 0));
    drop(answer);
    assert_eq!(counts(&circuit), (0, 1, 0));
    assert_eq!(totals(&circuit).abandoned, 0);
}

#[tokio::test]
async fn statuses_that_say_nothing_are_ignored_at_the_head() {
    let (_, circuit) = circuit(|builder| builder);
    for status in [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS] {
        let answer = call(&circuit, Ok(unfinished(status, "x", "y")))
            .await
            .unwrap();
        assert_eq!(answer.body().outcome(), Some(Outcome::Ignored));
    }
    assert_eq!(counts(&circuit), (0, 0, 2));
    assert_eq!(totals(&circuit).abandoned, 0);
}

#[tokio::test]
async fn an_error_instead_of_a_response_is_a_failure_at_once() {
    let (_, circuit) = circuit(|builder| builder);
    for _ in 0..3 {
        let error = call::<Empty<&[u8]>>(&circuit, Err(Broken))
            .await
            .unwrap_err();
        assert_eq!(error.into_inner(), Some(Broken));
    }
    assert_eq!(counts(&circuit), (0, 3, 0));
    assert_eq!(circuit.state(), State::Open);
}

#[tokio::test]
async fn a_response_without_a_body_is_a_success_at_the_head() {
    let (_, circuit) = circuit(|builder| builder);
    let empty = call(
        &circuit,
        Ok(response(StatusCode::NO_CONTENT, Empty::<&[u8]>::new())),
    )
    .await;
    let nothing = call(
        &circuit,
        Ok(response(StatusCode::OK, Full::<bytes::Bytes>::from(""))),
    )
    .await;
    assert_eq!(counts(&circuit), (2, 0, 0));
    drop((empty, nothing));
    assert_eq!(counts(&circuit), (2, 0, 0));
    assert_eq!(totals(&circuit).abandoned, 0);
}

#[tokio::test]
async fn a_change_of_protocol_is_a_success_at_the_head() {
    let (_, circuit) = circuit(|builder| builder);
    let switched = unfinished(StatusCode::SWITCHING_PROTOCOLS, "upgrade", "websocket");
    let answer = call(&circuit, Ok(switched)).await.unwrap();
    assert_eq!(answer.body().outcome(), Some(Outcome::Success));
    assert_eq!(counts(&circuit), (1, 0, 0));
}

#[tokio::test]
async fn an_event_stream_is_a_success_at_the_head_and_other_streams_are_not() {
    let (_, circuit) = circuit(|builder| builder);
    for (kind, settled) in [
        ("text/event-stream", true),
        ("Text/Event-Stream; charset=utf-8", true),
        ("text/event-stream-of-another-kind", false),
        ("application/json", false),
    ] {
        let stream = unfinished(StatusCode::OK, CONTENT_TYPE.as_str(), kind);
        let answer = call(&circuit, Ok(stream)).await.unwrap();
        assert_eq!(answer.body().outcome().is_some(), settled, "{kind}");
    }
    assert_eq!(counts(&circuit), (2, 0, 2));
}

#[tokio::test]
async fn a_failing_event_stream_is_a_failure() {
    let (_, circuit) = circuit(|builder| builder);
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let stream = unfinished(status, CONTENT_TYPE.as_str(), "text/event-stream");
    call(&circuit, Ok(stream)).await.unwrap();
    assert_eq!(counts(&circuit), (0, 1, 0));
}

#[tokio::test]
async fn an_answer_that_a_breaker_further_on_rejected_is_ignored() {
    let (_, circuit) = circuit(|builder| builder);
    for reason in ["open", "half_open", "ramp", "main", "forced_open"] {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        call(&circuit, Ok(unfinished(status, "fusebox-reason", reason)))
            .await
            .unwrap();
    }
    assert_eq!(counts(&circuit), (0, 0, 5));
    assert_eq!(circuit.state(), State::Closed);
}

#[tokio::test]
async fn an_answer_of_a_gateway_further_on_that_could_not_connect_is_a_failure() {
    let (_, circuit) = circuit(|builder| builder);
    let refused = unfinished(StatusCode::BAD_GATEWAY, "fusebox-reason", "connect");
    call(&circuit, Ok(refused)).await.unwrap();
    assert_eq!(counts(&circuit), (0, 1, 0));
}

/// Opens at once, on a 503 with this `Retry-After`, and says for how long.
async fn opened_by(retry_after: &str) -> Option<Duration> {
    let (_, circuit) = circuit(|builder| builder.consecutive_failures(1).open_for_max(AGES));
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let mut answer = unfinished(status, RETRY_AFTER.as_str(), retry_after);
    answer
        .headers_mut()
        .insert(DATE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
    call(&circuit, Ok(answer)).await.unwrap();
    assert_eq!(circuit.state(), State::Open);
    circuit.snapshot().retry_after
}

#[tokio::test]
async fn the_retry_after_of_the_failure_that_opens_lengthens_the_opening() {
    assert_eq!(opened_by("25").await, Some(25 * SECOND));
    assert_eq!(
        opened_by("Sun, 06 Nov 1994 08:50:37 GMT").await,
        Some(60 * SECOND)
    );
    assert_eq!(opened_by("5").await, Some(10 * SECOND), "never shortens it");
    assert_eq!(opened_by("soon").await, Some(10 * SECOND));
}

/// A service that takes its time, by the circuit's clock.
async fn answered_after(
    layer: BreakerLayer<Arc<CircuitBreaker>>,
    clock: &ManualClock,
    time: Duration,
) -> Option<Took> {
    let service = service_fn(|_: Request<()>| async {
        clock.advance(time);
        Ok::<_, Broken>(Response::new(Full::<bytes::Bytes>::from("body")))
    });
    let answer = layer
        .layer(service)
        .oneshot(Request::new(()))
        .await
        .unwrap();
    answer.extensions().get::<Took>().copied()
}

#[tokio::test]
async fn the_time_to_the_head_is_in_the_extensions_if_asked_for() {
    let (clock, circuit) = circuit(|builder| builder);
    let layer = BreakerLayer::new(circuit);
    assert_eq!(answered_after(layer.clone(), &clock, SECOND).await, None);
    let took = answered_after(layer.took_in_extensions(), &clock, 3 * SECOND).await;
    assert_eq!(took, Some(Took(3 * SECOND)));
}

#[tokio::test]
async fn a_closure_judges_heads_and_errors() {
    let (_, circuit) = circuit(|builder| builder);
    let judge = |answer: Result<&Parts, &Broken>| match answer {
        Ok(head) if head.status.is_success() => Outcome::Success,
        Ok(_) => Outcome::Failure(FailureClass::Status),
        Err(Broken) => Outcome::Ignored,
    };
    let layer = BreakerLayer::new(circuit.clone()).classify(classify_fn(judge));
    let missing = response(StatusCode::NOT_FOUND, Empty::<&[u8]>::new());
    call_by(layer.clone(), Ok(missing)).await.unwrap();
    call_by::<Empty<&[u8]>, _>(layer, Err(Broken))
        .await
        .unwrap_err();
    assert_eq!(counts(&circuit), (0, 1, 1));
}

#[derive(Clone)]
struct QuotaIsFailure;

impl<E, F> Classify<E, F> for QuotaIsFailure {
    fn head(&self, head: &Parts) -> Outcome {
        match head.status {
            StatusCode::TOO_MANY_REQUESTS => Outcome::Failure(FailureClass::Status),
            status => fusebox::classify::status(status.as_u16()),
        }
    }
}

#[tokio::test]
async fn a_classifier_changes_what_it_names_and_keeps_the_rest() {
    let (_, circuit) = circuit(|builder| builder);
    let layer = BreakerLayer::new(circuit.clone()).classify(QuotaIsFailure);
    for status in [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::OK,
    ] {
        let answer = response(status, Empty::<&[u8]>::new());
        call_by(layer.clone(), Ok(answer)).await.unwrap();
    }
    call_by::<Empty<&[u8]>, _>(layer, Err(Broken))
        .await
        .unwrap_err();
    assert_eq!(counts(&circuit), (1, 2, 1));
}

#[tokio::test]
async fn a_good_answer_to_a_request_that_asks_for_no_body_is_a_success_at_the_head() {
    for method in [Method::HEAD, Method::CONNECT] {
        // An abandoned one would be a failure.
        let (clock, circuit) = circuit(|builder| builder.timeout(SECOND));
        let service = service_fn(|_: Request<()>| {
            clock.advance(2 * SECOND);
            std::future::ready(Ok::<_, Broken>(Response::new(Full::<bytes::Bytes>::from(
                "GET",
            ))))
        });
        let request = Request::builder().method(&method).body(()).unwrap();
        let service = BreakerLayer::new(circuit.clone()).layer(service);
        drop(service.oneshot(request).await.unwrap());
        assert_eq!(counts(&circuit), (1, 0, 0), "{method}");
    }
}

#[tokio::test]
async fn a_failing_answer_to_head_is_a_failure_all_the_same() {
    let (_, circuit) = circuit(|builder| builder);
    let service = service_fn(|_: Request<()>| {
        let answer = response(StatusCode::BAD_GATEWAY, Full::<bytes::Bytes>::from("GET"));
        std::future::ready(Ok::<_, Broken>(answer))
    });
    let service = BreakerLayer::new(circuit.clone()).layer(service);
    drop(service.oneshot(Request::head("/").body(()).unwrap()).await);
    assert_eq!(counts(&circuit), (0, 1, 0));
}

#[tokio::test]
async fn statuses_without_a_body_are_a_success_at_the_head() {
    for status in [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED] {
        let (_, circuit) = circuit(|builder| builder);
        drop(call(&circuit, Ok(unfinished(status, "x", "y"))).await);
        assert_eq!(counts(&circuit), (1, 0, 0), "{status}");
    }
}
