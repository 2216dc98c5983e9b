//! Settings of a breaker from keys and values, and changes of them.
//!
//! The input is lines of `key=value`; those after a line `%change` are put over the others.
#![no_main]

use fusebox::{Settings, SettingsChange, SettingsError};
use fusebox_fuzz::{entries_read_back, read, split_at_line, typed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (base, change) = split_at_line(text, "%change");
    let base = match read(base) {
        Ok(settings) => settings,
        Err(error) => {
            says_what(&error, base);
            Settings::defaults()
        }
    };
    entries_read_back(&base);
    assert_eq!(base.changed_by(&SettingsChange::new()), Ok(base.clone()));
    becomes(&base, &Settings::defaults());
    becomes(&Settings::defaults(), &base);
    match base.changed_by(&over(change)) {
        Ok(changed) => {
            entries_read_back(&changed);
            becomes(&base, &changed);
            becomes(&changed, &base);
        }
        Err(error) => says_what(&error, change),
    }
});

fn over(lines: &str) -> SettingsChange {
    lines.lines().fold(SettingsChange::new(), |change, line| {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        change.set(key, typed(value))
    })
}

/// All that is in force in `to`, put over `from`, is `to`.
fn becomes(from: &Settings, to: &Settings) {
    let shown = to.entries();
    let put = |change: SettingsChange, (key, text): &(&str, String)| change.set(*key, typed(text));
    let mut change = shown.iter().fold(SettingsChange::new(), put);
    for policy in [
        "consecutive_failures",
        "failure_rate",
        "failure_count",
        "slow_call_rate",
    ] {
        if !change.names(policy) {
            change = change.set(policy, typed("off"));
        }
    }
    assert_eq!(from.changed_by(&change).as_ref(), Ok(to), "{change:?}");
}

/// The error names a key that was given, or one that is known (the missing one of two).
fn says_what(error: &SettingsError, lines: &str) {
    let mut given = lines
        .lines()
        .map(|line| line.split_once('=').map_or(line, |(key, _)| key));
    let field = error.field();
    assert!(
        given.any(|key| key == field) || Settings::KEYS.contains(&field),
        "{error}"
    );
    assert!(!error.allowed().is_empty());
}
