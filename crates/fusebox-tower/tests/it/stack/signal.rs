//! The circuit stops every retry at once: no storm when it is open.

use super::{Does, FAILING, GOOD, Upstream, circuit, get, stack, status};
use crate::paused::pass;
use crate::stand::{SECOND, counts, totals};
use fusebox::{Author, HoldKind, HoldRequest, MainBreaker, Reason, State};
use fusebox_tower::stack::{Retry, StackError};
use std::time::Duration;
use tokio::time::Instant;

/// Waits so long between two attempts that only the signal can end the wait in these tests.
fn sleepy() -> Retry {
    let hour = Duration::from_secs(3600);
    Retry::default().attempts(10).backoff(hour, hour)
}

fn hold(kind: HoldKind) -> HoldRequest {
    HoldRequest {
        kind,
        reason: "a try".into(),
        author: Author::new("test"),
        for_: None,
    }
}

fn reason(told: &super::Told) -> Option<Reason> {
    match told {
        Err(StackError::Rejected(rejection)) => Some(rejection.reason()),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn the_attempt_that_opens_the_circuit_is_the_last_one() {
    let (circuit, stack) = stack();
    let stack = stack.retry(Retry::default().attempts(10));
    let upstream = Upstream::new([FAILING]);
    assert_eq!(status(get(&stack, &upstream).await), Ok(500));
    assert_eq!(upstream.count(), 3);
    assert_eq!(circuit.state(), State::Open);
    assert_eq!(totals(&circuit).rejected_total(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_rejection_is_not_tried_again() {
    let (circuit, stack) = stack();
    circuit
        .transition(State::Open, &Author::new("test"))
        .unwrap();
    let stack = stack.retry(Retry::default());
    let upstream = Upstream::new([GOOD]);
    let begun = Instant::now();
    assert_eq!(reason(&get(&stack, &upstream).await), Some(Reason::Open));
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!(
        (upstream.count(), totals(&circuit).rejected_total()),
        (0, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn calls_asleep_between_two_attempts_are_rejected_when_the_circuit_opens() {
    let circuit = circuit(|builder| builder.consecutive_failures(1000));
    let stack = fusebox_tower::stack::Stack::new(circuit.clone()).retry(sleepy());
    let upstream = Upstream::new([FAILING]);
    let mut asleep = Vec::new();
    for _ in 0..20 {
        let (stack, upstream) = (stack.clone(), upstream.clone());
        asleep.push(tokio::spawn(async move { get(&stack, &upstream).await }));
    }
    pass(SECOND).await;
    assert!(asleep.iter().all(|call| !call.is_finished()));
    let opened = Instant::now();
    circuit
        .transition(State::Open, &Author::new("test"))
        .unwrap();
    for call in asleep {
        assert_eq!(reason(&call.await.unwrap()), Some(Reason::Open));
    }
    assert_eq!(opened.elapsed(), Duration::ZERO);
    assert_eq!(upstream.count(), 20, "no storm");
}

#[tokio::test(start_paused = true)]
async fn a_hold_and_the_main_breaker_wake_them_too() {
    for by_main in [false, true] {
        let bus = fusebox::EventBus::new(8);
        let circuit = circuit(|builder| builder.events(bus.clone()));
        let main = MainBreaker::new(bus);
        main.join(&circuit);
        let stack = fusebox_tower::stack::Stack::new(circuit.clone()).retry(sleepy());
        let upstream = Upstream::new([FAILING]);
        let call = tokio::spawn({
            let upstream = upstream.clone();
            async move { get(&stack, &upstream).await }
        });
        pass(SECOND).await;
        let then = Instant::now();
        if by_main {
            main.open("all must stop", &Author::new("test"));
        } else {
            circuit.hold(hold(HoldKind::ForcedOpen));
        }
        let expected = if by_main {
            Reason::Main
        } else {
            Reason::ForcedOpen
        };
        assert_eq!(reason(&call.await.unwrap()), Some(expected));
        assert_eq!(then.elapsed(), Duration::ZERO);
        assert_eq!(upstream.count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn events_that_open_nothing_do_not_end_the_wait() {
    let circuit = circuit(|builder| builder.consecutive_failures(1000));
    let retry = Retry::default()
        .attempts(2)
        .backoff(10 * SECOND, 20 * SECOND);
    let stack = fusebox_tower::stack::Stack::new(circuit.clone()).retry(retry);
    let upstream = Upstream::new([FAILING, GOOD]);
    let call = tokio::spawn({
        let upstream = upstream.clone();
        async move { get(&stack, &upstream).await }
    });
    pass(SECOND).await;
    circuit.hold(hold(HoldKind::Observe));
    tokio::task::yield_now().await;
    // More than the circuit's own bus keeps: the call is told that it missed some.
    for _ in 0..300 {
        circuit.reset(&Author::new("test"));
    }
    pass(8 * SECOND).await;
    assert_eq!(upstream.count(), 1);
    assert_eq!(status(call.await.unwrap()), Ok(200));
}

#[tokio::test(start_paused = true)]
async fn a_hundred_callers_send_an_open_upstream_nothing_more() {
    let (circuit, stack) = stack();
    let stack = stack.retry(Retry::default().attempts(5)).timeout(SECOND);
    let upstream = Upstream::new([Does::Break]);
    for _ in 0..100 {
        drop(get(&stack, &upstream).await);
    }
    assert_eq!(upstream.count(), 3);
    assert_eq!(counts(&circuit), (0, 3, 0));
}
