//! `cargo xtask tidy`: every check over the whole checkout, then one list of what to mend.
//!
//! A check is one file here with one function from the repository to its findings, and one line in
//! [`CHECKS`]. Each proves in its own tests that it can fail.

mod architecture;
mod arrows;
mod budgets;
mod columns;
mod defects;
mod examples;
mod headers;
mod ignored;
mod licences;
mod names;
mod paths;
mod replays;
mod sleeps;
mod sources;
mod systems;
mod wall_clock;
mod words;

use std::process::ExitCode;

use crate::api;
use crate::finding::Finding;
use crate::repo::Repo;

type Check = fn(&Repo) -> Vec<Finding>;

const CHECKS: &[(&str, Check)] = &[
    ("arrows between crates", arrows::check),
    ("file budgets", budgets::check),
    ("budgets of the systems", systems::check),
    ("examples", examples::check),
    ("columns", columns::check),
    ("licences", licences::check),
    ("sources of dependencies", sources::check),
    ("file and module names", names::check),
    ("words", words::check),
    ("machine paths", paths::check),
    ("ignored tests", ignored::check),
    ("sleeps in tests", sleeps::check),
    ("wall-clock tests", wall_clock::check),
    ("defects of other breakers", defects::check),
    ("crate headers", headers::check),
    ("ARCHITECTURE.md", architecture::check),
    ("replay files", replays::check),
    ("public API", api::check),
];

/// Runs all checks and prints what they found.
// A command line tool talks through stdout.
#[allow(clippy::print_stdout)]
pub(crate) fn run(repo: &Repo) -> ExitCode {
    let mut failed = 0;
    for (name, check) in CHECKS {
        for finding in check(repo) {
            let weight = if finding.fails() { "error" } else { "warning" };
            failed += usize::from(finding.fails());
            println!("{weight}: {name}: {finding}");
        }
    }
    println!(
        "tidy: {} checks over {} files, {failed} errors",
        CHECKS.len(),
        repo.files.len()
    );
    ExitCode::from(u8::from(failed > 0))
}
