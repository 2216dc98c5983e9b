//! Every file in `conformance/` holds.

use fusebox_sim::replay::Script;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance")
}

fn replay_files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).expect("the folder of replay files");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|e| e == "json")).collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("a file name").to_string_lossy().into_owned()
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
    assert!(paths.len() >= 200, "only {} files found", paths.len());
    let count = failures.len();
    assert!(failures.is_empty(), "{count} of {} files:\n{}", paths.len(), failures.join("\n"));
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
fn a_second_run_gives_the_same_answer() {
    let script = Script::parse(
        br#"{"id": "jitter", "breaker": {"consecutive_failures": 1, "jitter": "100%"},
             "steps": [{"do": "call", "outcome": "failure"}, {"do": "advance", "by": "3s"},
                       {"expect": {"retry_after": null, "late": 1}}]}"#,
    )
    .expect("a good file");
    let lines: BTreeSet<_> =
        (0..5).map(|_| script.run().expect("a run").to_json_line()).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
}
