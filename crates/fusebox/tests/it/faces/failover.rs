//! `Failover`: circuits that are tried in turn.

use crate::stand::secs;
use fusebox::{
    CallError, CircuitBreaker, Failover, FailoverError, HoldKind, HoldRequest, ManualClock,
    Outcome, Reason, Settlement, State, only_errors,
};
use std::cell::RefCell;
use std::future::{Future, pending, ready};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Three circuits that open at their second failure in a row, for a minute.
fn providers() -> (Failover<Arc<CircuitBreaker>>, ManualClock) {
    let clock = ManualClock::new();
    let provider = |name: &str| {
        let builder = CircuitBreaker::builder(name).clock(clock.clone());
        let builder = builder.consecutive_failures(2).open_for(secs(60));
        Arc::new(builder.jitter(fusebox::Rate::ZERO).build().unwrap())
    };
    (Failover::new(["a", "b", "c"].map(provider)), clock)
}

/// The state of each, and the failures in a row.
fn seen(providers: &Failover<Arc<CircuitBreaker>>) -> Vec<(State, u32)> {
    let each = providers.circuits().iter();
    each.map(|circuit| (circuit.state(), circuit.consecutive_failures()))
        .collect()
}

#[test]
fn a_failure_goes_on_to_the_next_and_an_open_circuit_is_not_called() {
    let (providers, _clock) = providers();
    let called = RefCell::new(Vec::new());
    let call = |circuit: &Arc<CircuitBreaker>| {
        called.borrow_mut().push(circuit.name().to_owned());
        match circuit.name() {
            "a" => Err("down"),
            name => Ok(name.to_owned()),
        }
    };
    for _ in 0..2 {
        assert_eq!(providers.call(call).as_deref(), Ok("b"));
    }
    assert_eq!(called.borrow()[..], ["a", "b", "a", "b"]);
    assert_eq!(seen(&providers)[0].0, State::Open);
    assert_eq!(providers.call(call).as_deref(), Ok("b"));
    assert_eq!(called.borrow()[4..], ["b"], "the first one is left alone");
    let first = &providers.circuits()[0];
    assert_eq!(first.fallbacks(), [("next", 3)], "told where it stood in");
}

#[test]
fn what_is_no_failure_is_the_answer_also_an_error() {
    let (providers, _clock) = providers();
    let server = only_errors(|status: &u16| *status >= 500);
    let mut tries = 0;
    let answer: Result<(), _> = providers.call_with(&server, |_| {
        tries += 1;
        Err(400)
    });
    let error = answer.unwrap_err();
    assert_eq!(error.tried, [("a".to_owned(), CallError::Failed(400))]);
    assert_eq!(tries, 1);
    assert_eq!(seen(&providers), [(State::Closed, 0); 3]);
    assert_eq!(error.into_last(), Some(CallError::Failed(400)));
    assert!(providers.circuits()[0].fallbacks().is_empty());
}

#[test]
fn an_answer_that_counts_as_a_failure_goes_on_while_there_is_another_circuit() {
    let (providers, _clock) = providers();
    let by_status = |answer: Result<&u16, &()>| match answer {
        Ok(429) => Settlement::new(Outcome::Failure(fusebox::FailureClass::Status)),
        _ => Outcome::Success.into(),
    };
    let answer = providers.call_with(&by_status, |circuit| match circuit.name() {
        "c" => Ok(200),
        _ => Ok(429),
    });
    assert_eq!(answer, Ok(200));
    assert_eq!(seen(&providers)[1], (State::Closed, 1));
    let answer = providers.call_with(&by_status, |_| Ok(429));
    assert_eq!(answer, Ok(429), "the last one's is all there is");
    let (providers, _clock) = self::providers();
    for circuit in &providers.circuits()[1..] {
        circuit
            .transition(State::Open, &fusebox::Author::new("ada"))
            .unwrap();
    }
    let answer = providers.call_with(&by_status, |_| Ok(429));
    assert_eq!(answer, Ok(429), "the others reject");
    let (providers, _clock) = self::providers();
    assert!(providers.circuits()[0].fallbacks().is_empty());
}

