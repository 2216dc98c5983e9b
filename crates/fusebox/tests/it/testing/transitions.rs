//! `Transitions`.

use super::panic_of;
use crate::stand::{breaker, secs, tester};
use fusebox::State::{Closed, HalfOpen, Open};
use fusebox::testing::Transitions;
use fusebox::{Author, CircuitBreaker, EventBus, HoldKind, ManualClock};

fn fail(breaker: &CircuitBreaker) {
    let _ = breaker.call(|| Err::<(), _>("down"));
}

fn one_failure_opens() -> (std::sync::Arc<CircuitBreaker>, ManualClock) {
    breaker(|b| b.consecutive_failures(1).open_for(secs(60)))
}

#[test]
fn each_assertion_is_about_what_came_since_the_last_one() {
    let (breaker, clock) = one_failure_opens();
    let mut transitions = Transitions::watch(&breaker);
    transitions.assert_none();
    fail(&breaker);
    transitions.assert([(Closed, Open)]);
    transitions.assert_none();
    clock.advance(secs(60));
    fail(&breaker);
    transitions.assert([(Open, HalfOpen), (HalfOpen, Open)]);
}

#[test]
fn what_is_due_is_seen_without_a_call() {
    let (breaker, clock) = one_failure_opens();
    fail(&breaker);
    let mut transitions = Transitions::watch(&breaker);
    clock.advance(secs(60));
    transitions.assert([(Open, HalfOpen)]);
}

#[test]
fn what_was_due_before_it_began_to_watch_is_not_seen() {
    let (breaker, clock) = one_failure_opens();
    fail(&breaker);
    clock.advance(secs(60));
    let mut transitions = Transitions::watch(&breaker);
    transitions.assert_none();
}

#[test]
fn holds_and_resets_are_no_transitions() {
    let (breaker, _clock) = one_failure_opens();
    let mut transitions = Transitions::watch(&breaker);
    breaker.hold(crate::stand::hold(HoldKind::Disabled, None));
    breaker.release(&tester());
    breaker.reset(&tester());
    transitions.assert_none();
}

#[test]
fn other_circuits_on_the_bus_are_not_seen() {
    let bus = EventBus::new(8);
    let named = |name| {
        let builder = CircuitBreaker::builder(name).consecutive_failures(1);
        builder.events(std::sync::Arc::clone(&bus)).build().unwrap()
    };
    let (rag, cards) = (named("rag"), named("cards"));
    let mut transitions = Transitions::watch(&rag);
    fail(&cards);
    transitions.assert_none();
    fail(&rag);
    transitions.assert([(Closed, Open)]);
}

#[test]
fn a_transition_too_few_is_told_with_expected_and_seen() {
    let (breaker, clock) = one_failure_opens();
    let mut transitions = Transitions::watch(&breaker);
    clock.advance(secs(2));
    fail(&breaker);
    let expected = [(Closed, Open), (Open, HalfOpen)];
    let message = panic_of(|| transitions.assert(expected));
    assert_eq!(
        message,
        "test: other transitions than expected
expected:
  closed -> open
  open -> half_open
seen:
  closed -> open after 2s: a failure, the last one by other
now: open"
    );
}

#[test]
fn a_transition_too_many_is_marked_with_its_cause() {
    let (breaker, clock) = one_failure_opens();
    let mut transitions = Transitions::watch(&breaker);
    fail(&breaker);
    clock.advance(secs(61));
    breaker.transition(Closed, &Author::new("anna")).unwrap();
    let message = panic_of(|| transitions.assert([(Closed, Open), (Open, Closed)]));
    assert_eq!(
        message,
        "test: other transitions than expected
expected:
  closed -> open
  open -> closed
seen:
  closed -> open after 0s: a failure, the last one by other
> open -> half_open after 60s: the open period is over, trying again
> half_open -> closed after 61s: by anna
now: closed"
    );
}

#[test]
fn nothing_where_something_was_expected_fails() {
    let (breaker, _clock) = one_failure_opens();
    let mut transitions = Transitions::watch(&breaker);
    let message = panic_of(|| transitions.assert([(Closed, Open)]));
    assert!(message.ends_with("seen: none\nnow: closed"), "{message}");
}

#[test]
fn something_where_nothing_was_expected_fails() {
    let (breaker, _clock) = one_failure_opens();
    let mut transitions = Transitions::watch(&breaker);
    fail(&breaker);
    let message = panic_of(|| transitions.assert_none());
    assert!(
        message.contains("\nexpected: none\nseen:\n> closed"),
        "{message}"
    );
}

#[test]
fn the_right_transitions_in_the_wrong_order_fail() {
    let (breaker, clock) = one_failure_opens();
    let mut transitions = Transitions::watch(&breaker);
    fail(&breaker);
    clock.advance(secs(60));
    panic_of(|| transitions.assert([(Open, HalfOpen), (Closed, Open)]));
}

#[test]
fn events_that_were_lost_are_not_passed_over() {
    let builder = CircuitBreaker::builder("rag").consecutive_failures(1);
    let breaker = builder.events(EventBus::new(2)).build().unwrap();
    let mut transitions = Transitions::watch(&breaker);
    for _ in 0..3 {
        breaker.reset(&tester());
    }
    let message = panic_of(|| transitions.assert_none());
    assert!(
        message.starts_with("events gone before they were read: 1;"),
        "{message}"
    );
}
