//! The table of settings: what is refused, under which field, and what is said (R21).

use fusebox::{CircuitBreaker, Settings, SettingsError, Value, check_name};

type Entries<'a> = &'a [(&'a str, Value<'a>)];

fn read(entries: Entries<'_>) -> Result<Settings, SettingsError> {
    Settings::from_entries(entries.iter().copied())
}

fn refused(entries: Entries<'_>) -> SettingsError {
    match read(entries) {
        Ok(settings) => panic!("{entries:?} was accepted: {settings:?}"),
        Err(error) => error,
    }
}

const fn text(text: &str) -> Value<'_> {
    Value::Text(text)
}

const fn whole(number: i64) -> Value<'static> {
    Value::Integer(number)
}

/// What each key needs beside it so that nothing else is wrong.
fn beside(key: &str) -> &'static [(&'static str, Value<'static>)] {
    match key {
        "window" => &[("failure_rate", Value::Text("50%"))],
        "slow_call_rate" => &[("slow_call_duration", Value::Text("1s"))],
        "slow_call_duration" => &[("slow_call_rate", Value::Text("50%"))],
        _ => &[],
    }
}

fn with(key: &'static str, value: Value<'static>) -> Vec<(&'static str, Value<'static>)> {
    let mut entries = vec![(key, value)];
    entries.extend_from_slice(beside(key));
    entries
}