#[test]
fn where_none_has_an_answer_the_error_tells_what_came_of_each() {
    let (providers, clock) = providers();
    let down = |_: &Arc<CircuitBreaker>| Err::<(), _>("down");
    let error = providers.call(down).unwrap_err();
    assert_eq!(error.to_string(), "a: down; b: down; c: down");
    assert_eq!(error.retry_after(), None, "all were called");
    providers.call(down).unwrap_err();
    clock.advance(secs(10));
    let error = providers.call(down).unwrap_err();
    let rejections = error
        .tried
        .iter()
        .filter_map(|(_, error)| error.rejection());
    let reasons: Vec<_> = rejections.map(fusebox::Rejection::reason).collect();
    assert_eq!(reasons, [Reason::Open; 3]);
    assert_eq!(error.retry_after(), Some(secs(50)));
    let told = error.rejection().map(fusebox::Rejection::retry_after);
    assert_eq!(told, Some(Some(secs(50))));

    let none = Failover::<Arc<CircuitBreaker>>::new([]);
    let error = none.call(down).unwrap_err();
    assert_eq!(error, FailoverError { tried: Vec::new() });
    assert_eq!(error.to_string(), "there is no circuit to try");
}

#[test]
fn the_wait_is_that_of_the_circuit_that_may_be_tried_first() {
    let (providers, clock) = providers();
    let [a, b, c] = providers.circuits() else {
        panic!("three");
    };
    let open = |circuit: &CircuitBreaker| {
        let author = fusebox::Author::new("ada");
        circuit.transition(State::Open, &author).unwrap();
    };
    open(b);
    clock.advance(secs(20));
    open(c);
    let ada = fusebox::Author::new("ada");
    a.hold(HoldRequest {
        kind: HoldKind::ForcedOpen,
        reason: "no bound".into(),
        author: ada.clone(),
        for_: None,
    });
    let error = providers.call(|_| Err::<(), _>("called")).unwrap_err();
    let rejection = error.rejection().expect("none was called");
    assert_eq!(rejection.reason(), Reason::Open, "the last one's");
    assert_eq!(rejection.retry_after(), Some(secs(40)), "the middle one's");
    a.release(&ada);
    a.transition(State::Closed, &fusebox::Author::new("ada"))
        .unwrap();
    let error = providers.call(|_| Err::<(), _>("called")).unwrap_err();
    assert_eq!(
        error.rejection(),
        None,
        "the first one may be asked at once"
    );
}

#[test]
fn a_classifier_says_apart_what_counts_and_what_is_worth_a_try_elsewhere() {
    struct Careful;
    impl fusebox::Classifier<(), &str> for Careful {
        fn classify(&self, result: Result<&(), &&str>) -> Settlement {
            match result {
                Err(&"refused") => Outcome::Ignored.into(),
                result => fusebox::EveryError.classify(result),
            }
        }

        fn goes_on(&self, result: Result<&(), &&str>, _: Outcome) -> bool {
            result.is_err_and(|error| *error != "perhaps done")
        }
    }
    let (providers, _clock) = providers();
    let tried = |says: [&'static str; 3]| {
        let mut says = says.into_iter();
        let answer = providers.call_with(&Careful, |_| Err(says.next().unwrap()));
        answer.unwrap_err().tried.len()
    };
    assert_eq!(tried(["refused", "refused", "refused"]), 3);
    assert_eq!(
        seen(&providers),
        [(State::Closed, 0); 3],
        "none is to blame"
    );
    assert_eq!(tried(["down", "perhaps done", "down"]), 2);
    let failures = [1, 1, 0].map(|failures| (State::Closed, failures));
    assert_eq!(seen(&providers), failures);
}

#[test]
fn switched_off_it_tries_the_first_circuit_alone() {
    let (providers, _clock) = providers();
    providers.circuits()[0].set_fallback_enabled(false);
    let mut tries = 0;
    let answer: Result<(), _> = providers.call(|_| {
        tries += 1;
        Err("down")
    });
    assert!(answer.is_err());
    assert_eq!(tries, 1);
}

#[test]
fn a_dropped_call_gives_its_place_back_and_what_failed_before_stays_counted() {
    let (providers, _clock) = providers();
    let mut cx = Context::from_waker(Waker::noop());
    {
        let answer = providers.call_async(|circuit| async move {
            if circuit.name() == "a" {
                return Err("down");
            }
            pending::<()>().await;
            Ok(())
        });
        assert!(pin!(answer).poll(&mut cx).is_pending());
    }
    assert_eq!(
        seen(&providers)[..2],
        [(State::Closed, 1), (State::Closed, 0)]
    );
    let ignored = providers.circuits()[1].snapshot().totals.ignored;
    assert_eq!(ignored, 1);
    let answer = providers.call_async(|circuit| ready(Ok::<_, ()>(circuit.name().to_owned())));
    let Poll::Ready(answer) = pin!(answer).poll(&mut cx) else {
        panic!("nothing is to be waited for");
    };
    assert_eq!(answer.as_deref(), Ok("a"));
}
