//! The repository's chores, run as `cargo xtask <chore>`: `tidy`, the checks of how this repository
//! is written that neither the compiler nor clippy can make, `api`, the snapshot of what the
//! library crates promise, and `bench-peers` and `matrix`, which put this breaker beside others.
//!
//! It is not a build system: what Cargo can do is left to Cargo. It fails with exit code 1 when a
//! check found something, and with 2 when it could not look (bad usage, no git, no Cargo).

mod api;
mod finding;
mod metadata;
mod peers;
mod repo;
mod short;
mod spdx;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask tidy
       cargo xtask api [--accept]
       cargo xtask bench-peers [--undisturbed]
       cargo xtask matrix [--check]

tidy   check the arrows between crates, file budgets, licences, sources, words, documents, and the
       snapshots of the public API
api    show where the snapshots in api/ differ from the sources; --accept writes them anew
bench-peers
       measure this breaker beside others (peers/) and write the tables of docs/performance.md
       and the README;
       --undisturbed takes both cores from everybody else meanwhile (real-time priority)
matrix run the replay files against others (peers/) and write docs/matrix.md and the README's
       table; --check runs them against those in Rust alone, and fails where either says
       something else";

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
        ["tidy"] => with_repo(tidy::run),
        ["api"] => with_repo(|repo| api::run(repo, false)),
        ["api", "--accept"] => with_repo(|repo| api::run(repo, true)),
        ["bench-peers"] => with_repo(|repo| peers::run(repo, &[peers::BENCH])),
        ["bench-peers", "--undisturbed"] => {
            with_repo(|repo| peers::run(repo, &[peers::BENCH_UNDISTURBED]))
        }
        ["matrix"] => with_repo(|repo| peers::run(repo, &[peers::MATRIX, peers::MATRIX_OTHERS])),
        ["matrix", "--check"] => with_repo(|repo| peers::check(repo, &peers::MATRIX)),
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

#[allow(clippy::print_stderr)]
fn with_repo(chore: impl FnOnce(&repo::Repo) -> ExitCode) -> ExitCode {
    match repo::Repo::open() {
        Ok(repo) => chore(&repo),
        Err(problem) => {
            eprintln!("xtask: {problem}");
            ExitCode::from(2)
        }
    }
}
