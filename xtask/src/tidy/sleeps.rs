//! No test sleeps to wait for a state: it moves its clock, or waits for an event with a bound.
//!
//! A stand-in that is slow on purpose is excused where it stands, with its reason. Under tokio's
//! paused clock a sleep moves that clock, which is what a test should do.

use crate::finding::Finding;
use crate::repo::{Repo, SourceFile};

/// Written in two halves so that this file passes its own check.
const CALLS: &[&str] = &[
    concat!("sle", "ep("),
    concat!("sle", "ep_until("),
    concat!("sle", "ep_ms("),
    concat!("park_", "timeout("),
];

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    repo.rust_files().flat_map(check_file).collect()
}

fn check_file(file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut paused_until: Option<String> = None;
    for (index, line) in file.text.lines().enumerate().skip(file.tests_from()) {
        if line.contains("start_paused = true") {
            paused_until = Some(closing(line));
        } else if paused_until.as_deref() == Some(line) {
            paused_until = None;
        }
        let moves_a_clock = paused_until.is_some() && !line.contains("thread::");
        let sleeps = CALLS.iter().any(|call| line.contains(call));
        let excused = line.trim_start().starts_with("//") || file.excused(index, "sleep");
        if sleeps && !moves_a_clock && !excused {
            let message = "a sleep in a test: move the clock, or wait for an event with a bound";
            findings.push(Finding::on_line(&file.path, index, message));
        }
    }
    findings
}

/// The line that ends a function whose attribute stands on this line.
fn closing(attribute: &str) -> String {
    let indent = attribute.len() - attribute.trim_start().len();
    format!("{}}}", " ".repeat(indent))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Repo::of(&[(
            path,
            &text.replace("nap", concat!("sle", "ep")),
        )]))
        .len()
    }

    #[test]
    fn a_sleep_in_a_test_fails_and_one_in_the_program_is_not_ours_to_judge() {
        assert_eq!(
            found("crates/x/tests/it/main.rs", "tokio::time::nap(d).await;"),
            1
        );
        assert_eq!(
            found(
                "src/a.rs",
                "#[cfg(test)]\nmod tests {\n    thread::nap(d);\n}"
            ),
            1
        );
        assert_eq!(found("src/a.rs", "tokio::time::nap(d).await;"), 0);
    }

    #[test]
    fn a_slow_stand_in_is_excused_with_its_reason() {
        let reason = "// tidy-allow(sleep): the stand-in is slow on purpose\nnap(d).await;";
        assert_eq!(found("tests/it/stand_in.rs", reason), 0);
        let bare = "// tidy-allow(sleep):\nnap(d).await;";
        assert_eq!(found("tests/it/stand_in.rs", bare), 1);
    }

    #[test]
    fn a_sleep_under_a_paused_clock_moves_the_clock_of_that_test_only() {
        let paused = "#[tokio::test(start_paused = true)]\nasync fn a() {\n    nap(d).await;\n}\n";
        assert_eq!(found("tests/it/main.rs", paused), 0);
        let then = format!("{paused}#[tokio::test]\nasync fn b() {{\n    nap(d).await;\n}}\n");
        assert_eq!(found("tests/it/main.rs", &then), 1);
        assert_eq!(
            found("tests/it/main.rs", &paused.replace("nap", "thread::nap")),
            1
        );
    }
}
