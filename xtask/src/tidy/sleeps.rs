//! No test sleeps to wait for a state: it moves its clock, or waits for an event with a bound.
//!
//! A stand-in that is slow on purpose is excused where it stands, with its reason.

use crate::finding::Finding;
use crate::repo::Repo;

/// Written in two halves so that this file passes its own check.
const CALLS: &[&str] = &[
    concat!("sle", "ep("),
    concat!("sle", "ep_until("),
    concat!("sle", "ep_ms("),
    concat!("park_", "timeout("),
];

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in repo.rust_files() {
        for (index, line) in file.text.lines().enumerate().skip(file.tests_from()) {
            let sleeps = CALLS.iter().any(|call| line.contains(call));
            if sleeps && !line.trim_start().starts_with("//") && !file.excused(index, "sleep") {
                let message =
                    "a sleep in a test: move the clock, or wait for an event with a bound";
                findings.push(Finding::on_line(&file.path, index, message));
            }
        }
    }
    findings
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
}
