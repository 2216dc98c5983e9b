//! Some settings changed, the others as they are.

use crate::stand::{percent, secs};
use fusebox::{Settings, SettingsChange, SettingsError, Value, WindowSize};

fn changed(base: &Settings, entries: &[(&str, Value<'_>)]) -> Result<Settings, SettingsError> {
    let start = SettingsChange::new();
    let change = entries
        .iter()
        .fold(start, |change, (key, value)| change.set(*key, *value));
    base.changed_by(&change)
}

fn counted(calls: u32) -> Settings {
    let settings = Settings::builder()
        .failure_rate(percent("50%"))
        .window(WindowSize::Calls(calls))
        .minimum_calls(20);
    settings.build().unwrap()
}

#[test]
fn a_change_of_nothing_gives_the_same_settings() {
    let run = Settings::builder().consecutive_failures(3).build().unwrap();
    for base in [Settings::defaults(), counted(100), run] {
        assert_eq!(changed(&base, &[]).unwrap(), base);
        assert!(SettingsChange::new().is_empty());
    }
}

#[test]
fn a_key_changes_and_the_others_stay() {
    let settings = changed(&counted(100), &[("open_for", Value::Text("7s"))]).unwrap();
    assert_eq!(settings.open_for(), secs(7));
    assert_eq!(
        (settings.window(), settings.minimum_calls()),
        (WindowSize::Calls(100), 20)
    );
    assert_eq!(
        settings.consecutive_failures(),
        None,
        "the default policies do not come back"
    );
}

#[test]
fn what_is_not_named_follows_where_it_must() {
    let longer = changed(&Settings::defaults(), &[("open_for", Value::Text("90s"))]).unwrap();
    assert_eq!(longer.open_for_max(), secs(90));
    let window = [("window", Value::Text("10 calls"))];
    assert_eq!(changed(&counted(100), &window).unwrap().minimum_calls(), 10);
    let run = [
        ("consecutive_failures", Value::Integer(2)),
        ("failure_rate", Value::Text("off")),
    ];
    let run = changed(&counted(100), &run).unwrap();
    assert_eq!((run.failure_rate(), run.reads_window()), (None, false));
    assert_eq!(run.consecutive_failures(), Some(2));
}

#[test]
fn policies_can_be_taken_out_but_not_all_of_them() {
    let slow = Settings::builder()
        .slow_call_rate(percent("30%"))
        .slow_call_duration(secs(1))
        .build()
        .unwrap();
    for key in ["slow_call_rate", "slow_call_duration"] {
        let without = changed(&slow, &[(key, Value::Text("off"))]).unwrap();
        assert_eq!(without.slow_call_rate(), None, "{key}");
    }
    let none = changed(&counted(100), &[("failure_rate", Value::Text("off"))]).unwrap_err();
    assert_eq!(none.field(), "failure_rate");
    assert!(none.to_string().contains("has to stay"), "{none}");
}

#[test]
fn what_is_wrong_is_told_by_its_key() {
    let wrong: [(&[(&str, Value<'_>)], &str); 6] = [
        (&[("open_fro", Value::Text("1s"))], "open_fro"),
        (&[("open_for", Value::Integer(1))], "open_for"),
        (&[("open_for", Value::Text("off"))], "open_for"),
        (
            &[("ramp", Value::Text("1s")), ("ramp", Value::Text("2s"))],
            "ramp",
        ),
        (&[("open_for_max", Value::Text("1s"))], "open_for_max"),
        (&[("minimum_calls", Value::Integer(101))], "minimum_calls"),
    ];
    for (entries, field) in wrong {
        let error = changed(&counted(100), entries).unwrap_err();
        assert_eq!(error.field(), field, "{error}");
    }
}
