//! The format as docs/replay.md tells it.

use fusebox_sim::replay::Script;
use std::path::Path;

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/replay.md");
    std::fs::read_to_string(path).expect("the document on replay files")
}

#[test]
fn the_files_in_the_document_hold() {
    let document = document();
    let files: Vec<&str> = document
        .split("```json\n")
        .skip(1)
        .map(|rest| rest.split("```").next().expect("a block that ends"))
        .collect();
    assert_eq!(files.len(), 2);
    for file in files {
        let report = Script::parse(file.as_bytes())
            .and_then(|script| script.run())
            .expect("a good file");
        assert!(report.ok(), "{report}");
    }
}

/// The words that a refusal lists after `before`.
fn listed(text: &str, before: &str) -> Vec<String> {
    let bad = Script::parse(text.as_bytes()).expect_err("a bad file");
    let text = bad.text().to_owned();
    let (_, list) = text.split_once(before).expect("a list of what is allowed");
    list.split(", ").map(str::to_owned).collect()
}

#[test]
fn every_step_and_every_expectation_is_in_the_document() {
    let document = document();
    let step = r#"{"id": "x", "breaker": {}, "steps": [{"do": "?"}]}"#;
    let expect = r#"{"id": "x", "breaker": {}, "steps": [{"expect": {"?": 1}}]}"#;
    let mut words = listed(step, "one of ");
    words.extend(listed(expect, " has "));
    assert!(words.len() > 25, "{words:?}");
    let missing: Vec<_> = words
        .iter()
        .filter(|word| !document.contains(&format!("`{word}`")))
        .collect();
    assert!(missing.is_empty(), "not in the document: {missing:?}");
}
