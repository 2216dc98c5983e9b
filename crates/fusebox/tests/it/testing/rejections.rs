//! `assert_rejected`.

use super::panic_of;
use crate::stand::{breaker, secs, tester};
use fusebox::testing::{MayBeRejected, assert_rejected};
use fusebox::{HoldKind, Reason, Rejection, State};

#[test]
fn a_rejection_is_given_back_to_look_at() {
    let (breaker, _clock) = breaker(|b| b.open_for(secs(60)));
    breaker.transition(State::Open, &tester()).unwrap();
    let rejection = assert_rejected(&breaker.acquire(), Reason::Open);
    assert_eq!(rejection.retry_after(), Some(secs(60)));
    assert_rejected(&breaker.call(|| Ok::<_, String>(1)), Reason::Open);
    breaker.hold(crate::stand::hold(HoldKind::ForcedOpen, None));
    assert_rejected(&breaker.acquire_owned(), Reason::ForcedOpen);
}

#[test]
fn an_admitted_call_is_told() {
    let (breaker, _clock) = breaker(|b| b);
    let message = panic_of(|| assert_rejected(&breaker.acquire(), Reason::HalfOpen));
    assert_eq!(
        message,
        "expected a rejection (half_open), but the call was made and succeeded"
    );
    let failed = breaker.call(|| Err::<(), _>("no route"));
    let message = panic_of(|| assert_rejected(&failed, Reason::Open));
    let expected = "expected a rejection (open), but the call was made: Failed(\"no route\")";
    assert_eq!(message, expected);
}

#[test]
fn another_reason_is_told() {
    let (breaker, _clock) = breaker(|b| b.open_for(secs(60)));
    breaker.transition(State::Open, &tester()).unwrap();
    let message = panic_of(|| assert_rejected(&breaker.acquire(), Reason::Main));
    let expected = "expected a rejection (main), but the reason is open: \
        the circuit is open; try again in 60.0 s";
    assert_eq!(message, expected);
}

#[test]
fn an_error_of_the_users_own_can_be_asserted() {
    #[derive(Debug)]
    enum Own {
        Busy(Rejection),
        Other,
    }
    impl MayBeRejected for Own {
        fn rejected(&self) -> Option<Rejection> {
            match self {
                Self::Busy(rejection) => Some(*rejection),
                Self::Other => None,
            }
        }
    }
    let (breaker, _clock) = breaker(|b| b);
    breaker.transition(State::Open, &tester()).unwrap();
    assert_rejected(&breaker.acquire().map_err(Own::Busy), Reason::Open);
    let message = panic_of(|| assert_rejected::<(), _>(&Err(Own::Other), Reason::Open));
    assert!(message.ends_with("the call was made: Other"), "{message}");
}
