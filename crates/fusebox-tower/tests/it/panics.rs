//! A panic counts as a failure, wherever it happens and whoever catches it.

use crate::stand::{Broken, Handle, SECOND, call, circuit, counts, streamed, totals};
use bytes::Bytes;
use fusebox::{FailureClass, Outcome, State};
use fusebox_tower::{BreakerLayer, classify_fn};
use http::response::Parts;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tower::{Layer, Service, service_fn};

type Nothing = Empty<&'static [u8]>;

/// Polls once and catches a panic, as a layer further out would.
fn panics<F: Future>(future: Pin<&mut F>) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    catch_unwind(AssertUnwindSafe(|| future.poll(&mut cx).is_ready())).is_err()
}

/// A body that panics when it is read.
pub(crate) struct Panicking;

impl Body for Panicking {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        panic!("a broken body");
    }
}

fn layer(circuit: &Handle) -> BreakerLayer<Handle> {
    BreakerLayer::new(circuit.clone())
}

#[tokio::test]
async fn a_panic_in_the_service_s_call_is_a_failure() {
    let (_, circuit) = circuit(|builder| builder);
    let service = service_fn(|_: Request<()>| -> std::future::Ready<_> {
        if true {
            panic!("a broken service");
        }
        std::future::ready(Ok::<_, Broken>(Response::new(Nothing::new())))
    });
    let mut service = layer(&circuit).layer(service);
    let made = catch_unwind(AssertUnwindSafe(|| service.call(Request::new(()))));
    assert!(made.is_err());
    assert_eq!(counts(&circuit), (0, 1, 0));
}

#[tokio::test]
async fn a_panic_in_the_future_is_a_failure_at_once_although_somebody_caught_it() {
    let (_, circuit) = circuit(|builder| builder);
    let service = service_fn(|_: Request<()>| {
        poll_fn(|_| -> Poll<Result<Response<Nothing>, Broken>> { panic!("a broken service") })
    });
    let mut call = Box::pin(layer(&circuit).layer(service).call(Request::new(())));
    assert!(panics(call.as_mut()));
    assert_eq!(counts(&circuit), (0, 1, 0));
    drop(call);
    assert_eq!(counts(&circuit), (0, 1, 0));
    assert_eq!(totals(&circuit).ignored, 0);
}

#[tokio::test]
async fn a_panic_in_a_task_is_a_failure() {
    let (_, circuit) = circuit(|builder| builder);
    let service = service_fn(|_: Request<()>| async {
        tokio::task::yield_now().await;
        if true {
            panic!("a broken service");
        }
        Ok::<_, Broken>(Response::new(Nothing::new()))
    });
    let mut service = layer(&circuit).layer(service);
    let task = tokio::spawn(async move { drop(service.call(Request::new(())).await) });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(counts(&circuit), (0, 1, 0));
}

#[tokio::test]
async fn a_panic_in_the_body_is_a_failure_although_somebody_caught_it() {
    let (_, circuit) = circuit(|builder| builder);
    let mut body = call(&circuit, Ok(Response::new(Panicking)))
        .await
        .unwrap()
        .into_body();
    let mut frame = body.frame();
    assert!(panics(Pin::new(&mut frame)));
    assert_eq!(counts(&circuit), (0, 1, 0));
    assert_eq!(body.outcome(), None);
    drop(body);
    assert_eq!(counts(&circuit), (0, 1, 0));
}

#[tokio::test]
async fn a_panic_of_the_classifier_is_a_failure() {
    let (_, circuit) = circuit(|builder| builder);
    let judge = |_: Result<&Parts, &Broken>| -> Outcome { panic!("a broken classifier") };
    let service = service_fn(|_: Request<()>| {
        std::future::ready(Ok::<_, Broken>(Response::new(Nothing::new())))
    });
    let mut service = layer(&circuit).classify(classify_fn(judge)).layer(service);
    let mut call = Box::pin(service.call(Request::new(())));
    assert!(panics(call.as_mut()));
    assert_eq!(counts(&circuit), (0, 1, 0));
}

#[tokio::test]
async fn a_reader_that_panics_with_a_body_in_its_hand_is_a_failure_unless_the_call_is_judged() {
    let (clock, circuit) = circuit(|builder| builder);
    let (_first, response) = streamed();
    let read = call(&circuit, Ok(response)).await.unwrap();
    let reader = AssertUnwindSafe(move || {
        let _held = read;
        panic!("a broken reader");
    });
    assert!(catch_unwind(reader).is_err());
    assert_eq!(counts(&circuit), (0, 1, 0));
    let (_second, response) = streamed();
    let read = call(&circuit, Ok(response)).await.unwrap();
    clock.advance(5 * SECOND);
    let reader = AssertUnwindSafe(move || {
        let _held = read;
        panic!("a broken reader");
    });
    assert!(catch_unwind(reader).is_err());
    assert_eq!(counts(&circuit), (1, 1, 0));
}

#[tokio::test]
async fn panics_open_the_circuit_as_failures_of_the_caller() {
    let (_, circuit) = circuit(|builder| builder);
    for _ in 0..3 {
        let mut body = call(&circuit, Ok(Response::new(Panicking)))
            .await
            .unwrap()
            .into_body();
        assert!(panics(Pin::new(&mut body.frame())));
    }
    assert_eq!(circuit.state(), State::Open);
    assert_eq!(
        circuit.snapshot().why.unwrap().evidence.class,
        Some(FailureClass::Caller)
    );
}
