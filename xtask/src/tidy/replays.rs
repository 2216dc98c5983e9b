//! Every replay file is JSON, is named after its id, and either has steps or expects an error.

use serde_json::Value;

use crate::finding::Finding;
use crate::repo::{Repo, SourceFile};

const FOLDER: &str = "conformance/";

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let files = repo
        .files
        .iter()
        .filter(|file| file.path.starts_with(FOLDER));
    let files = files.filter(|file| file.path.ends_with(".json"));
    files
        .filter_map(|file| Some(Finding::at(&file.path, judge(file)?)))
        .collect()
}

/// What is wrong with a file. Whether it *holds* is for the tests to say.
fn judge(file: &SourceFile) -> Option<String> {
    let value: Value = match serde_json::from_str(&file.text) {
        Ok(value) => value,
        Err(problem) => return Some(format!("is not JSON: {problem}")),
    };
    let stem = file.path.rsplit('/').next()?.trim_end_matches(".json");
    if value.get("id").and_then(Value::as_str) != Some(stem) {
        return Some(format!("its `id` is not `{stem}`"));
    }
    if !value.get("breaker").is_some_and(Value::is_object) {
        return Some("has no `breaker`".to_owned());
    }
    let steps = value
        .get("steps")
        .and_then(Value::as_array)
        .is_some_and(|s| !s.is_empty());
    let error = value.get("error").is_some_and(Value::is_string);
    (steps == error).then(|| "has either `steps` or an `error`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        check(&Repo::of(&[("conformance/r01-x.json", text)])).len()
    }

    #[test]
    fn steps_or_an_error_pass() {
        assert_eq!(
            found(r#"{"id": "r01-x", "breaker": {}, "steps": [{"do": "reset"}]}"#),
            0
        );
        assert_eq!(
            found(r#"{"id": "r01-x", "breaker": {}, "error": "open_for"}"#),
            0
        );
    }

    #[test]
    fn files_that_could_not_be_replayed_fail() {
        for text in [
            "{",
            "[]",
            r#"{"id": "other", "breaker": {}, "steps": [{}]}"#,
            r#"{"id": "r01-x", "steps": [{}]}"#,
            r#"{"id": "r01-x", "breaker": {}, "steps": []}"#,
            r#"{"id": "r01-x", "breaker": {}}"#,
            r#"{"id": "r01-x", "breaker": {}, "steps": [{}], "error": "open_for"}"#,
        ] {
            assert_eq!(found(text), 1, "{text}");
        }
    }

    #[test]
    fn other_files_are_left_alone() {
        assert!(
            check(&Repo::of(&[
                ("conformance/README.md", "x"),
                ("a.json", "x")
            ]))
            .is_empty()
        );
    }
}
