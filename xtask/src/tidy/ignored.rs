//! No test is ignored: a test that is not run proves nothing, and nobody sees it break. The same
//! holds for the examples in documentation and guide.

use crate::finding::Finding;
use crate::repo::Repo;

/// Written in two halves so that this file passes its own check.
const MARKS: &[(&str, &str)] = &[
    (concat!("#[", "ignore"), "an ignored test"),
    (
        concat!("```", "ignore"),
        "an ignored example: make it run, or `no_run`, or `text`",
    ),
];

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    let has_examples = |path: &str| path.ends_with(".rs") || path.ends_with(".md");
    for file in repo.files.iter().filter(|file| has_examples(&file.path)) {
        for (index, line) in file.text.lines().enumerate() {
            let gated = line.contains("cfg_attr(") && line.contains(concat!(", ", "ignore"));
            let marked = MARKS
                .iter()
                .find(|(mark, _)| line.contains(mark))
                .map(|(_, what)| *what);
            if let Some(what) = marked.or(gated.then_some("a test that is ignored at times")) {
                findings.push(Finding::on_line(&file.path, index, what));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_tests_and_examples_fail() {
        for line in ["#[skip]", "#[skip = \"slow\"]", "/// ```skip"] {
            let line = line.replace("skip", concat!("ign", "ore"));
            assert_eq!(check(&Repo::of(&[("src/a.rs", &line)])).len(), 1, "{line}");
        }
        let guide = concat!("```", "ignore");
        assert_eq!(check(&Repo::of(&[("guide/a.md", guide)])).len(), 1);
        let gated = format!("#[cfg_attr(miri{}ignore)]", ", ");
        assert_eq!(check(&Repo::of(&[("src/a.rs", &gated)])).len(), 1);
        assert!(check(&Repo::of(&[("src/a.rs", "Outcome::Ignored // ignored")])).is_empty());
    }
}
