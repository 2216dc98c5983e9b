//! The repository's chores, run as `cargo xtask <chore>`. Today there is one: `tidy`, the checks of
//! how this repository is written that neither the compiler nor clippy can make.
//!
//! It is not a build system: what Cargo can do is left to Cargo. It fails with exit code 1 when a
//! check found something, and with 2 when it could not look (bad usage, no git, no Cargo).

mod finding;
mod metadata;
mod repo;
mod spdx;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask tidy

tidy   check the arrows between crates, file budgets, licences, sources, words and documents";

// A command line tool talks through stdout and stderr.
#[allow(clippy::print_stdout, clippy::print_stderr)]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["tidy"] => match repo::Repo::open() {
            Ok(repo) => tidy::run(&repo),
            Err(problem) => {
                eprintln!("xtask: {problem}");
                ExitCode::from(2)
            }
        },
        ["--help" | "-h" | "help"] => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}
