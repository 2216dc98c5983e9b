//! `call_or`, `call_async_or`, `or_fallback` and the fallbacks that come with the crate.

use crate::stand::{breaker, ms, secs, tester};
use fusebox::{
    CallError, CircuitBreaker, Fallback, FixedAnswer, LastGood, Reason, Source, State, fallback_fn,
    only_errors,
};
use std::future::{pending, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

fn poll<T>(future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// How often each kind answered, as an exporter reads it.
fn answered(breaker: &CircuitBreaker) -> Vec<(String, u64)> {
    let mut answered = Vec::new();
    breaker.read(&mut |reading| {
        let own = |(kind, count): &(&str, u64)| ((*kind).to_owned(), *count);
        answered = reading.fallbacks.iter().map(own).collect();
    });
    answered
}

fn once(kind: &str, count: u64) -> Vec<(String, u64)> {
    vec![(kind.to_owned(), count)]
}

#[test]
fn a_failure_and_a_rejection_get_the_answer_and_the_failure_still_counts() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(2));
    let fixed = FixedAnswer("cached");
    assert_eq!(breaker.call_or(&fixed, || Err("down")), Ok("cached"));
    assert_eq!(breaker.consecutive_failures(), 1);
    let answer = poll(pin!(breaker.call_async_or(&fixed, ready(Err("down")))));
    assert_eq!(answer, Poll::Ready(Ok("cached")));
    assert_eq!(breaker.state(), State::Open);
    let answer = breaker.call_or::<_, ()>(&fixed, || unreachable!("the circuit is open"));
    assert_eq!(answer, Ok("cached"));
    let untouched = async { unreachable!("the circuit is open") };
    let answer = poll(pin!(breaker.call_async_or::<_, ()>(&fixed, untouched)));
    assert_eq!(answer, Poll::Ready(Ok("cached")));
    assert_eq!(answered(&breaker), once("fixed", 4));
    let totals = breaker.snapshot().totals;
    assert_eq!((totals.failure, totals.rejected(Reason::Open)), (2, 2));
}

#[test]
fn a_good_call_asks_no_fallback() {
    let (breaker, _clock) = breaker(|b| b);
    let never = fallback_fn("never", |_: &CallError<()>| -> Option<u32> {
        unreachable!("the call was good")
    });
    assert_eq!(breaker.call_or(&never, || Ok(1)), Ok(1));
    assert_eq!(
        poll(pin!(breaker.call_async_or(&never, ready(Ok(2))))),
        Poll::Ready(Ok(2))
    );
    assert_eq!(answered(&breaker), []);
}

#[test]
fn a_fallback_without_answer_leaves_the_error_and_counts_nothing() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(1));
    let rejected = fallback_fn("queued", |error: &CallError<&str>| {
        error.rejection().map(|_| "queued for retry")
    });
    assert_eq!(
        breaker.call_or(&rejected, || Err("bad")),
        Err(CallError::Failed("bad"))
    );
    assert_eq!(answered(&breaker), []);
    assert_eq!(
        breaker.call_or(&rejected, || Err("bad")),
        Ok("queued for retry")
    );
    assert_eq!(answered(&breaker), once("queued", 1));
}

#[test]
fn a_fallback_that_is_switched_off_is_not_asked() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(1));
    breaker.set_fallback_enabled(false);
    let fixed = FixedAnswer(0);
    assert_eq!(
        breaker.call_or(&fixed, || Err("down")),
        Err(CallError::Failed("down"))
    );
    let rejected = breaker.call_or(&fixed, || Err("down")).unwrap_err();
    assert_eq!(rejected.rejection().unwrap().reason(), Reason::Open);
    assert_eq!(answered(&breaker), []);
    breaker.set_fallback_enabled(true);
    assert_eq!(breaker.call_or(&fixed, || Err("down")), Ok(0));
}

#[test]
fn a_cancelled_call_asks_no_fallback_and_follows_r11() {
    let (breaker, clock) = breaker(|b| b.consecutive_failures(1).timeout(secs(5)));
    let fixed = FixedAnswer(0);
    for (after, state) in [(secs(4), State::Closed), (secs(5), State::Open)] {
        {
            let mut call = pin!(breaker.call_async_or(&fixed, pending::<Result<i32, ()>>()));
            assert!(poll(call.as_mut()).is_pending());
            clock.advance(after);
        }
        assert_eq!(breaker.state(), state);
    }
    assert_eq!(answered(&breaker), []);
}

