//! Many threads on the keys of one circuit: what must hold whatever the order, and exactly once
//! all is quiet.

use crate::cases::cases;
use crate::stand::{Dice, bounded, breaker, hold, percent, secs, tester, together};
use fusebox::{
    BranchSettings, CircuitBreaker, FailureClass, HoldKind, Settings, SettingsBuilder, State,
    WindowSize,
};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

const THREADS: usize = 4;

fn keyed(keys_max: u32, of_branch: SettingsBuilder) -> Arc<CircuitBreaker> {
    let settings = of_branch.jitter(percent("0%")).build().unwrap();
    let branches = BranchSettings::builder().keys_max(keys_max);
    let branches = branches.breaker(settings).build().unwrap();
    breaker(|b| b.consecutive_failures(1_048_576).branches(branches)).0
}

/// Half-open stays so: no number of outcomes decides.
fn patient(places: u32) -> SettingsBuilder {
    let settings = Settings::builder().consecutive_failures(1);
    let settings = settings.half_open_calls(places).half_open_successes(64);
    settings.half_open_failures(64)
}

fn places(circuit: &CircuitBreaker, key: &str) -> usize {
    let mut permits = Vec::new();
    while let Ok(permit) = circuit.acquire_key(key) {
        permits.push(permit);
        assert!(permits.len() <= 64, "places without end");
    }
    permits.len()
}

#[test]
fn trials_of_a_key_never_exceed_its_places_and_none_is_lost() {
    const KEYS: [&str; 3] = ["a", "b", "c"];
    bounded(|| {
        for limit in [1, 2] {
            for round in 0..cases(15) {
                let circuit = keyed(6, patient(limit));
                for key in KEYS {
                    let moved = circuit.transition_branch(key, State::HalfOpen, &tester());
                    assert!(moved.unwrap());
                }
                let in_flight: HashMap<&str, AtomicU32> =
                    KEYS.map(|key| (key, AtomicU32::new(0))).into();
                together(THREADS, |number| {
                    let mut dice = Dice::new(u64::from(round) * 8 + number as u64 + 1);
                    for turn in 0..300 {
                        // Others come and go: closed ones, which give way before the open.
                        let other = format!("other-{number}-{turn}");
                        circuit.acquire_key(&other).unwrap().success();
                        let key = KEYS[dice.below(3) as usize];
                        let Ok(permit) = circuit.acquire_key(key) else {
                            continue;
                        };
                        assert!(permit.is_trial(), "{key} was forgotten");
                        let count = &in_flight[key];
                        assert!(count.fetch_add(1, Ordering::SeqCst) < limit);
                        if dice.below(3) == 0 {
                            std::thread::yield_now();
                        }
                        // Before the place is given back, or another may be counted twice.
                        count.fetch_sub(1, Ordering::SeqCst);
                        match dice.below(3) {
                            0 => drop(permit),
                            _ => drop(permit.ignore()),
                        }
                    }
                });
                for key in KEYS {
                    assert_eq!(places(&circuit, key), limit as usize, "round {round}");
                }
                assert!(circuit.branches().evicted > 1_000);
                assert_eq!(circuit.branches().evicted_open, 0);
            }
        }
    });
}

#[test]
fn no_outcome_is_lost_while_a_branch_changes_between_quiet_and_whole() {
    bounded(|| {
        let windows = [WindowSize::Calls(10_000), WindowSize::Time(secs(10))];
        for (round, window) in (0..cases(10)).flat_map(|n| windows.map(|w| (n, w))) {
            let rated = Settings::builder().failure_rate(percent("100%"));
            let circuit = keyed(1_000, rated.minimum_calls(10_000).window(window));
            together(THREADS, |number| {
                for turn in 0..1_000 {
                    circuit.acquire_key("key").unwrap().success();
                    // Makes it whole, makes others whole, and so has it laid to rest.
                    if turn % 8 == 0 {
                        let other = format!("other-{number}-{}", turn % 64);
                        circuit.acquire_key(&other).unwrap().success();
                        let looked_at = if turn % 16 == 0 { "key" } else { &other };
                        circuit.branch(looked_at).unwrap();
                    }
                }
            });
            let window = circuit.branch("key").unwrap().window;
            assert_eq!((window.calls, window.failures), (4_000, 0), "round {round}");
            assert_eq!(circuit.snapshot().totals.success, 4_500);
        }
    });
}

