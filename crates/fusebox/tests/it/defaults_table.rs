//! The table of settings in the documents is made of the settings themselves: the keys from
//! `Settings::KEYS`, the defaults from `Settings::defaults`, the meaning from the setters' own
//! documentation, and what is allowed from what a wrong value is told.
//!
//! After a change: `FUSEBOX_WRITE=1 cargo test -p fusebox --test it defaults_table` writes it.

use fusebox::{Settings, Value};
use std::path::{Path, PathBuf};

const BEGIN: &str = "<!-- breaker settings: made by a test -->\n";
const END: &str = "<!-- end -->";
const WRITE: &str = "FUSEBOX_WRITE";

/// A value that each key refuses, so that it says what it takes; `None` where every duration is
/// fine.
fn refused(key: &str) -> Option<Value<'static>> {
    Some(match key {
        "failure_rate" | "slow_call_rate" => Value::Text("0%"),
        "slow_call_duration" | "open_for" | "half_open_timeout" | "abandoned_after" => {
            Value::Text("0s")
        }
        "open_for_max" => Value::Text("4s"),
        "window" => Value::Text("0 calls"),
        "backoff" => Value::Float(0.5),
        "recovery" => Value::Text(""),
        "ramp" => return None,
        _ => Value::Integer(0),
    })
}

fn allowed(key: &str) -> String {
    let Some(value) = refused(key) else {
        return "0s or longer".to_owned();
    };
    let mut entries = vec![(key, value)];
    // Each of the two is missed before the other's value is looked at.
    match key {
        "slow_call_rate" => entries.push(("slow_call_duration", Value::Text("1s"))),
        "slow_call_duration" => entries.push(("slow_call_rate", Value::Text("50%"))),
        _ => {}
    }
    let error = Settings::from_entries(entries).expect_err(key);
    assert_eq!(error.field(), key);
    let off = if key == "abandoned_after" {
        "off, or "
    } else {
        ""
    };
    // A table is no place for the form of a number, and the example's own value is no limit.
    let told = error
        .allowed()
        .replace(" like 50% or 0.25% (at most 4 decimals)", "");
    format!("{off}{}", told.trim_end_matches(", 5s"))
}

/// The first clause of the setter's documentation, without the number of the rule.
fn meaning(key: &str) -> String {
    let source = include_str!("../../src/settings/builder.rs");
    let setter = format!("\n            {key}: ");
    let (before, _) = source.split_once(&setter).expect("every key has a setter");
    let (_, line) = before
        .rsplit_once("/// ")
        .expect("every setter says what it is");
    let clause = line.split(';').next().unwrap_or(line);
    let clause = clause.split(" (R").next().unwrap_or(clause);
    clause.trim_end_matches('.').to_owned()
}

fn table() -> String {
    let defaults = Settings::defaults().entries();
    let mut table = "| key | default | allowed | meaning |\n|---|---|---|---|\n".to_owned();
    for key in Settings::KEYS {
        let default = defaults.iter().find(|(name, _)| name == key);
        let default = default.map_or("off", |(_, value)| value);
        let (allowed, meaning) = (allowed(key), meaning(key));
        table += &format!("| `{key}` | {default} | {allowed} | {meaning} |\n");
    }
    table
}

/// The text with the table between its marks.
fn with_table(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{table}{END}{after}"))
}

fn holds_the_table(document: &str) {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let text = std::fs::read_to_string(&path).expect(document);
    let wanted = with_table(&text, &table()).expect("the marks of the table");
    if text == wanted {
        return;
    }
    if std::env::var(WRITE).is_ok_and(|write| write == "1") {
        std::fs::write(&path, wanted).expect(document);
        return;
    }
    panic!(
        "the table of settings in {document} is not what the settings say; write it anew with\n\
         {WRITE}=1 cargo test -p fusebox --test it defaults_table\nIt would be:\n{}",
        table()
    );
}

#[test]
fn the_guide_shows_the_settings_as_they_are() {
    holds_the_table("guide/defaults.md");
}

#[test]
fn the_list_of_settings_shows_them_as_they_are() {
    holds_the_table("../../docs/settings.md");
}

#[test]
fn a_table_that_is_not_true_is_seen() {
    let text = format!("a\n{BEGIN}| old |\n{END}\nb\n");
    let wanted = with_table(&text, "| new |\n");
    assert_eq!(wanted, Some(format!("a\n{BEGIN}| new |\n{END}\nb\n")));
    assert_eq!(with_table("no marks", ""), None);
}