#[test]
fn a_classified_call_can_have_a_fallback_too() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(1));
    let server = only_errors(|status: &u16| *status >= 500);
    let result = breaker.call_with(&server, || Err(404));
    assert_eq!(
        breaker.or_fallback(&FixedAnswer("none"), result),
        Ok("none")
    );
    assert_eq!(
        (breaker.state(), answered(&breaker)),
        (State::Closed, once("fixed", 1))
    );
}

#[test]
fn the_last_good_value_answers_while_it_is_young() {
    let (breaker, clock) = breaker(|b| b.consecutive_failures(1).open_for(secs(3_600)));
    let last = LastGood::new(secs(10)).clock(clock.clone());
    let ask = |result: Result<u32, &'static str>| breaker.call_or(&last, || result);
    assert_eq!((ask(Ok(1)), ask(Ok(2))), (Ok(1), Ok(2)));
    assert_eq!(last.age(), Some(secs(0)));
    assert_eq!(ask(Err("down")), Ok(2));
    clock.advance(ms(9_999));
    assert_eq!(
        ask(Err("down")),
        Ok(2),
        "an answer does not make it younger"
    );
    clock.advance(ms(1));
    assert!(matches!(ask(Err("down")), Err(CallError::Rejected(_))));
    assert_eq!(last.age(), Some(secs(10)));
    assert_eq!(answered(&breaker), once("last_good", 2));
}

#[test]
fn without_a_good_value_there_is_no_last_good_answer() {
    let last = LastGood::<u32>::new(secs(10));
    assert_eq!(last.answer(&CallError::Failed("down")), None);
    assert_eq!(last.age(), None);
}

#[test]
fn the_last_good_value_is_kept_while_fallbacks_are_off() {
    let (breaker, clock) = breaker(|b| b);
    let last = LastGood::new(secs(10)).clock(clock);
    breaker.set_fallback_enabled(false);
    let _ = breaker.call_or(&last, || Ok::<_, ()>(1));
    breaker.set_fallback_enabled(true);
    assert_eq!(breaker.call_or(&last, || Err(())), Ok(1));
}

/// A value whose `clone` and `drop` ask the fallback itself: a stranger's code runs under no
/// lock.
#[test]
fn a_value_may_use_its_fallback_while_it_is_cloned_and_dropped() {
    use std::sync::{Arc, Weak};
    struct Nosy(Weak<LastGood<Nosy>>);
    impl Nosy {
        fn look(&self) {
            let _ = self.0.upgrade().map(|last| last.age());
        }
    }
    impl Clone for Nosy {
        fn clone(&self) -> Self {
            self.look();
            Self(Weak::clone(&self.0))
        }
    }
    impl Drop for Nosy {
        fn drop(&mut self) {
            self.look();
        }
    }
    let last = Arc::new(LastGood::new(secs(10)));
    let (done, waits) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let value = Nosy(Arc::downgrade(&last));
        Fallback::<_, ()>::remember(&*last, &value);
        Fallback::<_, ()>::remember(&*last, &value);
        let answer = last.answer(&CallError::Failed(()));
        let _ = done.send(answer.is_some());
    });
    assert_eq!(
        waits.recv_timeout(secs(10)),
        Ok(true),
        "it waits for its own lock"
    );
}

#[test]
fn a_fallback_can_be_chosen_while_the_program_runs() {
    let (breaker, _clock) = breaker(|b| b);
    let fallbacks: [Box<dyn Fallback<u32, ()>>; 2] = [
        Box::new(FixedAnswer(1)),
        Box::new(fallback_fn("two", |_: &CallError<()>| Some(2))),
    ];
    let answers = fallbacks.map(|fallback| breaker.call_or(&*fallback, || Err(())));
    assert_eq!(answers, [Ok(1), Ok(2)]);
}

#[test]
fn an_open_circuit_is_answered_for_by_hand_too() {
    let (breaker, _clock) = breaker(|b| b);
    breaker.transition(State::Open, &tester()).unwrap();
    let result = breaker
        .acquire()
        .map(|_| "called")
        .map_err(CallError::<()>::Rejected);
    assert_eq!(
        breaker.or_fallback(&FixedAnswer("fixed"), result),
        Ok("fixed")
    );
}