#[test]
fn totals_add_up_and_the_bound_holds_while_keys_come_and_go() {
    const BOUND: u32 = 8;
    bounded(|| {
        for round in 0..cases(20) {
            let strict = Settings::builder()
                .consecutive_failures(2)
                .open_for(secs(1));
            let circuit = keyed(BOUND, strict);
            let [good, bad, ignored, rejected] = [const { AtomicU64::new(0) }; 4];
            together(THREADS, |number| {
                let mut dice = Dice::new(u64::from(round) * 8 + number as u64 + 1);
                for _ in 0..500 {
                    let key = format!("key-{}", dice.below(24));
                    let Ok(permit) = circuit.acquire_key(&key) else {
                        rejected.fetch_add(1, Ordering::Relaxed);
                        continue;
                    };
                    let counter = match dice.below(5) {
                        0 => {
                            drop(permit);
                            &ignored
                        }
                        1 | 2 => {
                            permit.failure(FailureClass::Other);
                            &bad
                        }
                        _ => {
                            permit.success();
                            &good
                        }
                    };
                    counter.fetch_add(1, Ordering::Relaxed);
                    let known = circuit.branches().known;
                    assert!(known <= u64::from(BOUND), "{known} branches");
                }
            });
            let totals = circuit.snapshot().totals;
            let counted = (totals.success, totals.failure, totals.ignored);
            let made = (good.into_inner(), bad.into_inner(), ignored.into_inner());
            assert_eq!(counted, made, "round {round}");
            assert_eq!(totals.rejected_total(), rejected.into_inner());
            let stats = circuit.branches();
            assert_eq!((stats.known, stats.unkept), (u64::from(BOUND), 0));
        }
    });
}

/// One of everything that a hand or a reader can do.
fn meddle(circuit: &CircuitBreaker, dice: &mut Dice, key: &str) {
    let by = tester();
    let kinds = [HoldKind::ForcedOpen, HoldKind::Disabled, HoldKind::Observe];
    match dice.below(12) {
        0 => drop(circuit.hold_branch(key, hold(kinds[dice.below(3) as usize], None))),
        1 | 2 => drop(circuit.release_branch(key, &by)),
        3 => drop(circuit.transition_branch(key, State::HalfOpen, &by)),
        4 => drop(circuit.transition_branch(key, State::Open, &by)),
        5 => drop(circuit.reset_branch(key, &by)),
        6 => {
            let keyed = BranchSettings::builder().keys_max(1 + dice.below(12) as u32);
            let window = WindowSize::Calls(1 + dice.below(20) as u32);
            let rated = Settings::builder().failure_rate(percent("50%"));
            let rated = rated.minimum_calls(1).window(window).build().unwrap();
            circuit.set_branches(Some(keyed.breaker(rated).build().unwrap()), &by);
        }
        7 if dice.below(4) == 0 => circuit.set_branches(None, &by),
        8 => drop(circuit.worst_branches(3)),
        9 => drop(circuit.branches()),
        10 => {
            let run = 1_000_000 + dice.below(9) as u32;
            let settings = Settings::builder().consecutive_failures(run);
            // Refused after thousands of changes.
            let _ = circuit.change_settings(settings.build().unwrap(), &by);
        }
        _ => drop(circuit.branch(key)),
    }
}

