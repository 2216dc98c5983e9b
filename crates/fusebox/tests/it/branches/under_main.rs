//! Many threads under one main breaker (R18), their circuits keyed.

use crate::cases::cases;
use crate::stand::{Dice, bounded, breaker, hold, secs, tester, together};
use fusebox::{
    BranchSettings, CircuitBreaker, EventBus, EventKind, FailureClass, HoldKind, MainBreaker,
    Reason, Received, Settings, State,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

type Circuit = Arc<CircuitBreaker>;

fn keyed(run: u32, trips_main: bool) -> Circuit {
    let branches = BranchSettings::builder().keys_max(4).build().unwrap();
    breaker(|b| {
        let b = b.consecutive_failures(run).trips_main(trips_main);
        b.branches(branches)
    })
    .0
}

fn is_under_main(circuit: &CircuitBreaker) -> bool {
    circuit.snapshot().rejecting == Some(Reason::Main)
}

/// Calls, holds and moves at random.
fn live(circuit: &CircuitBreaker, dice: &mut Dice) {
    let by = tester();
    match dice.below(16) {
        0 => circuit.hold(hold(HoldKind::Disabled, None)),
        1 => drop(circuit.release(&by)),
        2 => circuit.reset(&by),
        3 => drop(circuit.transition(State::HalfOpen, &by)),
        _ => {
            let Ok(permit) = circuit.acquire_key(&format!("key-{}", dice.below(8))) else {
                return;
            };
            match dice.below(2) {
                0 => permit.success(),
                _ => permit.failure(FailureClass::Reset),
            };
        }
    }
}

#[test]
fn when_open_returns_every_circuit_rejects_whatever_happens_to_it() {
    bounded(|| {
        for round in 0..cases(20) {
            let main = MainBreaker::new(EventBus::new(1_024));
            let circuits: Vec<Circuit> = (0..4).map(|_| keyed(3, false)).collect();
            assert!(circuits.iter().all(|circuit| main.join(circuit)));
            let done = AtomicBool::new(false);
            together(3, |number| {
                let mut dice = Dice::new(u64::from(round) * 8 + number as u64 + 1);
                if number > 0 {
                    while !done.load(Ordering::Relaxed) {
                        live(&circuits[dice.below(4) as usize], &mut dice);
                    }
                    return;
                }
                for _ in 0..50 {
                    assert!(main.open("a test", &tester()));
                    for circuit in &circuits {
                        let told = circuit.acquire_key("key-0").unwrap_err();
                        assert_eq!((told.reason(), told.retry_after()), (Reason::Main, None));
                        assert!(is_under_main(circuit));
                    }
                    assert!(main.close(&tester()));
                    assert!(!circuits.iter().any(|circuit| is_under_main(circuit)));
                }
                done.store(true, Ordering::Relaxed);
            });
        }
    });
}

#[test]
fn circuits_that_trip_and_hands_that_close_agree_in_the_end() {
    bounded(|| {
        for round in 0..cases(50) {
            let bus = EventBus::new(1 << 14);
            let main = MainBreaker::new(Arc::clone(&bus));
            let mut told = bus.subscribe();
            let circuits: Vec<Circuit> = (0..3).map(|_| keyed(1, true)).collect();
            assert!(circuits.iter().all(|circuit| main.join(circuit)));
            together(4, |number| {
                for _ in 0..40 {
                    if number == 3 {
                        main.close(&tester());
                        continue;
                    }
                    let circuit = &circuits[number];
                    circuit.reset(&tester());
                    if let Ok(permit) = circuit.acquire() {
                        permit.failure(FailureClass::Connect);
                    }
                }
            });
            let open = main.is_open();
            assert_eq!(main.opened().is_some(), open);
            for circuit in &circuits {
                assert_eq!(is_under_main(circuit), open, "round {round}");
            }
            let turns = std::iter::from_fn(|| told.try_next()).map(|received| match received {
                Received::Event(event) => matches!(event.kind, EventKind::MainOpened(_)),
                Received::Missed(n) => panic!("missed {n}"),
            });
            let turns: Vec<bool> = turns.collect();
            let in_turn = turns
                .iter()
                .enumerate()
                .all(|(n, opened)| *opened == (n % 2 == 0));
            assert!(in_turn, "opened and closed in turn: {turns:?}");
            assert_eq!(turns.last().copied().unwrap_or(false), open);
        }
    });
}

#[test]
fn circuits_that_join_or_go_while_it_turns_are_never_left_behind() {
    bounded(|| {
        for round in 0..cases(100) {
            let main = MainBreaker::new(EventBus::new(1_024));
            let joined = together(3, |number| {
                let mut mine = Vec::new();
                for turn in 0..20 {
                    if number == 0 {
                        match turn % 2 {
                            0 => main.open("a test", &tester()),
                            _ => main.close(&tester()),
                        };
                        continue;
                    }
                    let circuit = keyed(3, false);
                    assert!(main.join(&circuit));
                    // Every other one is dropped at once, perhaps while the switch turns.
                    if turn % 2 == 0 {
                        mine.push(circuit);
                    }
                }
                mine
            });
            let all: Vec<Circuit> = joined.into_iter().flatten().collect();
            assert!(
                !all.iter().any(|circuit| is_under_main(circuit)),
                "round {round}"
            );
            main.open("a test", &tester());
            assert!(
                all.iter().all(|circuit| is_under_main(circuit)),
                "round {round}"
            );
        }
    });
}

/// A circuit on a ramp of 100 s after each close, with a key whose branch is open.
fn with_a_dead_key() -> (Arc<MainBreaker>, Circuit) {
    let main = MainBreaker::new(EventBus::new(64));
    let dead = Settings::builder().consecutive_failures(1).build().unwrap();
    let branches = BranchSettings::builder().breaker(dead).build().unwrap();
    let (circuit, _) = breaker(|b| {
        let b = b.consecutive_failures(1_000).ramp(secs(100));
        b.branches(branches)
    });
    assert!(main.join(&circuit));
    let permit = circuit.acquire_key("dead").unwrap();
    permit.failure(FailureClass::Connect);
    (main, circuit)
}

#[test]
fn it_outranks_a_branch_also_during_a_ramp() {
    let (main, circuit) = with_a_dead_key();
    main.open("a test", &tester());
    main.close(&tester());
    assert!(circuit.snapshot().ramp.is_some());
    let told = circuit.acquire_key("dead").unwrap_err();
    assert_eq!(told.reason(), Reason::Open);
    main.open("a test", &tester());
    let told = circuit.acquire_key("dead").unwrap_err();
    assert_eq!((told.reason(), told.retry_after()), (Reason::Main, None));
}

#[test]
fn a_held_circuit_admits_every_key_also_after_it_closed() {
    for kind in [HoldKind::Observe, HoldKind::Disabled] {
        let (main, circuit) = with_a_dead_key();
        circuit.hold(hold(kind, None));
        assert!(circuit.acquire_key("dead").is_ok(), "{kind:?}");
        main.open("a test", &tester());
        assert!(circuit.acquire_key("dead").is_err(), "{kind:?}");
        main.close(&tester());
        assert!(circuit.acquire_key("dead").is_ok(), "{kind:?}");
        assert!(
            (0..100).all(|_| circuit.acquire_key("well").is_ok()),
            "{kind:?}"
        );
    }
}
