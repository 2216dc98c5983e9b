//! R18: the switch above all circuits.

use crate::stand::{breaker, hold, secs, tester, together};
use fusebox::{
    CircuitBreaker, EventBus, EventKind, FailureClass, HoldKind, MainBreaker, ManualClock, Reason,
    Received, State,
};
use std::sync::Arc;

type Circuit = Arc<CircuitBreaker>;

fn under_one_switch() -> (Arc<MainBreaker>, Circuit, Circuit, [ManualClock; 2]) {
    let main = MainBreaker::new(EventBus::new(64));
    let (first, clock) = breaker(|b| b.consecutive_failures(2).ramp(secs(10)));
    let (second, other) = breaker(|b| b.consecutive_failures(1));
    assert!(main.join(&first) && main.join(&second));
    (main, first, second, [clock, other])
}

#[test]
fn an_open_main_breaker_rejects_everywhere_and_names_no_time() {
    let (main, first, second, _) = under_one_switch();
    second.hold(hold(HoldKind::Disabled, None));
    assert!(main.open("a test", &tester()));
    for circuit in [&first, &second] {
        let rejection = circuit.acquire().unwrap_err();
        assert_eq!(rejection.reason(), Reason::Main);
        assert_eq!(rejection.retry_after(), None);
        assert_eq!(circuit.snapshot().rejecting, Some(Reason::Main));
    }
    assert!(!main.open("again", &tester()), "it is open already");
    assert_eq!(main.opened().unwrap().reason, "a test");
    assert_eq!(first.snapshot().totals.rejected(Reason::Main), 1);
}

#[test]
fn holds_and_the_machine_go_on_beneath_and_cannot_lift_it() {
    let (main, first, _, [clock, _]) = under_one_switch();
    let permit = first.acquire().unwrap();
    main.open("a test", &tester());
    first.acquire().unwrap_err();
    permit.failure(FailureClass::Connect);
    assert_eq!(first.consecutive_failures(), 1, "what was in flight counts");
    first.transition(State::Open, &tester()).unwrap();
    clock.advance(secs(5));
    assert_eq!(first.state(), State::HalfOpen);
    first.hold(hold(HoldKind::Observe, None));
    first.reset(&tester());
    first.release(&tester());
    assert_eq!(first.acquire().unwrap_err().reason(), Reason::Main);
    main.close(&tester());
    assert!(!main.close(&tester()), "it is closed already");
}

#[test]
fn closing_it_starts_the_ramp_of_closed_circuits_only() {
    let (main, first, second, [clock, _]) = under_one_switch();
    second.transition(State::Open, &tester()).unwrap();
    main.open("a test", &tester());
    clock.advance(secs(60));
    main.close(&tester());
    assert_eq!(first.snapshot().ramp, Some(0.1));
    assert_eq!(second.state(), State::Open, "its own state is its own");
    let admitted = (0..100).filter(|_| first.acquire().is_ok()).count();
    assert!((9..=11).contains(&admitted), "{admitted} of 100");
    clock.advance(secs(10));
    assert!((0..100).all(|_| first.acquire().is_ok()));
    assert_eq!(first.snapshot().ramp, None);
}

#[test]
fn a_circuit_that_trips_main_does_so_when_it_opens_by_itself() {
    let (main, first, second, _) = under_one_switch();
    second.set_trips_main(true);
    second.transition(State::Open, &tester()).unwrap();
    assert!(
        !main.is_open(),
        "a hand on the circuit is not an automatic opening"
    );
    second.reset(&tester());
    second.acquire().unwrap().failure(FailureClass::Timeout);
    let opening = main.opened().unwrap();
    assert_eq!(opening.circuit.as_deref(), Some("test"));
    assert!(
        opening.reason.contains("opened: a failure"),
        "{}",
        opening.reason
    );
    assert_eq!(first.acquire().unwrap_err().reason(), Reason::Main);
}

#[test]
fn a_trial_that_runs_out_of_time_trips_main_too() {
    let (main, _, second, [_, clock]) = under_one_switch();
    second.transition(State::Open, &tester()).unwrap();
    clock.advance(secs(5));
    second.set_trips_main(true);
    let _trial = second.acquire().unwrap();
    clock.advance(secs(30));
    assert_eq!(second.state(), State::Open);
    assert!(main.is_open());
}

#[test]
fn a_circuit_that_joins_an_open_switch_rejects_at_once_and_has_one_switch() {
    let (main, ..) = under_one_switch();
    main.open("a test", &tester());
    let (late, _) = breaker(|b| b);
    assert!(main.join(&late));
    assert_eq!(late.acquire().unwrap_err().reason(), Reason::Main);
    let other = MainBreaker::new(EventBus::new(1));
    assert!(!other.join(&late));
    assert!(Arc::ptr_eq(late.main().unwrap(), &main));
}

#[test]
fn its_events_tell_reason_and_author_in_order() {
    let bus = EventBus::new(8);
    let main = MainBreaker::with_clock(Arc::clone(&bus), ManualClock::new());
    let mut told = bus.subscribe();
    main.open("invoice dispute", &tester());
    main.close(&tester());
    let texts: Vec<_> = std::iter::from_fn(|| told.try_next())
        .map(|received| match received {
            Received::Event(event) => event.to_string(),
            Received::Missed(n) => panic!("missed {n}"),
        })
        .collect();
    let wanted = [
        "the main breaker opened, by tester: invoice dispute",
        "the main breaker closed, by tester",
    ];
    assert_eq!(texts, wanted);
}

#[test]
fn the_bit_survives_transitions_made_at_the_same_time() {
    for _ in 0..200 {
        let (main, first, ..) = under_one_switch();
        together(2, |number| match number {
            0 => drop(main.open("a test", &tester())),
            _ => {
                for _ in 0..20 {
                    first.reset(&tester());
                }
            }
        });
        assert_eq!(first.acquire().unwrap_err().reason(), Reason::Main);
    }
}

#[test]
fn many_circuits_that_trip_at_once_open_it_once() {
    let bus = EventBus::new(1_024);
    let main = MainBreaker::new(Arc::clone(&bus));
    let mut told = bus.subscribe();
    let circuits: Vec<Circuit> = (0..8)
        .map(|_| breaker(|b| b.consecutive_failures(1).trips_main(true)).0)
        .collect();
    assert!(circuits.iter().all(|circuit| main.join(circuit)));
    let permits: Vec<_> = circuits
        .iter()
        .map(|c| c.acquire_owned().unwrap())
        .collect();
    let permits: Vec<_> = permits
        .into_iter()
        .map(|p| std::sync::Mutex::new(Some(p)))
        .collect();
    together(8, |number| {
        let permit = permits[number].lock().unwrap().take().unwrap();
        permit.failure(FailureClass::Reset);
    });
    let opened = std::iter::from_fn(|| told.try_next())
        .filter(|r| matches!(r, Received::Event(e) if matches!(e.kind, EventKind::MainOpened(_))));
    assert_eq!(opened.count(), 1);
    assert!(
        circuits
            .iter()
            .all(|c| c.acquire().unwrap_err().reason() == Reason::Main)
    );
}
