//! What is tried again, when, and who pays.

use super::{Does, FAILING, GOOD, Handle, MILLISECOND, Upstream, circuit, get, status};
use crate::stand::{Broken, SECOND, counts};
use bytes::Bytes;
use fusebox::{FailureClass, Outcome};
use fusebox_tower::classify_fn;
use fusebox_tower::stack::{Idempotent, Retry, Stack, StackError};
use http::response::Parts;
use http::{Method, Request, StatusCode};
use http_body_util::channel::Channel;
use std::sync::Arc;
use std::time::Duration;
use tower::retry::budget::TpsBudget;
use tower::{Layer, Service};

/// Opens so late that it does not stop these retries.
fn patient() -> Handle {
    circuit(|builder| builder.consecutive_failures(1000))
}

fn retrying(retry: Retry) -> (Handle, Stack<Handle, fusebox_tower::ByStatus, Idempotent>) {
    let circuit = patient();
    (circuit.clone(), Stack::new(circuit).retry(retry))
}

fn waits(upstream: &Upstream) -> Vec<Duration> {
    let calls = upstream.calls();
    calls.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[tokio::test(start_paused = true)]
async fn failures_and_errors_are_tried_again_until_one_is_good() {
    let (circuit, stack) = retrying(Retry::default());
    let upstream = Upstream::new([FAILING, Does::Break, GOOD]);
    assert_eq!(status(get(&stack, &upstream).await), Ok(200));
    assert_eq!(upstream.count(), 3);
    // The breaker saw every attempt; the good one is known when its body ends.
    assert_eq!(counts(&circuit).1, 2);
}

#[tokio::test(start_paused = true)]
async fn the_number_of_attempts_is_bounded_and_the_last_answer_is_told() {
    let (_, stack) = retrying(Retry::default().attempts(4));
    let upstream = Upstream::new([Does::Break, Does::Break, Does::Break, FAILING]);
    assert_eq!(status(get(&stack, &upstream).await), Ok(500));
    assert_eq!(upstream.count(), 4);
    let (_, stack) = retrying(Retry::default().attempts(0));
    let upstream = Upstream::new([Does::Break]);
    assert_eq!(
        status(get(&stack, &upstream).await),
        Err(StackError::Inner(Broken))
    );
    assert_eq!(upstream.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn waits_double_with_chance_up_to_the_longest() {
    let retry = Retry::default().attempts(6);
    let (_, stack) = retrying(retry.backoff(100 * MILLISECOND, 350 * MILLISECOND));
    let upstream = Upstream::new([FAILING]);
    get(&stack, &upstream).await.unwrap();
    let waits = waits(&upstream);
    let bounds = [(100, 200), (175, 350), (175, 350), (175, 350), (175, 350)];
    assert_eq!(waits.len(), bounds.len());
    for (wait, (least, most)) in waits.iter().zip(bounds) {
        // Tokio's timer rounds up to a millisecond.
        let fits = *wait >= least * MILLISECOND && *wait <= (most + 1) * MILLISECOND;
        assert!(fits, "{waits:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn calls_spread_over_their_waits_also_in_whole_seconds_and_at_the_longest() {
    for (wait, wait_max) in [(1, 30), (2, 30), (10, 20), (2, 2)] {
        let retry = Retry::default().attempts(2);
        let (_, stack) = retrying(retry.backoff(wait * SECOND, wait_max * SECOND));
        let mut seen = Vec::new();
        for _ in 0..16 {
            let upstream = Upstream::new([FAILING]);
            get(&stack, &upstream).await.unwrap();
            seen.extend(waits(&upstream));
        }
        seen.sort();
        // All sixteen draws within an eighth of their range: one in a million million.
        let span = seen[15] - seen[0];
        let (least, most) = (wait.min(wait_max / 2), (2 * wait).min(wait_max));
        assert!(span >= (most - least) * SECOND / 8, "{seen:?}");
        assert!(seen[0] >= least * SECOND, "{seen:?}");
        assert!(seen[15] <= most * SECOND + MILLISECOND, "{seen:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn callers_who_were_told_the_same_wait_do_not_return_in_step() {
    let (_, stack) = retrying(Retry::default());
    let mut seen = Vec::new();
    for _ in 0..16 {
        let code = StatusCode::SERVICE_UNAVAILABLE;
        let upstream = Upstream::new([Does::AskToWait(code, "2"), GOOD]);
        get(&stack, &upstream).await.unwrap();
        seen.extend(waits(&upstream));
    }
    seen.sort();
    assert!(seen[15] - seen[0] >= 25 * MILLISECOND, "{seen:?}");
    assert!(seen[0] >= 2 * SECOND, "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_added_to_a_retry_after_gives_way_to_the_time_left() {
    let (_, stack) = retrying(Retry::default());
    let stack = stack.total_timeout(2 * SECOND + 10 * MILLISECOND);
    for _ in 0..8 {
        let code = StatusCode::SERVICE_UNAVAILABLE;
        let upstream = Upstream::new([Does::AskToWait(code, "2"), GOOD]);
        assert_eq!(status(get(&stack, &upstream).await), Ok(200));
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_is_waited_for() {
    for code in [
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::TOO_MANY_REQUESTS,
    ] {
        let (_, stack) = retrying(Retry::default());
        let upstream = Upstream::new([Does::AskToWait(code, "3"), GOOD]);
        assert_eq!(status(get(&stack, &upstream).await), Ok(200));
        let wait = waits(&upstream)[0];
        assert!(
            wait >= 3 * SECOND && wait <= 3300 * MILLISECOND + MILLISECOND,
            "{wait:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_beyond_the_longest_wait_or_the_time_left_ends_the_call() {
    let asking = || Upstream::new([Does::AskToWait(StatusCode::SERVICE_UNAVAILABLE, "4"), GOOD]);
    let (_, stack) = retrying(Retry::default().backoff(MILLISECOND, 3 * SECOND));
    let upstream = asking();
    assert_eq!(status(get(&stack, &upstream).await), Ok(503));
    assert_eq!(upstream.count(), 1);
    let (_, stack) = retrying(Retry::default());
    let upstream = asking();
    let stack = stack.total_timeout(3 * SECOND);
    assert_eq!(status(get(&stack, &upstream).await), Ok(503));
    assert_eq!(upstream.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_idempotent_methods_are_repeated() {
    for (method, attempts) in [
        (Method::GET, 3),
        (Method::PUT, 3),
        (Method::DELETE, 3),
        (Method::POST, 1),
        (Method::PATCH, 1),
    ] {
        let (_, stack) = retrying(Retry::default());
        let upstream = Upstream::new([FAILING]);
        let request = Request::builder().method(&method).body("text").unwrap();
        stack.layer(upstream.clone()).call(request).await.unwrap();
        assert_eq!(upstream.count(), attempts, "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_predicate_of_the_user_decides_in_place_of_the_method() {
    let keyed = |request: &Request<&'static str>| {
        let keyed = request.headers().contains_key("idempotency-key");
        keyed.then(|| request.clone())
    };
    let stack = Stack::new(patient()).retry(Retry::default().requests(keyed));
    for (name, attempts) in [("idempotency-key", 3), ("accept", 1)] {
        let upstream = Upstream::new([FAILING]);
        let request = Request::post("/").header(name, "x").body("text").unwrap();
        stack.layer(upstream.clone()).call(request).await.unwrap();
        assert_eq!(upstream.count(), attempts, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_that_cannot_be_cloned_pass_and_are_never_repeated() {
    let whole = |_: &Request<Channel<Bytes>>| None;
    let stack = Stack::new(patient()).retry(Retry::default().requests(whole));
    let upstream = Upstream::new([FAILING]);
    let request = || Request::new(Channel::<Bytes>::new(1).1);
    stack.layer(upstream.clone()).call(request()).await.unwrap();
    assert_eq!(upstream.count(), 1);
    let plain = Stack::new(patient());
    plain.layer(upstream.clone()).call(request()).await.unwrap();
    assert_eq!(upstream.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn when_the_budget_is_used_up_there_are_no_retries() {
    // A reserve of 2 a second for 1 second, and nothing for good calls.
    let budget = Arc::new(TpsBudget::new(SECOND, 2, 0.0));
    let retry = Retry::default().attempts(2).budget(budget);
    let (_, stack) = retrying(retry.backoff(MILLISECOND, MILLISECOND));
    let upstream = Upstream::new([FAILING]);
    for _ in 0..10 {
        assert_eq!(status(get(&stack, &upstream).await), Ok(500));
    }
    assert_eq!(upstream.count(), 12, "ten calls and two retries");
}

#[tokio::test(start_paused = true)]
async fn good_calls_pay_into_the_budget_that_all_services_of_a_stack_share() {
    let budget = Arc::new(TpsBudget::new(10 * SECOND, 0, 0.5));
    let retry = Retry::default().attempts(2).budget(budget);
    let (_, stack) = retrying(retry.backoff(MILLISECOND, MILLISECOND));
    let upstream = Upstream::new([FAILING]);
    get(&stack, &upstream).await.unwrap();
    assert_eq!(upstream.count(), 1, "nothing was paid in yet");
    for _ in 0..4 {
        get(&stack, &Upstream::new([GOOD])).await.unwrap();
    }
    for _ in 0..5 {
        get(&stack.clone(), &upstream).await.unwrap();
    }
    assert_eq!(upstream.count(), 8, "six calls and two retries");
}

#[tokio::test(start_paused = true)]
async fn an_error_that_is_no_failure_is_told_as_it_is() {
    let caller = |answer: Result<&Parts, &Broken>| match answer {
        Ok(head) => fusebox::classify::status(head.status.as_u16()),
        Err(_) => Outcome::Ignored,
    };
    let stack = Stack::new(patient())
        .classify(classify_fn(caller))
        .retry(Retry::default());
    let upstream = Upstream::new([Does::Break]);
    let told = stack.layer(upstream.clone()).call(Request::new(())).await;
    assert_eq!(told.unwrap_err(), StackError::Inner(Broken));
    assert_eq!(upstream.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_classifier_calls_a_failure_is_tried_again() {
    let strict = |answer: Result<&Parts, &Broken>| match answer {
        Ok(head) if head.status == StatusCode::OK => Outcome::Success,
        _ => Outcome::Failure(FailureClass::Status),
    };
    let stack = Stack::new(patient())
        .classify(classify_fn(strict))
        .retry(Retry::default());
    let upstream = Upstream::new([Does::Answer(StatusCode::NOT_FOUND), GOOD]);
    let told = stack.layer(upstream.clone()).call(Request::new(())).await;
    assert_eq!(told.unwrap().status(), 200);
    let (_, plain) = retrying(Retry::default());
    let upstream = Upstream::new([Does::Answer(StatusCode::NOT_FOUND), GOOD]);
    assert_eq!(status(get(&plain, &upstream).await), Ok(404));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_a_breaker_further_on_rejected_is_not_tried_again() {
    let (circuit, stack) = retrying(Retry::default());
    let upstream = Upstream::new([Does::RejectAsFusebox]);
    assert_eq!(status(get(&stack, &upstream).await), Ok(503));
    assert_eq!((upstream.count(), counts(&circuit)), (1, (0, 0, 1)));
}
