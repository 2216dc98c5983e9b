//! The table of settings: what is accepted and what it means (R21).

use crate::stand::{ms, percent, secs};
use fusebox::{Recovery, Settings, Value, WindowSize};

fn read(entries: &[(&str, Value<'_>)]) -> Settings {
    Settings::from_entries(entries.iter().copied()).unwrap()
}

const fn text(text: &str) -> Value<'_> {
    Value::Text(text)
}

const fn whole(number: i64) -> Value<'static> {
    Value::Integer(number)
}

#[test]
fn the_defaults_are_those_of_the_table() {
    let settings = read(&[]);
    assert_eq!(settings, Settings::defaults());
    assert_eq!(settings, Settings::builder().build().unwrap());
    assert_eq!(settings.consecutive_failures(), Some(5));
    assert_eq!(settings.failure_rate(), Some(percent("50%")));
    assert_eq!(settings.failure_count(), None);
    assert_eq!(
        (settings.slow_call_rate(), settings.slow_call_duration()),
        (None, None)
    );
    assert_eq!(settings.window(), WindowSize::Time(secs(10)));
    assert_eq!(settings.minimum_calls(), 20);
    assert_eq!(
        (settings.open_for(), settings.open_for_max()),
        (secs(5), secs(60))
    );
    assert_eq!(
        (settings.backoff(), settings.jitter()),
        (2.0, percent("20%"))
    );
    assert_eq!(settings.half_open_calls(), 1);
    assert_eq!(
        (
            settings.half_open_successes(),
            settings.half_open_failures()
        ),
        (2, 1)
    );
    assert_eq!(settings.half_open_timeout(), secs(30));
    assert_eq!(
        (settings.abandoned_after(), settings.ramp()),
        (None, secs(0))
    );
    assert_eq!(settings.recovery(), Recovery::Automatic);
}

#[test]
fn naming_any_failure_policy_replaces_the_two_defaults() {
    let settings = read(&[("consecutive_failures", whole(3))]);
    assert_eq!(
        (settings.consecutive_failures(), settings.failure_rate()),
        (Some(3), None)
    );
    let settings = read(&[("failure_rate", text("20%"))]);
    assert_eq!(settings.consecutive_failures(), None);
    let settings = read(&[("failure_count", whole(7))]);
    assert_eq!(
        (settings.consecutive_failures(), settings.failure_rate()),
        (None, None)
    );
    let settings = read(&[
        ("slow_call_rate", text("20%")),
        ("slow_call_duration", text("1s")),
    ]);
    assert_eq!(
        settings.consecutive_failures(),
        Some(5),
        "a slow-call rate only adds"
    );
    assert_eq!(settings.failure_rate(), Some(percent("50%")));
}

#[test]
fn defaults_follow_what_is_named() {
    let settings = read(&[("failure_rate", text("50%")), ("window", text("8 calls"))]);
    assert_eq!(settings.minimum_calls(), 8);
    assert_eq!(read(&[("open_for", text("5m"))]).open_for_max(), secs(300));
}

#[test]
fn the_edges_of_every_range_are_allowed() {
    let table: &[&[(&str, Value<'_>)]] = &[
        &[("consecutive_failures", whole(1))],
        &[("consecutive_failures", whole(1_048_576))],
        &[("failure_rate", text("0.0001%"))],
        &[("failure_rate", text("100%"))],
        &[("failure_count", whole(1_048_576))],
        &[("failure_count", whole(10)), ("window", text("10 calls"))],
        &[
            ("slow_call_rate", text("100%")),
            ("slow_call_duration", text("1ns")),
        ],
        &[("failure_rate", text("50%")), ("window", text("1 calls"))],
        &[
            ("failure_rate", text("50%")),
            ("window", text("10000 calls")),
        ],
        &[("failure_rate", text("50%")), ("window", text("1s"))],
        &[("failure_rate", text("50%")), ("window", text("1000ms"))],
        &[("failure_rate", text("50%")), ("window", text("24h"))],
        &[("minimum_calls", whole(1))],
        &[("minimum_calls", whole(1_000_000))],
        &[("open_for", text("1ns"))],
        &[("open_for", text("9s")), ("open_for_max", text("9s"))],
        &[("backoff", whole(1))],
        &[("backoff", Value::Float(1.0))],
        &[("backoff", Value::Float(f64::MAX))],
        &[("jitter", text("0%"))],
        &[("jitter", text("100%"))],
        &[
            ("half_open_calls", whole(64)),
            ("half_open_successes", whole(1)),
        ],
        &[
            ("half_open_successes", whole(64)),
            ("half_open_failures", whole(64)),
        ],
        &[("half_open_timeout", text("1ns"))],
        &[("abandoned_after", text("off"))],
        &[("abandoned_after", text("1ns"))],
        &[("ramp", text("0s"))],
        &[("recovery", text("manual"))],
        &[("recovery", text("automatic")), ("open_for", text("1h"))],
    ];
    for entries in table {
        let settings = read(entries);
        let breaker = fusebox::CircuitBreaker::builder("edge").settings(settings.clone());
        assert_eq!(breaker.build().unwrap().settings(), settings, "{entries:?}");
    }
}

#[test]
fn durations_are_compared_as_values() {
    let short = read(&[("open_for", text("1500ms"))]);
    assert_eq!(short.open_for(), ms(1_500));
    assert_eq!(short, read(&[("open_for", text("1.5s"))]));
}

#[test]
fn entries_read_back_give_the_same_settings() {
    let table: &[&[(&str, Value<'_>)]] = &[
        &[],
        &[
            ("consecutive_failures", whole(3)),
            ("recovery", text("manual")),
        ],
        &[
            ("failure_rate", text("33.3333%")),
            ("window", text("90 calls")),
        ],
        &[
            ("failure_count", whole(3)),
            ("window", text("1m")),
            ("ramp", text("250ms")),
        ],
        &[
            ("slow_call_rate", text("0.2%")),
            ("slow_call_duration", text("1.5s")),
        ],
        &[
            ("abandoned_after", text("3s")),
            ("backoff", Value::Float(1.25)),
        ],
    ];
    for entries in table {
        let settings = read(entries);
        let written = settings.entries();
        let values: Vec<(&str, Value<'_>)> = written
            .iter()
            .map(|(key, value)| (*key, typed(key, value)))
            .collect();
        assert_eq!(read(&values), settings, "{written:?}");
    }
}

/// The textual form as a file would type it.
fn typed<'a>(key: &str, value: &'a str) -> Value<'a> {
    match (key, value.parse::<i64>(), value.parse::<f64>()) {
        (_, Ok(number), _) => Value::Integer(number),
        ("backoff", _, Ok(number)) => Value::Float(number),
        _ => Value::Text(value),
    }
}
