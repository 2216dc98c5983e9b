//! A file holds one idea: 80 to 200 lines are normal, 350 ask for a thought, 500 are the end.
//!
//! The warning counts the code without its tests, the limits count the whole file.

use crate::finding::Finding;
use crate::repo::Repo;

const LINES_MAX: usize = 500;
const LINES_THOUGHT: usize = 350;
/// A `lib.rs` only documents and re-exports.
const LIB_LINES_MAX: usize = 150;

/// Files made by a program or holding nothing but a table. None today.
const GENERATED: &[&str] = &[];

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in repo
        .rust_files()
        .filter(|file| !GENERATED.contains(&file.path.as_str()))
    {
        let lines = file.text.lines().count();
        let code = file.tests_from();
        if lines > LINES_MAX {
            let message =
                format!("{lines} lines, {LINES_MAX} are allowed: which two ideas are in it?");
            findings.push(Finding::at(&file.path, message));
        } else if code > LINES_THOUGHT {
            let message = format!("{code} lines of code, more than {LINES_THOUGHT}: one idea?");
            findings.push(Finding::at(&file.path, message).into_warning());
        }
        if file.path.ends_with("/lib.rs") && lines > LIB_LINES_MAX {
            let message = format!("{lines} lines, a lib.rs has at most {LIB_LINES_MAX}");
            findings.push(Finding::at(&file.path, message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, lines: usize) -> Vec<Finding> {
        check(&Repo::of(&[(path, &"// line\n".repeat(lines))]))
    }

    #[test]
    fn five_hundred_lines_pass_and_one_more_fails() {
        assert!(
            found("src/a.rs", LINES_MAX)
                .iter()
                .all(|finding| !finding.fails())
        );
        assert!(found("src/a.rs", LINES_MAX + 1)[0].fails());
        assert!(found("docs/long.md", LINES_MAX + 1).is_empty());
    }

    #[test]
    fn more_than_350_lines_of_code_are_a_warning() {
        assert!(found("src/a.rs", LINES_THOUGHT).is_empty());
        let warned = found("src/a.rs", LINES_THOUGHT + 1);
        assert_eq!(warned.len(), 1);
        assert!(!warned[0].fails());
    }

    #[test]
    fn a_long_lib_rs_fails_early() {
        assert!(found("crates/x/src/lib.rs", LIB_LINES_MAX).is_empty());
        assert!(found("crates/x/src/lib.rs", LIB_LINES_MAX + 1)[0].fails());
    }
}
