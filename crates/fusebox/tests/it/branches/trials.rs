//! Trials of a circuit and of its branches: neither keeps a place of the other's.

use crate::stand::{breaker, hold, percent, secs, tester, together};
use fusebox::{
    Author, BranchPermit, BranchSettings, Cause, CircuitBreaker, EventKind, FailureClass, HoldKind,
    MainBreaker, ManualClock, Reason, Received, Settings, State,
};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Opens at the third failure in a row; a branch at its first, for an hour.
fn keyed() -> (Arc<CircuitBreaker>, ManualClock) {
    let one = Settings::builder().consecutive_failures(1);
    let one = one.open_for(secs(3_600)).open_for_max(secs(3_600));
    let one = one.jitter(percent("0%")).half_open_successes(1);
    let branches = BranchSettings::builder().breaker(one.build().unwrap());
    breaker(|b| {
        let b = b.consecutive_failures(3).half_open_successes(1);
        b.branches(branches.build().unwrap())
    })
}

fn fail(circuit: &CircuitBreaker, key: &str) {
    let permit = circuit.acquire_key(key).unwrap();
    permit.failure(FailureClass::Connect);
}

#[test]
fn a_branch_that_rejects_gives_the_trial_place_of_the_circuit_back() {
    let (circuit, clock) = keyed();
    fail(&circuit, "dead");
    circuit.transition(State::HalfOpen, &tester()).unwrap();
    let told = circuit.acquire_key("dead").unwrap_err();
    assert_eq!(told.reason(), Reason::Open);
    assert_eq!(
        told.retry_after(),
        Some(secs(3_600)),
        "the branch's own time"
    );
    let snapshot = circuit.snapshot();
    assert_eq!((snapshot.in_flight, snapshot.trials.failed), (0, 0));
    assert_eq!(snapshot.totals.rejected(Reason::Open), 1);
    clock.advance(secs(60));
    assert_eq!(
        circuit.state(),
        State::HalfOpen,
        "no trial runs out of time"
    );
    let trial = circuit.acquire_key("well").unwrap();
    assert!(trial.is_trial());
    trial.success();
    assert_eq!(circuit.state(), State::Closed);
}

#[test]
fn the_first_call_after_an_open_period_may_be_for_a_dead_key() {
    let (circuit, clock) = keyed();
    fail(&circuit, "dead");
    circuit.transition(State::Open, &tester()).unwrap();
    clock.advance(secs(5));
    // Nobody has looked since: this call finds the circuit half-open, and its branch open.
    let told = circuit.acquire_key("dead").unwrap_err();
    assert_eq!(told.reason(), Reason::Open);
    assert_eq!(told.retry_after(), Some(secs(3_595)));
    assert_eq!(circuit.snapshot().in_flight, 0);
    assert!(circuit.acquire_key("well").unwrap().is_trial());
    clock.advance(secs(30));
    assert_eq!(
        circuit.state(),
        State::HalfOpen,
        "no trial runs out of time"
    );
}

#[test]
fn a_trial_of_both_is_judged_by_both() {
    let (circuit, clock) = keyed();
    for key in ["a", "b", "c"] {
        fail(&circuit, key);
    }
    assert_eq!(circuit.state(), State::Open);
    clock.advance(secs(3_600));
    let trial = circuit.acquire_key("a").unwrap();
    assert_eq!(
        circuit.acquire_key("b").unwrap_err().reason(),
        Reason::HalfOpen
    );
    assert_eq!(circuit.branch("a").unwrap().in_flight, 1);
    assert_eq!(
        circuit.branch("b").unwrap().in_flight,
        0,
        "it was not asked"
    );
    trial.success();
    assert_eq!(circuit.state(), State::Closed);
    assert_eq!(circuit.branch("a").unwrap().state, State::Closed);
    assert_eq!(circuit.branch("b").unwrap().state, State::HalfOpen);
    let trial = circuit.acquire_key("b").unwrap();
    assert!(trial.is_trial(), "of the branch alone");
    assert_eq!(
        circuit.acquire_key("b").unwrap_err().reason(),
        Reason::HalfOpen
    );
    drop(trial);
    assert!(
        circuit.acquire_key("b").unwrap().is_trial(),
        "its place is back"
    );
}

#[test]
fn a_call_that_panics_is_a_failure_of_its_branch_too() {
    let (circuit, _) = keyed();
    let call = || -> Result<(), ()> { resume_unwind(Box::new("a call that panics")) };
    let caught = catch_unwind(AssertUnwindSafe(|| circuit.call_key("a", call)));
    assert!(caught.is_err());
    assert_eq!(circuit.branch("a").unwrap().state, State::Open);
    assert_eq!(circuit.consecutive_failures(), 1);
}

