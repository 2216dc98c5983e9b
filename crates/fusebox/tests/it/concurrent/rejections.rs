//! What a rejection says belongs together, however fast the states change.

use crate::cases::cases;
use crate::stand::{breaker, hold, secs, tester, together};
use fusebox::{HoldKind, Reason, State};

#[test]
fn a_rejection_never_mixes_two_states() {
    let told = |reason| match reason {
        Reason::Open => Some(secs(1)),
        Reason::HalfOpen => Some(secs(30)),
        Reason::ForcedOpen => Some(secs(60)),
        Reason::Ramp | Reason::Main => None,
    };
    for round in 0..cases(20) {
        let (breaker, _clock) = breaker(|b| {
            b.open_for(secs(1))
                .half_open_timeout(secs(30))
                .half_open_calls(1)
        });
        let mixed = together(3, |number| {
            if number == 0 {
                for _ in 0..300 {
                    breaker.transition(State::Open, &tester()).unwrap();
                    breaker.transition(State::HalfOpen, &tester()).unwrap();
                    let trial = breaker.acquire();
                    breaker.hold(hold(HoldKind::ForcedOpen, Some(secs(60))));
                    breaker.transition(State::Closed, &tester()).unwrap();
                    breaker.hold(hold(HoldKind::Observe, None));
                    breaker.release(&tester());
                    drop(trial);
                }
                return Vec::new();
            }
            (0..3_000)
                .filter_map(|_| breaker.acquire().map(drop).err())
                .filter(|given| given.retry_after() != told(given.reason()))
                .collect()
        });
        let mixed: Vec<_> = mixed.into_iter().flatten().collect();
        assert!(
            mixed.is_empty(),
            "round {round}: {} like {:?}",
            mixed.len(),
            mixed[0]
        );
    }
}