#[test]
fn hands_readers_and_calls_on_the_same_keys_neither_stand_still_nor_lose_a_place() {
    bounded(|| {
        for round in 0..cases(20) {
            let circuit = keyed(6, patient(2));
            together(THREADS, |number| {
                let mut dice = Dice::new(u64::from(round) * 8 + number as u64 + 1);
                for _ in 0..400 {
                    let key = format!("key-{}", dice.below(12));
                    if dice.below(3) == 0 {
                        meddle(&circuit, &mut dice, &key);
                    } else if let Ok(permit) = circuit.acquire_key(&key) {
                        match dice.below(3) {
                            0 => drop(permit),
                            1 => drop(permit.failure(FailureClass::Reset)),
                            _ => drop(permit.success()),
                        }
                    }
                }
            });
            let settings = patient(2).build().unwrap();
            let branches = BranchSettings::builder().keys_max(6).breaker(settings);
            circuit.set_branches(Some(branches.build().unwrap()), &tester());
            for number in 0..12 {
                let key = format!("key-{number}");
                circuit.release_branch(&key, &tester());
            }
            assert_eq!(circuit.branches().held, 0, "round {round}");
            assert!(circuit.branches().known <= 6);
            for number in 0..12 {
                let key = format!("key-{number}");
                circuit
                    .transition_branch(&key, State::HalfOpen, &tester())
                    .unwrap();
                assert_eq!(circuit.branch(&key).unwrap().in_flight, 0, "round {round}");
                assert_eq!(places(&circuit, &key), 2, "round {round}");
            }
        }
    });
}

#[test]
fn threads_whose_keys_all_fail_open_the_circuit_once() {
    bounded(|| {
        for round in 0..cases(100) {
            let lenient = Settings::builder().consecutive_failures(1_000).build();
            let branches = BranchSettings::builder()
                .keys_min(4)
                .breaker(lenient.unwrap());
            let (circuit, _) = breaker(|b| {
                let b = b.failure_rate(percent("50%")).minimum_calls(8);
                b.window(WindowSize::Time(secs(10)))
                    .branches(branches.build().unwrap())
            });
            together(THREADS, |number| {
                for _ in 0..3 {
                    if let Ok(permit) = circuit.acquire_key(&format!("key-{number}")) {
                        permit.failure(FailureClass::Connect);
                    }
                }
            });
            let snapshot = circuit.snapshot();
            assert_eq!(snapshot.state, State::Open, "round {round}");
            assert_eq!(snapshot.transitions, 1, "round {round}");
        }
    });
}

#[test]
fn a_table_in_shards_keeps_its_bound_and_its_open_branches() {
    bounded(|| {
        // Without a clock of its own a table above 1,024 keys is cut into shards.
        let hour = secs(3_600);
        let strict = Settings::builder().consecutive_failures(1).open_for(hour);
        let strict = strict.open_for_max(hour).build().unwrap();
        let branches = BranchSettings::builder().keys_max(1_100).breaker(strict);
        let circuit = CircuitBreaker::builder("shards")
            .consecutive_failures(1_048_576)
            .branches(branches.build().unwrap())
            .build()
            .unwrap();
        let dead = |number| format!("dead-{number}");
        for number in 0..100 {
            let permit = circuit.acquire_key(&dead(number)).unwrap();
            permit.failure(FailureClass::Connect);
        }
        together(THREADS, |number| {
            for turn in 0..3_000 {
                let permit = circuit.acquire_key(&format!("key-{number}-{turn}"));
                permit.unwrap().success();
            }
        });
        let stats = circuit.branches();
        assert_eq!((stats.known, stats.open, stats.unkept), (1_100, 100, 0));
        assert_eq!((stats.evicted, stats.evicted_open), (11_000, 0));
        for number in 0..100 {
            let told = circuit.acquire_key(&dead(number));
            assert!(told.is_err(), "{} was forgotten", dead(number));
        }
        assert_eq!(circuit.snapshot().totals.success, 12_000);
    });
}
