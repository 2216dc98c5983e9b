//! Services that say at the end of the body how the call went, as those of gRPC do.

use crate::stand::{Broken, Handle, SECOND, call_by, circuit, counts, streamed};
use bytes::Bytes;
use fusebox::{FailureClass, Outcome, State};
use fusebox_tower::{BreakerLayer, Classify};
use http::{HeaderMap, HeaderValue, Response};
use http_body_util::channel::Channel;
use http_body_util::{BodyExt, Collected};

/// UNAVAILABLE is a failure, and CANCELLED is the caller's.
#[derive(Clone)]
struct ByGrpcStatus;

impl<E, F> Classify<E, F> for ByGrpcStatus {
    fn trailers(&self, trailers: &HeaderMap) -> Outcome {
        match trailers.get("grpc-status").map(HeaderValue::as_bytes) {
            Some(b"14") => Outcome::Failure(FailureClass::Status),
            Some(b"1") => Outcome::Ignored,
            _ => Outcome::Success,
        }
    }
}

/// A good answer with a message, then with this status.
async fn ends_with(status: &'static str) -> Response<Channel<Bytes, Broken>> {
    let (mut sender, response) = streamed();
    sender.send_data(Bytes::from("message")).await.unwrap();
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static(status));
    sender.send_trailers(trailers).await.unwrap();
    response
}

async fn read(circuit: &Handle, status: &'static str) -> Collected<Bytes> {
    let layer = BreakerLayer::new(circuit.clone()).classify(ByGrpcStatus);
    let answer = call_by(layer, Ok(ends_with(status).await)).await.unwrap();
    answer.into_body().collect().await.unwrap()
}

#[tokio::test]
async fn a_classifier_may_judge_by_trailers() {
    let (_, circuit) = circuit(|builder| builder);
    for (status, expected) in [("0", (1, 0, 0)), ("1", (1, 0, 1)), ("14", (1, 1, 1))] {
        let whole = read(&circuit, status).await;
        assert_eq!(whole.trailers().unwrap()["grpc-status"], status);
        assert_eq!(whole.to_bytes(), "message");
        assert_eq!(counts(&circuit), expected, "{status}");
    }
    read(&circuit, "14").await;
    read(&circuit, "14").await;
    assert_eq!(circuit.state(), State::Open);
}

#[tokio::test]
async fn trailers_that_come_after_settle_after_are_not_judged() {
    let (clock, circuit) = circuit(|builder| builder);
    let layer = BreakerLayer::new(circuit.clone()).classify(ByGrpcStatus);
    let answer = call_by(layer.settle_after(SECOND), Ok(ends_with("14").await));
    let mut body = answer.await.unwrap().into_body();
    assert!(body.frame().await.unwrap().unwrap().is_data());
    clock.advance(SECOND);
    assert!(body.frame().await.unwrap().unwrap().is_trailers());
    assert_eq!(counts(&circuit), (1, 0, 0));
}

#[cfg(feature = "stack")]
#[tokio::test]
async fn a_stack_judges_by_them_too() {
    use fusebox_tower::stack::Stack;
    use http::Request;
    use tower::{Layer, ServiceExt, service_fn};

    let (_, circuit) = circuit(|builder| builder);
    let service = service_fn(|_: Request<()>| async { Ok::<_, Broken>(ends_with("14").await) });
    let stack = Stack::new(circuit.clone()).classify(ByGrpcStatus);
    let answer = stack.layer(service).oneshot(Request::new(())).await;
    answer.unwrap().into_body().collect().await.unwrap();
    assert_eq!(counts(&circuit), (0, 1, 0));
}