#[test]
fn a_trial_of_a_branch_that_is_slow_in_flight_has_failed() {
    let slow = Settings::builder().slow_call_rate(percent("50%"));
    let slow = slow.slow_call_duration(secs(1)).open_for(secs(5));
    let slow = slow.jitter(percent("0%")).build().unwrap();
    let branches = BranchSettings::builder().breaker(slow).build().unwrap();
    let (circuit, clock) = breaker(|b| b.consecutive_failures(1_000).branches(branches));
    let by = tester();
    assert!(
        circuit
            .transition_branch("a", State::HalfOpen, &by)
            .unwrap()
    );
    let mut trial = circuit.acquire_key("a").unwrap();
    clock.advance(secs(1));
    trial.overdue();
    assert_eq!(circuit.branch("a").unwrap().state, State::Open);
    trial.success();
    let branch = circuit.branch("a").unwrap();
    assert_eq!((branch.state, branch.totals.late), (State::Open, 1));
    assert_eq!(circuit.snapshot().totals.success, 1);
}

#[test]
fn after_the_shutdown_began_a_dropped_call_is_no_failure_of_its_branch() {
    let patient = Settings::builder()
        .consecutive_failures(1)
        .abandoned_after(Some(secs(1)));
    let branches = BranchSettings::builder().breaker(patient.build().unwrap());
    let branches = branches.build().unwrap();
    let (circuit, clock) = breaker(|b| b.consecutive_failures(1_000).branches(branches));
    let [early, late] = ["a", "b"].map(|key| circuit.acquire_key(key).unwrap());
    clock.advance(secs(1));
    drop(early);
    circuit.begin_shutdown();
    drop(late);
    assert_eq!(circuit.branch("a").unwrap().state, State::Open);
    assert_eq!(circuit.branch("b").unwrap().state, State::Closed);
}

#[test]
fn a_disabled_circuit_asks_no_branch_and_tells_none() {
    let (circuit, _) = keyed();
    fail(&circuit, "dead");
    circuit.hold(hold(HoldKind::Disabled, None));
    fail(&circuit, "dead");
    fail(&circuit, "new");
    assert!(circuit.branch("new").is_none());
    circuit.release(&tester());
    assert!(circuit.acquire_key("dead").is_err());
    assert!(circuit.acquire_key("new").is_ok());
}

#[test]
fn the_events_of_a_branch_name_its_key_and_its_opening_does_not_trip_main() {
    let (circuit, _) = keyed();
    let main = MainBreaker::with_clock(fusebox::EventBus::new(8), ManualClock::new());
    assert!(main.join(&circuit));
    circuit.set_trips_main(true);
    let mut told = circuit.subscribe();
    for key in ["a", "b", "c"] {
        assert!(!main.is_open(), "only the circuit's own opening trips it");
        fail(&circuit, key);
    }
    assert!(main.is_open());
    let opened = std::iter::from_fn(|| told.try_next()).map(|received| match received {
        Received::Event(event) => match event.kind {
            EventKind::Transition { to, cause, .. } => {
                assert_eq!((to, cause), (State::Open, Cause::ConsecutiveFailures));
                event.branch.map(|key| key.to_string())
            }
            other => panic!("{other:?}"),
        },
        Received::Missed(n) => panic!("missed {n}"),
    });
    let wanted = ["a", "b", "c"].map(|key| Some(key.to_owned()));
    assert_eq!(opened.collect::<Vec<_>>(), [&wanted[..], &[None]].concat());
    let told = circuit.acquire_key("a").unwrap_err();
    assert_eq!(told.reason(), Reason::Main, "it outranks the branch");
    assert!(main.close(&Author::new("tester")));
}

#[test]
fn a_dead_key_takes_no_trial_place_from_the_others() {
    let (circuit, _) = keyed();
    fail(&circuit, "dead");
    circuit.transition(State::HalfOpen, &tester()).unwrap();
    let done = AtomicBool::new(false);
    let rejected = together(2, |number| {
        if number == 0 {
            while !done.load(Ordering::Relaxed) {
                assert!(circuit.acquire_key("dead").is_err());
            }
            return 0;
        }
        let ask = || circuit.acquire_key("well").map(BranchPermit::ignore);
        let rejected = (0..200_000).filter(|_| ask().is_err()).count();
        done.store(true, Ordering::Relaxed);
        rejected
    });
    assert_eq!(rejected[1], 0, "the only place was free each time");
    assert_eq!(circuit.snapshot().in_flight, 0);
}

#[test]
fn a_dead_key_uses_up_nothing_of_the_circuits_ramp() {
    let (circuit, clock) = keyed();
    let ramped = Settings::builder()
        .consecutive_failures(1_000)
        .ramp(secs(100));
    let ramped = ramped.half_open_successes(1).build().unwrap();
    circuit.change_settings(ramped, &tester()).unwrap();
    fail(&circuit, "dead");
    circuit.transition(State::HalfOpen, &tester()).unwrap();
    circuit.acquire_key("well").unwrap().success();
    assert_eq!(circuit.snapshot().ramp, Some(0.1));
    for phase in 0..10 {
        let mut admitted = 0;
        for turn in 0..1_000 {
            let well = turn % 10 == phase;
            let passes = circuit
                .acquire_key(if well { "well" } else { "dead" })
                .is_ok();
            assert!(well || !passes);
            admitted += u32::from(passes);
        }
        assert!(
            (9..=11).contains(&admitted),
            "{admitted} of 100, phase {phase}"
        );
    }
    clock.advance(secs(100));
    assert!((0..100).all(|_| circuit.acquire_key("well").is_ok()));
}
