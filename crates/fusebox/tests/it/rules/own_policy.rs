//! Trip policies of the user's beside those of the settings.

use crate::stand::{breaker, hold, tester};
use fusebox::{
    Cause, ConsecutiveFailures, FailureClass, HoldKind, Seen, State, TripPolicy, WindowStats,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Opens when every second outcome was a failure for six outcomes.
#[derive(Debug, Default)]
struct Flapping(Arc<AtomicU32>);

impl TripPolicy for Flapping {
    fn name(&self) -> &'static str {
        "flapping"
    }

    fn opens(&self, seen: &Seen) -> bool {
        let expected = self.0.load(Ordering::Relaxed) % 2 == 1;
        let next = if seen.failure == expected {
            self.0.load(Ordering::Relaxed) + 1
        } else {
            0
        };
        self.0.store(next, Ordering::Relaxed);
        next >= 6
    }
}

#[test]
fn it_sees_every_outcome_and_its_name_is_the_cause() {
    let (breaker, _) = breaker(|b| b.consecutive_failures(50).trip_policy(Flapping::default()));
    for _ in 0..2 {
        breaker.acquire().unwrap().success();
        breaker.acquire().unwrap().failure(FailureClass::Status);
    }
    breaker.acquire().unwrap().success();
    assert_eq!(breaker.state(), State::Closed);
    breaker.acquire().unwrap().failure(FailureClass::Status);
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(
        breaker.snapshot().why.unwrap().cause,
        Cause::Policy("flapping")
    );
}

#[test]
fn it_is_not_asked_about_ignored_calls_trials_and_disabled_breakers() {
    let asked = Arc::new(AtomicU32::new(0));
    #[derive(Debug)]
    struct Counts(Arc<AtomicU32>);
    impl TripPolicy for Counts {
        fn name(&self) -> &'static str {
            "counts"
        }
        fn opens(&self, _: &Seen) -> bool {
            self.0.fetch_add(1, Ordering::Relaxed);
            false
        }
    }
    let counts = Counts(Arc::clone(&asked));
    let (breaker, clock) = breaker(|b| b.consecutive_failures(1).trip_policy(counts));
    breaker.acquire().unwrap().ignore();
    breaker.hold(hold(HoldKind::Disabled, None));
    breaker.acquire().unwrap().success();
    breaker.release(&tester());
    breaker.transition(State::Open, &tester()).unwrap();
    clock.advance(crate::stand::secs(5));
    breaker.acquire().unwrap().success();
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    breaker.reset(&tester());
    breaker.acquire().unwrap().success();
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[test]
fn the_policies_of_the_settings_can_be_asked_alone() {
    let seen = Seen {
        failure: true,
        slow: false,
        run: 3,
        window: WindowStats::default(),
        overdue: 0,
        at: fusebox::Tick::ZERO,
        generation: 1,
    };
    assert!(ConsecutiveFailures(3).opens(&seen));
    assert!(!ConsecutiveFailures(4).opens(&seen));
}
