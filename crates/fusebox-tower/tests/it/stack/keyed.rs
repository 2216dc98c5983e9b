//! A stack over a keyed circuit: each key has its own breaker and its own signal.

use super::{Does, FAILING, GOOD, Upstream, circuit};
use crate::paused::pass;
use crate::stand::SECOND;
use fusebox::{BranchSettings, Reason, State};
use fusebox_tower::ByKey;
use fusebox_tower::stack::{Retry, Stack, StackError};
use http::Request;
use http_body_util::BodyExt;
use std::borrow::Cow;
use std::time::Duration;
use tokio::time::Instant;
use tower::{Layer, Service};

fn by_host(request: &Request<()>) -> Option<Cow<'_, str>> {
    request.uri().host().map(Into::into)
}

fn to(host: &str) -> Request<()> {
    Request::get(format!("http://{host}/")).body(()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_branch_that_opens_stops_the_retries_of_its_own_key_only() {
    let circuit = circuit(|builder| builder.branches(BranchSettings::default()));
    let hour = Duration::from_secs(3600);
    let retry = Retry::default().attempts(2).backoff(hour, hour);
    let stack = Stack::new(ByKey::new(circuit.clone(), by_host)).retry(retry);
    for host in ["a", "b", "c", "d"] {
        let mut good = stack.layer(Upstream::new([GOOD]));
        let answer = good.call(to(host)).await.unwrap();
        answer.into_body().collect().await.unwrap();
    }
    let begin = |host: &str| {
        let mut service = stack.layer(Upstream::new([FAILING]));
        tokio::spawn(service.call(to(host)))
    };
    let (other, asleep) = (begin("b"), begin("a"));
    pass(SECOND).await;
    assert!(!asleep.is_finished());
    let then = Instant::now();
    let mut dead = stack.layer(Upstream::new([Does::Break]));
    for _ in 0..2 {
        drop(tokio::spawn(dead.call(to("a"))));
    }
    let Err(StackError::Rejected(rejection)) = asleep.await.unwrap() else {
        panic!("its branch is open");
    };
    assert_eq!(rejection.reason(), Reason::Open);
    assert_eq!(then.elapsed(), Duration::ZERO);
    assert_eq!(circuit.state(), State::Closed);
    pass(SECOND).await;
    assert!(!other.is_finished(), "the other key goes on waiting");
    other.abort();
}
