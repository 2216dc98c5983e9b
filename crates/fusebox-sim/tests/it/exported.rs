//! What led to an opening, as a file that holds.

use crate::life::Life;
use fusebox::{
    EventKind, FailureClass, HoldKind, Outcome, Rate, Settings, Settlement, State, Tick, WindowSize,
};
use fusebox_sim::replay::Script;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use std::time::Duration;

#[derive(Clone, Debug)]
enum Action {
    Call(Settlement, u8),
    Begin,
    End(usize, Settlement),
    Overdue(usize),
    Advance(Duration),
    Transition(State),
    Hold(HoldKind, Option<Duration>),
    Release,
    Reset,
    Settings(Box<Settings>),
    Main(bool),
}

fn settlement() -> impl Strategy<Value = Settlement> {
    let outcome = prop_oneof![
        4 => Just(Outcome::Success),
        6 => Just(Outcome::Failure(FailureClass::Connect)),
        1 => Just(Outcome::Ignored),
    ];
    let took = prop_oneof![
        3 => Just(None),
        2 => (1_u64..3_000_000_000).prop_map(|ns| Some(Duration::from_nanos(ns))),
    ];
    let wait = prop_oneof![
        9 => Just(None),
        1 => (1_u64..20_000).prop_map(|ms| Some(Duration::from_millis(ms))),
    ];
    (outcome, took, wait).prop_map(|(outcome, took, wait)| {
        let mut settlement = Settlement::new(outcome);
        if let Some(took) = took {
            settlement = settlement.took(took);
        }
        match wait {
            Some(wait) => settlement.retry_after(wait),
            None => settlement,
        }
    })
}

fn settings() -> impl Strategy<Value = Settings> {
    let window = prop_oneof![
        (1_u32..12).prop_map(WindowSize::Calls),
        (1_000_u64..6_000).prop_map(|ms| WindowSize::Time(Duration::from_millis(ms))),
    ];
    let policies = (
        proptest::option::of(1_u32..5),
        proptest::option::of(10_u32..101),
        proptest::option::of(1_u32..6),
        proptest::option::of((10_u32..101, 1_u64..2_000)),
    );
    let times = (1_u64..5_000, 0_u32..50, 0_u64..3_000, 1_u64..4_000);
    let trials = (1_u32..4, 1_u32..4, 1_u32..4, any::<bool>());
    (window, 1_u32..6, policies, times, trials).prop_filter_map(
        "settings that are refused",
        |(window, minimum, policies, times, trials)| {
            let (run, rate, count, slow) = policies;
            let (open_for, jitter, ramp, timeout) = times;
            let ms = Duration::from_millis;
            let percent = |p: u32| Rate::percent(f64::from(p)).expect("a percentage");
            let mut builder = Settings::builder()
                .open_for(ms(open_for))
                .jitter(percent(jitter))
                .ramp(ms(ramp))
                .half_open_timeout(ms(timeout))
                .half_open_calls(trials.0)
                .half_open_successes(trials.1)
                .half_open_failures(trials.2)
                .window(window);
            if trials.3 {
                builder = builder.minimum_calls(minimum);
            }
            if let Some(run) = run {
                builder = builder.consecutive_failures(run);
            }
            if let Some(rate) = rate {
                builder = builder.failure_rate(percent(rate));
            }
            if let Some(count) = count {
                builder = builder.failure_count(count);
            }
            if let Some((rate, slow)) = slow {
                builder = builder.slow_call_rate(percent(rate));
                builder = builder.slow_call_duration(ms(slow));
            }
            builder.build().ok()
        },
    )
}

fn action() -> impl Strategy<Value = Action> {
    let time = prop_oneof![
        4 => (1_u64..400_000_000).prop_map(Duration::from_nanos),
        1 => (1_u64..9_000).prop_map(Duration::from_millis),
    ];
    let state = prop_oneof![
        Just(State::Closed),
        Just(State::Open),
        Just(State::HalfOpen)
    ];
    let hold = prop_oneof![
        1 => Just(HoldKind::ForcedOpen),
        1 => Just(HoldKind::Disabled),
        3 => Just(HoldKind::Observe)
    ];
    let expiry = proptest::option::of((1_u64..5_000).prop_map(Duration::from_millis));
    prop_oneof![
        20 => (settlement(), 1_u8..6).prop_map(|(s, times)| Action::Call(s, times)),
        6 => Just(Action::Begin),
        6 => (any::<usize>(), settlement()).prop_map(|(which, s)| Action::End(which, s)),
        2 => any::<usize>().prop_map(Action::Overdue),
        16 => time.prop_map(Action::Advance),
        2 => state.prop_map(Action::Transition),
        1 => (hold, expiry).prop_map(|(kind, for_)| Action::Hold(kind, for_)),
        2 => Just(Action::Release),
        1 => Just(Action::Reset),
        1 => settings().prop_map(|settings| Action::Settings(Box::new(settings))),
        1 => any::<bool>().prop_map(Action::Main),
    ]
}