#[test]
fn every_key_refuses_what_is_below_and_above_its_range() {
    let table: &[(&str, &[Value<'_>])] = &[
        (
            "consecutive_failures",
            &[whole(0), whole(-1), whole(1_048_577), whole(i64::MAX)],
        ),
        (
            "failure_rate",
            &[text("0%"), text("0.0000%"), text("100.0001%"), text("-1%")],
        ),
        ("failure_count", &[whole(0), whole(-1), whole(1_048_577)]),
        ("slow_call_rate", &[text("0%"), text("101%")]),
        ("slow_call_duration", &[text("0s")]),
        (
            "window",
            &[
                text("0 calls"),
                text("10001 calls"),
                text("999ms"),
                text("0s"),
            ],
        ),
        ("minimum_calls", &[whole(0), whole(-1)]),
        ("open_for", &[text("0s"), text("0ns")]),
        ("open_for_max", &[text("0s"), text("4999ms")]),
        (
            "backoff",
            &[
                Value::Float(0.999),
                whole(0),
                Value::Float(f64::NAN),
                Value::Float(f64::INFINITY),
                Value::Float(-2.0),
            ],
        ),
        ("jitter", &[text("-1%"), text("100.1%")]),
        ("half_open_calls", &[whole(0), whole(65)]),
        ("half_open_successes", &[whole(0), whole(65)]),
        (
            "half_open_failures",
            &[whole(0), whole(65), whole(4_294_967_297)],
        ),
        ("half_open_timeout", &[text("0s")]),
        ("abandoned_after", &[text("0s"), text("on")]),
        ("ramp", &[text("-1s")]),
        ("recovery", &[text("Manual"), text("never"), text("")]),
    ];
    let keys: Vec<&str> = table.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys, Settings::KEYS, "every key is in the table");
    for (key, values) in table {
        for value in *values {
            let error = refused(&with(key, *value));
            assert_eq!(error.field(), *key, "{value:?}: {error}");
            assert!(!error.allowed().is_empty(), "{key} = {value:?}");
            assert!(error.to_string().starts_with(key), "{error}");
        }
    }
}

#[test]
fn every_key_refuses_values_of_another_kind() {
    for key in Settings::KEYS {
        let wrong = [
            Value::Bool(true),
            Value::Other("a table"),
            Value::Other("an array"),
        ];
        let number = [whole(5), Value::Float(1.5)];
        let numeric = [
            "consecutive_failures",
            "failure_count",
            "minimum_calls",
            "backoff",
            "half_open_calls",
            "half_open_successes",
            "half_open_failures",
        ];
        let more: &[Value<'_>] = match *key {
            "backoff" => &[text("2")],
            key if numeric.contains(&key) => &[text("5"), Value::Float(5.0)],
            _ => &number,
        };
        for value in wrong.iter().chain(more) {
            let error = refused(&with(key, *value));
            assert_eq!(error.field(), *key, "{value:?}: {error}");
        }
    }
}

#[test]
fn durations_and_rates_without_unit_are_refused() {
    for key in [
        "slow_call_duration",
        "window",
        "open_for",
        "open_for_max",
        "half_open_timeout",
        "abandoned_after",
        "ramp",
    ] {
        for value in ["10", "", "s", "10 s", "1e3s", "10 min", "10s "] {
            assert_eq!(refused(&with(key, text(value))).field(), key, "{value:?}");
        }
    }
    for key in ["failure_rate", "slow_call_rate", "jitter"] {
        for value in ["50", "0.5", "", "%", "50 %%", "fifty%", "33.33333%"] {
            assert_eq!(refused(&with(key, text(value))).field(), key, "{value:?}");
        }
    }
    for value in ["calls", "1.5 calls", "ten calls", "-1 calls", "10 call s"] {
        assert_eq!(
            refused(&with("window", text(value))).field(),
            "window",
            "{value:?}"
        );
    }
}

#[test]
fn an_unknown_key_names_the_nearest_known_one() {
    let table = [
        ("open_fro", "open_for"),
        ("failure_rat", "failure_rate"),
        ("half_open_call", "half_open_calls"),
        ("windw", "window"),
        ("back_off", "backoff"),
        ("consecutive_failure", "consecutive_failures"),
    ];
    for (unknown, known) in table {
        let error = refused(&[(unknown, whole(1))]);
        assert_eq!(error.field(), unknown);
        assert!(error.allowed().contains("unknown key"), "{error}");
        assert!(
            error.allowed().contains(&format!("did you mean {known}?")),
            "{error}"
        );
    }
    let error = refused(&[("colour", whole(1))]);
    assert!(error.allowed().contains("unknown key") && !error.allowed().contains("did you mean"));
}

#[test]
fn bounds_that_depend_on_other_settings_are_checked() {
    let table: &[(Entries<'_>, &str)] = &[
        (
            &[("window", text("10 calls")), ("failure_count", whole(11))],
            "failure_count",
        ),
        (
            &[
                ("failure_rate", text("50%")),
                ("window", text("10 calls")),
                ("minimum_calls", whole(11)),
            ],
            "minimum_calls",
        ),
        (
            &[("open_for", text("60s")), ("open_for_max", text("59s"))],
            "open_for_max",
        ),
        (&[("slow_call_rate", text("50%"))], "slow_call_duration"),
        (&[("slow_call_duration", text("1s"))], "slow_call_rate"),
    ];
    for (entries, field) in table {
        assert_eq!(refused(entries).field(), *field, "{entries:?}");
    }
}

#[test]
fn a_window_or_minimum_that_no_policy_reads_is_refused() {
    let table: &[(Entries<'_>, &str)] = &[
        (
            &[("consecutive_failures", whole(3)), ("window", text("10s"))],
            "window",
        ),
        (
            &[
                ("consecutive_failures", whole(3)),
                ("window", text("10 calls")),
            ],
            "window",
        ),
        (
            &[
                ("consecutive_failures", whole(3)),
                ("minimum_calls", whole(5)),
            ],
            "minimum_calls",
        ),
        (
            &[("failure_count", whole(3)), ("minimum_calls", whole(5))],
            "minimum_calls",
        ),
    ];
    for (entries, field) in table {
        assert_eq!(refused(entries).field(), *field, "{entries:?}");
    }
}

#[test]
fn a_key_given_twice_is_refused() {
    let error = refused(&[("open_for", text("1s")), ("open_for", text("2s"))]);
    assert_eq!(error.field(), "open_for");
}

#[test]
fn names_of_circuits_are_checked() {
    let longest = "x".repeat(100);
    for name in ["a", "A.b_c-9", "0", longest.as_str(), "healthy", "streams"] {
        assert_eq!(check_name(name), Ok(()), "{name:?}");
    }
    let too_long = "x".repeat(101);
    for name in [
        "", "-a", ".a", "_a", "a b", "a/b", "é", "a\n", "health", "stream", &too_long,
    ] {
        assert_eq!(check_name(name).unwrap_err().field(), "name", "{name:?}");
        assert_eq!(
            CircuitBreaker::builder(name).build().unwrap_err().field(),
            "name",
            "{name:?}"
        );
    }
}

#[test]
fn a_setting_named_beside_whole_settings_is_refused() {
    let whole = Settings::builder().consecutive_failures(3).build().unwrap();
    let builder = CircuitBreaker::builder("rag").timeout(std::time::Duration::from_secs(2));
    let error = builder.settings(whole).build().unwrap_err();
    assert_eq!(error.field(), "abandoned_after");
    assert!(error.to_string().contains("settings()"), "{error}");
}
