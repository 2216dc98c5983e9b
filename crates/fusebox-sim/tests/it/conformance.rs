//! Every file in `conformance/` holds.

use fusebox_sim::replay::Script;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance")
}

fn replay_files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).expect("the folder of replay files");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .expect("a file name")
        .to_string_lossy()
        .into_owned()
}

#[test]
fn every_file_holds() {
    let mut failures = Vec::new();
    let paths = replay_files();
    for path in &paths {
        let bytes = std::fs::read(path).expect("a readable file");
        match Script::parse(&bytes).and_then(|script| script.run()) {
            Ok(report) if report.ok() => assert_eq!(report.id(), stem(path), "the id of a file"),
            Ok(report) => failures.push(report.to_string()),
            Err(bad) => failures.push(format!("{}: bad file: {bad}", stem(path))),
        }
    }
    assert!(paths.len() >= 340, "only {} files found", paths.len());
    let count = failures.len();
    assert!(
        failures.is_empty(),
        "{count} of {} files:\n{}",
        paths.len(),
        failures.join("\n")
    );
}

#[test]
fn every_rule_has_a_file_of_our_own() {
    let found: BTreeSet<String> = replay_files()
        .iter()
        .filter_map(|path| stem(path).strip_prefix("own-")?.get(..3).map(str::to_owned))
        .collect();
    let wanted = (2..=17).chain([21]).map(|rule| format!("r{rule:02}"));
    let missing: Vec<_> = wanted.filter(|rule| !found.contains(rule)).collect();
    assert!(missing.is_empty(), "no file for {missing:?}");
}

#[test]
fn main_breaker_branches_and_slow_calls_in_flight_have_files() {
    let paths = replay_files();
    for (prefix, least) in [("r18-", 20), ("r19-", 60), ("r03-in-flight-", 12)] {
        let count = paths.iter().filter(|p| stem(p).starts_with(prefix)).count();
        assert!(count >= least, "{count} files {prefix}*");
    }
}

#[test]
fn a_second_run_gives_the_same_answer() {
    let script = Script::parse(
        br#"{"id": "jitter", "breaker": {"consecutive_failures": 1, "jitter": "100%"},
             "steps": [{"do": "call", "outcome": "failure"}, {"do": "advance", "by": "3s"},
                       {"expect": {"retry_after": null, "late": 1}}]}"#,
    )
    .expect("a good file");
    let lines: BTreeSet<_> = (0..5)
        .map(|_| script.run().expect("a run").to_json_line())
        .collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
}

/// A value that the same key may have, but another.
fn another(key: &str, value: &Value) -> Value {
    match (key, value) {
        ("admitted", Value::Bool(admitted)) => json!(!admitted),
        ("reason", value) if *value == json!("main") => json!("open"),
        ("reason", _) => json!("main"),
        ("state", value) if *value == json!("closed") => json!("open"),
        ("state", _) => json!("closed"),
        ("hold", Value::Null) => json!("observe"),
        ("retry_after", Value::Null) => json!("1ns"),
        ("hold" | "retry_after", _) => json!(null),
        (_, number) => json!(number.as_u64().expect("a count") + 1),
    }
}

#[test]
fn every_expectation_of_every_file_can_fail() {
    let (mut broken, mut unnoticed) = (0, Vec::new());
    for path in replay_files() {
        let bytes = std::fs::read(&path).expect("a readable file");
        let mut file: Value = serde_json::from_slice(&bytes).expect("JSON");
        let steps = file["steps"].as_array().map_or(0, Vec::len);
        for step in 0..steps {
            let expect = file["steps"][step]["expect"]
                .as_object()
                .cloned()
                .unwrap_or_default();
            // `key` expects nothing, it says of which branch the others speak.
            for (key, value) in expect.into_iter().filter(|(key, _)| key != "key") {
                file["steps"][step]["expect"][&key] = another(&key, &value);
                let script = Script::parse(file.to_string().as_bytes()).expect("a good file");
                let report = script.run().expect("a good file");
                if report.failed_step() != Some(step + 1) {
                    unnoticed.push(format!("{} step {} {key}", stem(&path), step + 1));
                }
                file["steps"][step]["expect"][&key] = value;
                broken += 1;
            }
        }
    }
    assert!(broken >= 1800, "only {broken} expectations found");
    assert!(
        unnoticed.is_empty(),
        "not noticed:\n{}",
        unnoticed.join("\n")
    );
}