fn live(life: &mut Life, action: Action) {
    match action {
        Action::Call(settlement, times) => {
            for _ in 0..times {
                life.call(settlement);
            }
        }
        Action::Begin => life.begin(),
        Action::End(which, settlement) => life.end(which, settlement),
        Action::Overdue(which) => life.overdue(which),
        Action::Advance(by) => life.advance(by),
        Action::Transition(to) => life.transition(to),
        Action::Hold(kind, for_) => life.hold(kind, for_),
        Action::Release => life.release(),
        Action::Reset => life.reset(),
        Action::Settings(settings) => life.settings(*settings),
        Action::Main(open) => life.main(open),
    }
}

/// Every file holds, says the state before the deciding step, and is not cut.
fn check(life: &Life) -> Result<(), TestCaseError> {
    for (event, exported) in &life.exported {
        let script = Script::parse(exported.text.as_bytes());
        let report = script.and_then(|script| script.run());
        let report = report
            .map_err(|bad| TestCaseError::fail(format!("{event}: {bad}\n{}", exported.text)))?;
        prop_assert!(report.ok(), "{event}: {report}\n{}", exported.text);
        prop_assert!(exported.holds && !exported.cut, "{}", exported.text);
        let opened = matches!(event.kind, EventKind::Transition { .. });
        // Twice: nothing before the deciding step, and the opening after it.
        let strict = exported.text.matches(r#""transitions""#).count() == 2;
        prop_assert!(!opened || strict, "{event}:\n{}", exported.text);
    }
    Ok(())
}

const FAILURE: Settlement = Settlement::new(Outcome::Failure(FailureClass::Reset));

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Buckets of 62.5 ms: 50 ms into one the first failure comes, which is forgotten 950 ms later.
#[test]
fn the_file_begins_as_far_into_a_bucket_of_the_window_as_the_generation_did() {
    let builder = Settings::builder()
        .failure_count(2)
        .window(WindowSize::Time(ms(1_000)));
    let settings = builder.build().expect("good settings");
    let mut life = Life::new(settings, Tick::from_nanos(2_050_000_000), 1);
    for wait in [0, 950, 40] {
        assert_eq!(life.breaker.state(), State::Closed);
        life.advance(ms(wait));
        life.call(FAILURE);
    }
    assert_eq!(life.breaker.state(), State::Open);
    check(&life).expect("a file that holds");
    assert_eq!(life.exported.len(), 1);
}

/// One slow call is in the window, behind calls that were ignored and take no place in it; another
/// one is seen by a timer.
#[test]
fn ignored_calls_hide_no_slow_one_from_the_file() {
    let tenth = Rate::percent(10.0).expect("a percentage");
    let builder = Settings::builder()
        .slow_call_rate(tenth)
        .slow_call_duration(ms(1))
        .window(WindowSize::Calls(9));
    let settings = builder.minimum_calls(9).build().expect("good settings");
    let mut life = Life::new(settings, Tick::ZERO, 0);
    let success = Settlement::new(Outcome::Success);
    let call = |life: &mut Life, times: u32, settlement: Settlement| {
        (0..times).for_each(|_| assert!(life.call(settlement)));
    };
    life.begin();
    call(&mut life, 2, success);
    call(&mut life, 1, success.took(ms(2)));
    call(&mut life, 1, success);
    call(&mut life, 4, Settlement::new(Outcome::Ignored));
    life.advance(ms(2));
    life.overdue(0);
    call(&mut life, 4, success);
    assert_eq!(life.breaker.state(), State::Open);
    check(&life).expect("a file that holds");
    assert_eq!(life.exported.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/it/exported-regressions.txt",
        ))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_opening_of_a_random_life_is_a_file_that_holds(
        settings in settings(),
        born in 0_u64..1_000_000_000_000,
        seed in any::<u64>(),
        actions in vec(action(), 1..120),
    ) {
        let mut life = Life::new(settings, Tick::from_nanos(born), seed);
        for action in actions {
            live(&mut life, action);
        }
        check(&life)?;
    }
}
