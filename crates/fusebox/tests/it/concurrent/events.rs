//! One event for each transition, in order, whatever races (R20).

use crate::cases::cases;
use crate::stand::{Dice, hold, percent, secs, tester, together};
use fusebox::{
    CircuitBreaker, Event, EventBus, EventKind, FailureClass, HoldKind, ManualClock, Received,
    State, Subscription,
};
use std::sync::Arc;

const THREADS: usize = 4;

fn all(subscription: &mut Subscription) -> Vec<Event> {
    std::iter::from_fn(|| subscription.try_next())
        .map(|received| match received {
            Received::Event(event) => event,
            Received::Missed(n) => panic!("{n} events missed"),
        })
        .collect()
}

/// Calls, moves, holds and resets at random.
fn live(breaker: &CircuitBreaker, clock: &ManualClock, seed: u64) {
    let mut dice = Dice::new(seed);
    for _ in 0..150 {
        match dice.below(24) {
            0 => drop(breaker.transition(State::Open, &tester())),
            1 => drop(breaker.transition(State::HalfOpen, &tester())),
            2 => drop(breaker.transition(State::Closed, &tester())),
            3 => breaker.hold(hold(HoldKind::ForcedOpen, Some(secs(1)))),
            4 => breaker.hold(hold(HoldKind::Observe, None)),
            5 => breaker.hold(hold(HoldKind::Disabled, None)),
            6 | 7 => drop(breaker.release(&tester())),
            8 => breaker.reset(&tester()),
            9 | 10 => clock.advance(secs(1)),
            _ => {
                let Ok(permit) = breaker.acquire() else {
                    continue;
                };
                let failed = dice.below(2) == 0;
                if failed {
                    permit.failure(FailureClass::Reset)
                } else {
                    permit.success()
                };
            }
        }
    }
}

#[test]
fn racing_transitions_make_one_event_each_in_an_unbroken_chain() {
    for round in 0..cases(60) {
        let bus = EventBus::new(16_384);
        let mut events = bus.subscribe();
        let clock = ManualClock::new();
        let breaker = CircuitBreaker::builder("chain")
            .consecutive_failures(2)
            .open_for(secs(1))
            .jitter(percent("0%"))
            .half_open_successes(1)
            .clock(clock.clone())
            .events(Arc::clone(&bus))
            .build()
            .unwrap();
        together(THREADS, |number| {
            live(&breaker, &clock, u64::from(round) * 8 + number as u64 + 1);
        });
        let snapshot = breaker.snapshot();
        let events = all(&mut events);
        check(&events, snapshot.state, snapshot.transitions, round);
        let held = holds(&events);
        assert_eq!(held, snapshot.hold.map(|hold| hold.kind), "round {round}");
    }
}

fn check(events: &[Event], last: State, count: u64, round: u32) {
    let (mut state, mut transitions, mut generation) = (State::Closed, 0, None);
    for event in events {
        assert!(
            generation <= Some(event.generation),
            "round {round}: {event:?}"
        );
        if let EventKind::Transition { from, to, .. } = event.kind {
            assert_eq!(from, state, "round {round}: {event:?}");
            assert_ne!(from, to, "round {round}: {event:?}");
            assert!(
                generation < Some(event.generation),
                "round {round}: {event:?}"
            );
            state = to;
            transitions += 1;
        }
        generation = Some(event.generation);
    }
    assert_eq!((state, transitions), (last, count), "round {round}");
    assert!(events.is_sorted_by_key(|event| event.at), "round {round}");
}

/// The hold after all events; an ending of a hold that was not set is an error.
fn holds(events: &[Event]) -> Option<HoldKind> {
    let mut held = None;
    for event in events {
        match &event.kind {
            EventKind::HoldSet(hold) => held = Some(hold.kind),
            EventKind::HoldEnded { kind, .. } => {
                assert_eq!(held.take(), Some(*kind), "{event:?} ends what is not held");
            }
            _ => {}
        }
    }
    held
}
