//! Nothing tracked names a path of the machine it was written on: it would not exist elsewhere.

use crate::finding::Finding;
use crate::repo::Repo;

/// Written in two halves so that this file passes its own check.
const ROOTS: &[&str] = &[
    concat!("/", "home/"),
    concat!("/", "root/"),
    concat!("/", "work/"),
    concat!("/", "Users/"),
    concat!("C:", "\\"),
];

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &repo.files {
        for (index, line) in file.text.lines().enumerate() {
            for root in ROOTS.iter().filter(|root| begins_path(line, root)) {
                let message = format!("`{root}` begins a path of one machine");
                findings.push(Finding::on_line(&file.path, index, message));
            }
        }
    }
    findings
}

/// Whether `root` stands in the line as the begin of a path, not in the middle of a longer one.
fn begins_path(line: &str, root: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || "_.-}".contains(c);
    line.match_indices(root)
        .any(|(at, _)| !line[..at].chars().next_back().is_some_and(inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_one_machine_fails_wherever_it_stands() {
        for root in ROOTS {
            for line in [
                format!("{root}me/x"),
                format!("see `{root}x`"),
                format!("\"{root}x\""),
            ] {
                assert_eq!(check(&Repo::of(&[("docs/a.md", &line)])).len(), 1, "{line}");
            }
        }
    }

    #[test]
    fn the_middle_of_a_path_passes() {
        let line = format!("target{0}x example.org{0}x ${{DIR}}{0}x", ROOTS[2]);
        assert!(check(&Repo::of(&[("a.sh", &line)])).is_empty());
    }
}
