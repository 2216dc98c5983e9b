//! An example shows one thing on one screen: 20 to 60 lines below its header, one file, and a name
//! of its own, since the programs of all crates are built into one folder.

use crate::finding::Finding;
use crate::repo::{Repo, SourceFile};

const LINES_MIN: usize = 20;
const LINES_MAX: usize = 60;

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let examples: Vec<(&SourceFile, &str)> = repo
        .rust_files()
        .filter_map(|file| Some((file, name(&file.path)?)))
        .collect();
    let mut findings = Vec::new();
    for (index, (file, name)) in examples.iter().enumerate() {
        if name.contains('/') {
            let message = "an example is one file, right in `examples`";
            findings.push(Finding::at(&file.path, message));
        }
        let header = |line: &&str| !line.starts_with("//!");
        let lines = file.text.lines().filter(header).count();
        if !(LINES_MIN..=LINES_MAX).contains(&lines) {
            let message = format!(
                "{lines} lines below the header, an example has {LINES_MIN} to {LINES_MAX}"
            );
            findings.push(Finding::at(&file.path, message));
        }
        if let Some((other, _)) = examples[..index].iter().find(|(_, known)| known == name) {
            let message = format!("has the name of {}", other.path);
            findings.push(Finding::at(&file.path, message));
        }
    }
    findings
}

/// The path below a crate's `examples`.
fn name(path: &str) -> Option<&str> {
    let (_, below) = path.strip_prefix("crates/")?.split_once('/')?;
    below.strip_prefix("examples/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, usize)]) -> usize {
        let text = |lines: usize| format!("//! Header.\n{}", "f();\n".repeat(lines));
        let texts: Vec<_> = files.iter().map(|(path, n)| (*path, text(*n))).collect();
        let files: Vec<_> = texts.iter().map(|(path, t)| (*path, t.as_str())).collect();
        check(&Repo::of(&files)).len()
    }

    #[test]
    fn twenty_to_sixty_lines_below_the_header_pass() {
        let path = "crates/x/examples/a.rs";
        for (lines, findings) in [(19, 1), (20, 0), (60, 0), (61, 1)] {
            assert_eq!(found(&[(path, lines)]), findings, "{lines}");
        }
        assert_eq!(found(&[("crates/x/src/examples/a.rs", 1)]), 0);
    }

    #[test]
    fn two_examples_of_one_name_and_one_of_two_files_fail() {
        let both = [
            ("crates/x/examples/a.rs", 30),
            ("crates/y/examples/a.rs", 30),
        ];
        assert_eq!(found(&both), 1);
        assert_eq!(found(&[("crates/x/examples/a/main.rs", 30)]), 1);
    }
}
