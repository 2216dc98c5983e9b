//! Events for whoever subscribed (R20).

use crate::stand::{breaker, secs, tester};
use fusebox::{
    Author, CircuitBreaker, EventBus, EventKind, FailureClass, ManualClock, Received, State,
};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

struct Alarm(AtomicUsize);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn flip(breaker: &CircuitBreaker, times: u32) {
    for turn in 0..times {
        let to = if turn % 2 == 0 {
            State::Open
        } else {
            State::Closed
        };
        assert!(breaker.transition(to, &tester()).unwrap());
    }
}

#[test]
fn a_subscriber_that_falls_behind_is_told_how_much_it_missed() {
    let bus = EventBus::new(4);
    let builder = CircuitBreaker::builder("bus").clock(ManualClock::new());
    let breaker = builder.events(Arc::clone(&bus)).build().unwrap();
    let (mut slow, mut quick) = (bus.subscribe(), bus.subscribe());
    flip(&breaker, 3);
    for _ in 0..3 {
        assert!(matches!(quick.try_next(), Some(Received::Event(_))));
    }
    flip_more(&breaker, 4);
    assert_eq!(slow.try_next(), Some(Received::Missed(3)));
    for reader in [&mut slow, &mut quick] {
        let rest: Vec<_> = std::iter::from_fn(|| reader.try_next()).collect();
        assert_eq!(rest.len(), 4);
        assert!(
            rest.iter()
                .all(|received| matches!(received, Received::Event(_)))
        );
    }
}

/// Goes on from open.
fn flip_more(breaker: &CircuitBreaker, times: u32) {
    for turn in 0..times {
        let to = if turn % 2 == 0 {
            State::Closed
        } else {
            State::Open
        };
        assert!(breaker.transition(to, &tester()).unwrap());
    }
}

#[test]
fn a_subscription_begins_when_it_is_made() {
    let (breaker, _clock) = breaker(|b| b);
    flip(&breaker, 2);
    let mut events = breaker.subscribe();
    assert_eq!(events.try_next(), None);
    flip(&breaker, 1);
    assert!(events.try_next().is_some());
    assert_eq!(events.try_next(), None);
}

#[test]
fn a_waiting_subscriber_is_woken_and_a_dropped_wait_loses_nothing() {
    let (breaker, _clock) = breaker(|b| b);
    let mut events = breaker.subscribe();
    let alarm = Arc::new(Alarm(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&alarm));
    let mut context = Context::from_waker(&waker);
    {
        let mut waiting = pin!(events.next());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        flip(&breaker, 1);
        assert_eq!(alarm.0.load(Ordering::SeqCst), 1, "woken once");
    }
    let mut again = pin!(events.next());
    let Poll::Ready(Received::Event(event)) = again.as_mut().poll(&mut context) else {
        panic!("the event is lost");
    };
    assert!(matches!(
        event.kind,
        EventKind::Transition {
            to: State::Open,
            ..
        }
    ));
}

#[test]
fn one_bus_serves_many_breakers_by_name() {
    let bus = EventBus::new(16);
    let mut events = bus.subscribe();
    for name in ["first", "second"] {
        let builder = CircuitBreaker::builder(name).clock(ManualClock::new());
        let breaker = builder.events(Arc::clone(&bus)).build().unwrap();
        breaker.transition(State::Open, &tester()).unwrap();
    }
    let names: Vec<String> = std::iter::from_fn(|| events.try_next())
        .map(|received| match received {
            Received::Event(event) => event.circuit.to_string(),
            Received::Missed(n) => panic!("{n} missed"),
        })
        .collect();
    assert_eq!(names, ["first", "second"]);
}

#[test]
fn evidence_holds_the_numbers_that_decided() {
    let (breaker, clock) = breaker(|b| {
        b.failure_rate(crate::stand::percent("50%"))
            .minimum_calls(4)
            .open_for(secs(7))
    });
    let mut events = breaker.subscribe();
    breaker.acquire().unwrap().success();
    breaker.acquire().unwrap().success();
    breaker.acquire().unwrap().failure(FailureClass::Reset);
    clock.advance(secs(1));
    breaker.acquire().unwrap().failure(FailureClass::Timeout);
    let Some(Received::Event(event)) = events.try_next() else {
        panic!("no event")
    };
    assert_eq!(event.at.as_nanos(), 1_000_000_000);
    assert_eq!(event.generation, breaker.snapshot().generation);
    let EventKind::Transition {
        from,
        to,
        cause,
        evidence,
    } = event.kind
    else {
        panic!("another event");
    };
    assert_eq!(
        (from, to, cause.as_str()),
        (State::Closed, State::Open, "failure_rate")
    );
    assert_eq!(
        (evidence.calls, evidence.failures, evidence.slow),
        (4, 2, 0)
    );
    assert_eq!(evidence.class, Some(FailureClass::Timeout));
    assert_eq!(evidence.open_for, Some(secs(7)));
    let why = breaker.snapshot().why.unwrap();
    assert_eq!(
        (why.cause.as_str(), why.evidence.calls),
        ("failure_rate", 4)
    );
}

#[test]
fn a_move_by_hand_names_its_author() {
    let (breaker, _clock) = breaker(|b| b);
    let mut events = breaker.subscribe();
    breaker
        .transition(State::Open, &Author::new("ada"))
        .unwrap();
    breaker.reset(&Author::new("grace"));
    let authors: Vec<Option<Author>> = std::iter::from_fn(|| events.try_next())
        .map(|received| match received {
            Received::Event(event) => match event.kind {
                EventKind::Transition { evidence, .. } => evidence.by,
                EventKind::Reset { by } => Some(by),
                _ => None,
            },
            Received::Missed(n) => panic!("{n} missed"),
        })
        .collect();
    let names: Vec<_> = authors.iter().flatten().map(Author::as_str).collect();
    assert_eq!(names, ["ada", "grace", "grace"]);
}

#[test]
fn every_event_reads_as_a_sentence_that_names_the_circuit() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(1));
    let mut events = breaker.subscribe();
    breaker.hold(crate::stand::hold(
        fusebox::HoldKind::Observe,
        Some(secs(60)),
    ));
    breaker.acquire().unwrap().failure(FailureClass::Connect);
    breaker.release(&tester());
    breaker.transition(State::Open, &tester()).unwrap();
    breaker.reset(&tester());
    let mut kinds = 0;
    while let Some(Received::Event(event)) = events.try_next() {
        let text = event.to_string();
        assert!(text.contains("test") && text.len() > 10, "{text:?}");
        assert!(!text.contains('{'), "debug output in {text:?}");
        kinds += 1;
    }
    assert_eq!(
        kinds, 6,
        "hold set, would open, hold ended, two moves, reset"
    );
}
