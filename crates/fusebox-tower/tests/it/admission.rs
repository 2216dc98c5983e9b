//! Admission happens in `call`, readiness is the inner service's.

use crate::stand::{Broken, call, circuit, counts, half_open, poll_once, response, totals};
use fusebox::{Reason, State};
use fusebox_tower::{BreakerError, BreakerLayer};
use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use std::cell::Cell;
use std::future::{Ready, ready};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tower::{Layer, Service, ServiceExt, service_fn};

/// A service that is as ready as told, and counts its calls.
#[derive(Clone)]
struct Told {
    ready: Poll<Result<(), ()>>,
    calls: Rc<Cell<u32>>,
}

impl Told {
    fn new(ready: Poll<Result<(), ()>>) -> Self {
        Self {
            ready,
            calls: Rc::default(),
        }
    }
}

impl Service<Request<()>> for Told {
    type Response = Response<Empty<&'static [u8]>>;
    type Error = Broken;
    type Future = Ready<Result<Self::Response, Broken>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        self.ready.map_err(|()| Broken)
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        self.calls.set(self.calls.get() + 1);
        ready(Ok(Response::new(Empty::new())))
    }
}

#[tokio::test]
async fn the_failure_that_opens_is_the_last_one_to_reach_the_service() {
    let (clock, circuit) = circuit(|builder| builder);
    let calls = Rc::new(Cell::new(0));
    let service = service_fn(|_: Request<()>| {
        calls.set(calls.get() + 1);
        ready(Ok::<_, Broken>(response(
            StatusCode::BAD_GATEWAY,
            Empty::<&[u8]>::new(),
        )))
    });
    let mut service = BreakerLayer::new(circuit.clone()).layer(service);
    for _ in 0..3 {
        let answer = service
            .ready()
            .await
            .unwrap()
            .call(Request::new(()))
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
    }
    assert_eq!(circuit.state(), State::Open);
    clock.advance(Duration::from_secs(4));
    for _ in 0..5 {
        let refused = service
            .ready()
            .await
            .unwrap()
            .call(Request::new(()))
            .await
            .unwrap_err();
        let rejection = refused.rejection().unwrap();
        assert_eq!(rejection.reason(), Reason::Open);
        assert_eq!(rejection.retry_after(), Some(Duration::from_secs(6)));
    }
    assert_eq!(calls.get(), 3);
    assert_eq!(totals(&circuit).rejected(Reason::Open), 5);
}

#[tokio::test]
async fn readiness_is_passed_on_and_takes_no_trial_place() {
    let (_, circuit) = half_open(|builder| builder);
    let mut cx = Context::from_waker(Waker::noop());
    let mut ready_one = BreakerLayer::new(circuit.clone()).layer(Told::new(Poll::Ready(Ok(()))));
    let mut pending = BreakerLayer::new(circuit.clone()).layer(Told::new(Poll::Pending));
    for _ in 0..10 {
        assert!(ready_one.poll_ready(&mut cx).is_ready());
        assert!(pending.poll_ready(&mut cx).is_pending());
    }
    assert_eq!(circuit.snapshot().in_flight, 0);
    assert!(ready_one.call(Request::new(())).await.is_ok());
    assert_eq!(circuit.state(), State::Closed);
}

#[tokio::test]
async fn an_open_circuit_is_ready_to_reject() {
    let (_, circuit) = circuit(|builder| builder);
    circuit
        .transition(State::Open, &fusebox::Author::new("test"))
        .unwrap();
    let told = Told::new(Poll::Ready(Ok(())));
    let mut service = BreakerLayer::new(circuit.clone()).layer(told.clone());
    let refused = service.ready().await.unwrap().call(Request::new(())).await;
    assert!(matches!(refused, Err(BreakerError::Rejected(_))));
    assert_eq!(told.calls.get(), 0);
}

#[tokio::test]
async fn an_error_of_readiness_is_passed_on_and_belongs_to_no_call() {
    let (_, circuit) = circuit(|builder| builder);
    let mut service = BreakerLayer::new(circuit.clone()).layer(Told::new(Poll::Ready(Err(()))));
    let error = service.ready().await.map(|_| ()).unwrap_err();
    assert_eq!(error, BreakerError::Inner(Broken));
    assert_eq!(counts(&circuit), (0, 0, 0));
    assert_eq!(totals(&circuit).abandoned, 0);
}

#[tokio::test]
async fn services_of_one_circuit_are_judged_as_one() {
    let (_, circuit) = circuit(|builder| builder);
    for _ in 0..3 {
        let failing = response(StatusCode::INTERNAL_SERVER_ERROR, Empty::<&[u8]>::new());
        call(&circuit, Ok(failing)).await.unwrap();
    }
    let good = response(StatusCode::OK, Empty::<&[u8]>::new());
    assert!(
        call(&circuit, Ok(good))
            .await
            .unwrap_err()
            .rejection()
            .is_some()
    );
}

#[tokio::test]
async fn a_rejection_and_an_inner_error_can_both_be_boxed_and_told_apart() {
    let (_, circuit) = circuit(|builder| builder);
    let good = || Ok(response(StatusCode::OK, Empty::<&[u8]>::new()));
    let inner = call::<Empty<&[u8]>>(&circuit, Err(Broken))
        .await
        .unwrap_err();
    assert_eq!(inner.to_string(), "broken");
    assert!(inner.into_box().is::<Broken>());
    circuit
        .transition(State::Open, &fusebox::Author::new("test"))
        .unwrap();
    let refused = call(&circuit, good()).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        refused.rejection().unwrap().to_string()
    );
    assert!(refused.into_box().is::<fusebox::Rejection>());
}

#[tokio::test]
async fn a_call_is_admitted_when_it_is_made_not_when_its_future_is_polled() {
    let (_, circuit) = half_open(|builder| builder);
    let mut service = BreakerLayer::new(circuit.clone()).layer(Told::new(Poll::Ready(Ok(()))));
    let mut first = service.call(Request::new(()));
    let mut second = service.call(Request::new(()));
    assert_eq!(circuit.snapshot().in_flight, 1);
    let Poll::Ready(Err(BreakerError::Rejected(rejection))) = poll_once(&mut second) else {
        panic!("there is one trial place only");
    };
    assert_eq!(rejection.reason(), Reason::HalfOpen);
    assert!(matches!(poll_once(&mut first), Poll::Ready(Ok(_))));
}
