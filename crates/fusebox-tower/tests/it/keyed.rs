//! One layer in front of many hosts: each is judged apart (R19).

use crate::stand::{Broken, Handle, circuit, counts};
use fusebox::{BranchSettings, Builder, Keyed, Reason, State};
use fusebox_tower::{BreakerError, BreakerLayer, ByKey, ByStatus, SettlingBody};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use std::borrow::Cow;
use std::future::ready;
use tower::{Layer, Service, service_fn};

type Body = Full<&'static [u8]>;
type Told = Result<Response<SettlingBody<Body, Keyed<Handle>, ByStatus>>, BreakerError<Broken>>;

fn by_host(request: &Request<()>) -> Option<Cow<'_, str>> {
    request.uri().host().map(Into::into)
}

fn branches(builder: Builder) -> Builder {
    builder.branches(BranchSettings::default())
}

/// One call to a host; `dead` ones fail.
async fn call(circuit: &Handle, uri: &str) -> Told {
    let service = service_fn(|request: Request<()>| {
        let dead = request
            .uri()
            .host()
            .is_some_and(|host| host.contains("dead"));
        let mut response = Response::new(Full::new(&b"body"[..]));
        if dead {
            *response.status_mut() = StatusCode::BAD_GATEWAY;
        }
        ready(Ok::<_, Broken>(response))
    });
    let layer = BreakerLayer::new(ByKey::new(circuit.clone(), by_host));
    layer
        .layer(service)
        .call(Request::get(uri).body(()).unwrap())
        .await
}

async fn read(told: Told) {
    told.unwrap().into_body().collect().await.unwrap();
}

fn reason<T>(told: Result<T, BreakerError<Broken>>) -> Option<Reason> {
    told.err()
        .and_then(|error| error.rejection().map(|r| r.reason()))
}

#[tokio::test]
async fn one_dead_host_is_rejected_alone() {
    let (_, circuit) = circuit(branches);
    for host in 0..9 {
        read(call(&circuit, &format!("http://host-{host}/")).await).await;
    }
    for _ in 0..3 {
        assert_eq!(call(&circuit, "http://dead/").await.unwrap().status(), 502);
    }
    assert_eq!(
        reason(call(&circuit, "http://dead/").await),
        Some(Reason::Open)
    );
    assert_eq!(circuit.state(), State::Closed);
    read(call(&circuit, "http://host-1/").await).await;
    assert_eq!(circuit.branch("dead").unwrap().state, State::Open);
    assert_eq!(counts(&circuit), (10, 3, 0), "the rejection enters neither");
}

#[tokio::test]
async fn a_good_answer_enters_its_branch_at_the_end_of_the_body() {
    let (_, circuit) = circuit(branches);
    let answer = call(&circuit, "http://host/").await.unwrap();
    assert_eq!(counts(&circuit), (0, 0, 0));
    answer.into_body().collect().await.unwrap();
    assert_eq!(counts(&circuit), (1, 0, 0));
}

#[tokio::test]
async fn a_request_without_a_key_counts_for_the_circuit_alone() {
    let (_, circuit) = circuit(branches);
    read(call(&circuit, "/no-host").await).await;
    assert_eq!(circuit.branches().known, 0);
    assert_eq!(counts(&circuit), (1, 0, 0));
}

#[tokio::test]
async fn without_branches_every_request_counts_for_the_circuit() {
    let (_, circuit) = circuit(|builder| builder);
    for _ in 0..3 {
        call(&circuit, "http://dead/").await.unwrap();
    }
    assert_eq!(
        reason(call(&circuit, "http://host/").await),
        Some(Reason::Open)
    );
}

#[tokio::test]
async fn an_unread_answer_gives_the_branch_its_trial_place_back() {
    let (clock, circuit) = circuit(branches);
    for host in 0..9 {
        read(call(&circuit, &format!("http://host-{host}/")).await).await;
    }
    for _ in 0..3 {
        call(&circuit, "http://dead/").await.unwrap();
    }
    clock.advance(10 * crate::stand::SECOND);
    let service =
        service_fn(|_: Request<()>| std::future::pending::<Result<Response<Body>, Broken>>());
    let layer = BreakerLayer::new(ByKey::new(circuit.clone(), by_host));
    let mut service = layer.layer(service);
    let request = || Request::get("http://dead/").body(()).unwrap();
    let trial = service.call(request());
    assert_eq!(circuit.branch("dead").unwrap().in_flight, 1);
    assert_eq!(
        reason(service.call(request()).now()),
        Some(Reason::HalfOpen)
    );
    drop(trial);
    assert_eq!(circuit.branch("dead").unwrap().in_flight, 0);
}

/// For a future that is ready, as that of a rejection is.
trait Now: Future + Sized {
    fn now(self) -> Self::Output {
        let mut pinned = std::pin::pin!(self);
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        match pinned.as_mut().poll(&mut cx) {
            std::task::Poll::Ready(output) => output,
            std::task::Poll::Pending => panic!("not ready"),
        }
    }
}

impl<F: Future> Now for F {}
