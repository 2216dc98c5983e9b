//! `cargo xtask api`: what the library crates promise, one line each, in `api/<crate>.txt`.
//!
//! The lines are read from the sources, so they are the same with every compiler. They show what
//! is written: no auto traits, no layout, nothing that only a type checker knows. `tidy` fails
//! while a snapshot and the sources differ; whoever means the change accepts it, and the reviewer
//! sees it as lines.

mod expand;
mod impls;
mod lines;
mod names;
mod predicate;
mod reader;
mod signature;
mod surface;
#[cfg(test)]
mod tests;
mod tokens;
mod tree;

use std::process::ExitCode;

use crate::finding::Finding;
use crate::metadata::Package;
use crate::repo::Repo;

/// The crates that others build upon.
const CRATES: &[&str] = &[
    "fusebox",
    "fusebox-macros",
    "fusebox-tower",
    "fusebox-queue",
    "fusebox-telemetry",
    "fusebox-sim",
    "fusebox-store",
    "fusebox-admin",
];
const FOLDER: &str = "api";
const ACCEPT: &str = "cargo xtask api --accept";

/// The crates of the list that exist.
fn crates(repo: &Repo) -> impl Iterator<Item = &Package> {
    repo.members()
        .filter(|package| CRATES.contains(&package.name.as_str()))
}

fn file_of(package: &Package) -> String {
    format!("{FOLDER}/{}.txt", package.name)
}

/// The snapshot that the sources of `package` make.
fn snapshot(repo: &Repo, package: &Package) -> Result<String, String> {
    let libraries = ["lib", "proc-macro"];
    let mut targets = package.targets.iter();
    let root = targets
        .find(|target| libraries.contains(&target.kind.as_str()))
        .ok_or_else(|| format!("{} has no library", package.name))?;
    let mut lines = lines::of(&reader::read(repo, &root.path)?, &package.name);
    let features = package
        .features
        .iter()
        .map(|name| format!("feature {name}"));
    lines.splice(0..0, features);
    Ok(lines.join("\n") + "\n")
}

/// Fails where a snapshot is not what the sources say.
pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let findings = crates(repo).filter_map(|package| {
        let path = file_of(package);
        let now = match snapshot(repo, package) {
            Ok(now) => now,
            Err(problem) => return Some(Finding::at(path, problem)),
        };
        let before = repo.file(&path).map_or("", |file| &file.text);
        if before == now {
            return None;
        }
        let changes = difference(before, &now);
        let message = format!(
            "{} lines are not what the sources say; if they are meant: {ACCEPT}\n{}",
            changes.len(),
            changes.join("\n")
        );
        Some(Finding::at(path, message))
    });
    findings.collect()
}

/// The lines that went (`-`) and came (`+`), sorted, so that the two sides of a change of one item
/// stand together.
fn difference(before: &str, now: &str) -> Vec<String> {
    let gone = before
        .lines()
        .filter(|line| !now.lines().any(|l| l == *line));
    let come = now
        .lines()
        .filter(|line| !before.lines().any(|l| l == *line));
    let mut changes: Vec<(&str, char)> = gone.map(|line| (line, '-')).collect();
    changes.extend(come.map(|line| (line, '+')));
    // By item first: up to the colon, then what went before what came.
    let item = |line: &str| line.split(": ").next().unwrap_or_default().to_owned();
    changes.sort_by_key(|(line, sign)| (item(line), *sign == '+', line.to_string()));
    changes
        .iter()
        .map(|(line, sign)| format!("    {sign} {line}"))
        .collect()
}

/// Shows the differences; with `accept` the snapshots are written.
// A command line tool talks through stdout and stderr.
#[allow(clippy::print_stdout, clippy::print_stderr)]
pub(crate) fn run(repo: &Repo, accept: bool) -> ExitCode {
    let findings = check(repo);
    for finding in &findings {
        println!("{finding}");
    }
    if !accept {
        println!(
            "api: {} of {} crates differ",
            findings.len(),
            crates(repo).count()
        );
        return ExitCode::from(u8::from(!findings.is_empty()));
    }
    for package in crates(repo) {
        let written = snapshot(repo, package).and_then(|text| write(repo, package, &text));
        if let Err(problem) = written {
            eprintln!("xtask: {problem}");
            return ExitCode::from(2);
        }
    }
    println!("api: accepted");
    ExitCode::SUCCESS
}

fn write(repo: &Repo, package: &Package, text: &str) -> Result<(), String> {
    let path = repo.root.join(file_of(package));
    let folder = repo.root.join(FOLDER);
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&path, text))
        .map_err(|problem| format!("{}: {problem}", path.display()))
}
