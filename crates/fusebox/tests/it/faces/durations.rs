//! Durations as text.

use fusebox::duration::{format, parse};
use proptest::prelude::*;
use std::time::Duration;

#[test]
fn every_unit_is_read_exactly() {
    let table = [
        ("1ns", 1),
        ("0ns", 0),
        ("1us", 1_000),
        ("1ms", 1_000_000),
        ("1s", 1_000_000_000),
        ("1m", 60_000_000_000),
        ("1h", 3_600_000_000_000),
        ("1.5s", 1_500_000_000),
        ("0.25ms", 250_000),
        ("0.000000001s", 1),
        ("2.50h", 9_000_000_000_000),
        ("007s", 7_000_000_000),
    ];
    for (text, nanos) in table {
        assert_eq!(parse(text), Ok(Duration::from_nanos(nanos)), "{text}");
    }
}

#[test]
fn what_is_no_duration_is_refused_with_its_reason() {
    let table = [
        "",
        "s",
        "10",
        "10 s",
        " 10s",
        "10s ",
        "-1s",
        "+1s",
        "1e3s",
        "1.s",
        ".5s",
        "1.2.3s",
        "10d",
        "10S",
        "10sec",
        "1,5s",
        "0.1ns",
        "0.0000000001s",
        "1h30m",
        "١s",
        "NaNs",
        "infs",
        "99999999999999999999h",
    ];
    for text in table {
        let why = parse(text).expect_err(text);
        assert!(!why.is_empty(), "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(crate::cases::cases(2_000))
    })]

    #[test]
    fn what_is_written_is_read_back(nanos in prop_oneof![
        0..10_000_u64,
        any::<u64>().prop_map(|n| n % (u64::MAX - 1)),
        (0..1_000_000_u64).prop_map(|s| s * 1_000_000_000),
        (0..100_000_u64).prop_map(|m| m * 60_000_000_000),
    ]) {
        let duration = Duration::from_nanos(nanos);
        prop_assert_eq!(parse(&format(duration)), Ok(duration));
    }

    #[test]
    fn no_text_makes_it_panic(text in "[0-9.]{0,40}(ns|us|ms|s|m|h|x)?|.{0,12}") {
        if let Ok(duration) = parse(&text) {
            prop_assert_eq!(parse(&format(duration)), Ok(duration));
        }
    }
}
