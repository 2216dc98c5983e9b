//! ARCHITECTURE.md stays short enough to be read, and stays true: one invariant for every crate,
//! one reason for every dependency.

use std::collections::BTreeSet;

use crate::finding::Finding;
use crate::repo::Repo;

const DOCUMENT: &str = "ARCHITECTURE.md";
const LINES_MAX: usize = 300;

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let Some(file) = repo.file(DOCUMENT) else {
        return vec![Finding::at(DOCUMENT, "is missing")];
    };
    let mut findings = Vec::new();
    let lines = file.text.lines().count();
    if lines > LINES_MAX {
        let message = format!("{lines} lines, {LINES_MAX} are allowed");
        findings.push(Finding::at(DOCUMENT, message));
    }
    for package in repo
        .members()
        .filter(|package| !has_invariant(&file.text, &package.name))
    {
        let message = format!(
            "has no heading `{}` with an `Invariant:` below it",
            package.name
        );
        findings.push(Finding::at(DOCUMENT, message));
    }
    let missing = dependencies(repo)
        .into_iter()
        .filter(|name| !gives_reason(&file.text, name));
    findings.extend(missing.map(|name| {
        Finding::at(
            DOCUMENT,
            format!("has no table row with the reason for `{name}`"),
        )
    }));
    findings
}

/// Whether a heading names the crate and the section below it states an invariant.
fn has_invariant(text: &str, name: &str) -> bool {
    let quoted = format!("`{name}`");
    let is_heading = |line: &&str| line.starts_with('#');
    let mut lines = text
        .lines()
        .skip_while(|line| !is_heading(line) || !line.contains(&quoted));
    lines.next().is_some()
        && lines
            .take_while(|line| !is_heading(line))
            .any(|line| line.starts_with("Invariant:"))
}

/// Whether the first cell of a table row names the dependency.
fn gives_reason(text: &str, name: &str) -> bool {
    let quoted = format!("`{name}`");
    let cells = text
        .lines()
        .filter_map(|line| line.strip_prefix('|')?.split_once('|'));
    cells
        .into_iter()
        .any(|(first, reason)| first.contains(&quoted) && reason.chars().any(char::is_alphabetic))
}

/// What the workspace's manifests ask of the outside.
fn dependencies(repo: &Repo) -> BTreeSet<&str> {
    let ours: Vec<&str> = repo
        .members()
        .map(|package| package.name.as_str())
        .collect();
    let asked = repo.members().flat_map(|package| &package.dependencies);
    asked
        .map(|dependency| dependency.name.as_str())
        .filter(|name| !ours.contains(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::{Dependency, Package};

    const GOOD: &str = "# Title\n## `fusebox`\n\nInvariant: one word is the truth.\n\
        ## Dependencies\n| `loom` | checks orderings |\n";

    fn found(text: &str) -> Vec<String> {
        let loom = Dependency {
            name: "loom".to_owned(),
            kind: "dev".to_owned(),
        };
        let package = Package {
            name: "fusebox".to_owned(),
            member: true,
            dependencies: vec![loom],
            ..Package::default()
        };
        let mut repo = Repo::of(&[(DOCUMENT, text)]);
        repo.packages.push(package);
        check(&repo).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_short_document_with_invariants_and_reasons_passes() {
        assert!(found(GOOD).is_empty());
    }

    #[test]
    fn a_crate_without_its_own_invariant_fails() {
        let gone = GOOD.replace("Invariant:", "Hope:");
        assert!(found(&gone)[0].contains("`fusebox`"));
        let elsewhere = GOOD.replace("Invariant:", "## `other`\nInvariant:");
        assert!(found(&elsewhere)[0].contains("`fusebox`"));
    }

    #[test]
    fn a_dependency_without_a_reason_fails() {
        assert!(found(&GOOD.replace("| checks orderings |", "| |"))[0].contains("`loom`"));
        assert!(found(&GOOD.replace("| `loom`", "`loom`"))[0].contains("`loom`"));
    }

    #[test]
    fn a_long_or_missing_document_fails() {
        assert_eq!(
            found(&format!("{GOOD}{}", "x\n".repeat(LINES_MAX))).len(),
            1
        );
        assert_eq!(check(&Repo::default()).len(), 1);
    }
}
