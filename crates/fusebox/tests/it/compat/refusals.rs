//! A value that is refused is told under the name that its user wrote.

use crate::stand::{ms, secs};
use fusebox::SettingsError;
use fusebox::compat::{ErrorRatio, FailMax, FailureThreshold, Pybreaker};
use std::time::Duration;

fn told(error: &SettingsError) -> (&str, &str, &str) {
    (error.field(), error.value(), error.allowed())
}

#[test]
fn a_ratio_is_told_as_it_was_given() {
    for ratio in [
        0.0,
        -0.5,
        1.5,
        50.0,
        f64::NAN,
        f64::INFINITY,
        0.000_000_1,
        1.0 / 3.0,
    ] {
        let old = ErrorRatio {
            error_ratio: ratio,
            ..ErrorRatio::default()
        };
        let allowed = "above 0 and at most 1, with at most 6 decimals";
        let error = old.settings().unwrap_err();
        assert_eq!(
            told(&error),
            ("error_ratio", ratio.to_string().as_str(), allowed)
        );
    }
}

#[test]
fn every_hundredth_is_a_ratio() {
    for hundredth in 1..=100_u32 {
        let old = ErrorRatio {
            error_ratio: f64::from(hundredth) / 100.0,
            ..ErrorRatio::default()
        };
        let rate = old.settings().unwrap().failure_rate().unwrap();
        assert_eq!(rate.to_string(), format!("{hundredth}%"));
    }
}

#[test]
fn times_of_a_ratio_have_their_old_names() {
    let short = ErrorRatio {
        response_time: ms(999),
        ..ErrorRatio::default()
    };
    let error = short.settings().unwrap_err();
    assert_eq!(told(&error), ("response_time", "999ms", "1s or longer"));
    let none = ErrorRatio {
        broken_time: Duration::ZERO,
        ..ErrorRatio::default()
    };
    let error = none.settings().unwrap_err();
    assert_eq!(told(&error), ("broken_time", "0s", "longer than 0s"));
}

#[test]
fn a_threshold_has_its_old_names() {
    let good = FailureThreshold::default();
    let bad = [
        FailureThreshold {
            failure_threshold: 0,
            ..good
        },
        FailureThreshold {
            recovery_timeout: Duration::ZERO,
            ..good
        },
        FailureThreshold {
            half_open_max_calls: 0,
            ..good
        },
        FailureThreshold {
            half_open_max_calls: 65,
            ..good
        },
    ];
    let errors = bad.map(|old| old.settings().unwrap_err());
    let expected = [
        ("failure_threshold", "0", "1 to 1048576"),
        ("recovery_timeout", "0s", "longer than 0s"),
        ("half_open_max_calls", "0", "1 to 64"),
        ("half_open_max_calls", "65", "1 to 64"),
    ];
    assert_eq!(errors.each_ref().map(told), expected);
}

#[test]
fn fail_max_is_fail_max_in_both() {
    let zero = FailMax {
        fail_max: 0,
        recovery_timeout: secs(60),
    };
    let error = zero.settings().unwrap_err();
    assert_eq!(told(&error), ("fail_max", "0", "1 to 1048576"));
    let zero = FailMax {
        fail_max: 1,
        recovery_timeout: Duration::ZERO,
    };
    assert_eq!(zero.builder().unwrap_err().field(), "recovery_timeout");
    let many = Pybreaker {
        fail_max: 1_048_577,
        ..Pybreaker::default()
    };
    let error = many.settings().unwrap_err();
    assert_eq!(told(&error), ("fail_max", "1048577", "1 to 1048576"));
    let zero = Pybreaker {
        reset_timeout: Duration::ZERO,
        ..Pybreaker::default()
    };
    assert_eq!(zero.settings().unwrap_err().field(), "reset_timeout");
}
