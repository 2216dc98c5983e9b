//! The matrix: the replay files of `conformance/`, run with other breakers through thin adapters.
//! `matrix CONFORMANCE` prints that of the breakers in Rust, in Markdown; `matrix CONFORMANCE
//! OTHERS` that of the breakers in other languages, which `peers/others/build OTHERS` has built.
//!
//! A file counts against a breaker only where its own documentation promises what the file is
//! about; every promise stands beside its place (`breakers/`). Of a file only that counts which a
//! caller of any breaker sees: whether a call is admitted, and the state.

#![allow(clippy::print_stdout, clippy::print_stderr)] // a table is its output

mod asynchronous;
mod breakers;
mod clock;
mod file;
mod peer;
mod policy;
mod report;
mod run;
mod settings;

use fusebox_sim::replay::Script;
use peer::Described;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (conformance, peers) = match arguments.as_slice() {
        [conformance] => (conformance, breakers::rust()),
        [conformance, others] => (conformance, breakers::others(Path::new(others))),
        _ => {
            eprintln!("usage: matrix CONFORMANCE [OTHERS]");
            return ExitCode::from(2);
        }
    };
    match matrix(Path::new(conformance), peers) {
        Ok(matrix) => {
            print!("{}", matrix.markdown());
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("matrix: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn matrix(conformance: &Path, peers: Vec<Described>) -> Result<report::Matrix, String> {
    if !clock::is_virtual() {
        return Err("Instant::now does not read the virtual clock on this system".to_owned());
    }
    let mut matrix = report::Matrix {
        peers,
        rows: Vec::new(),
        ours: 0,
    };
    let listed = std::fs::read_dir(conformance).map_err(|e| e.to_string())?;
    let mut paths: Vec<_> = listed
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    paths.sort();
    for path in paths {
        let bytes = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let report = Script::parse(&bytes).and_then(|script| script.run());
        if !report.map_err(|e| format!("{}: {e}", path.display()))?.ok() {
            return Err(format!(
                "{} does not hold for Fusebox itself",
                path.display()
            ));
        }
        matrix.ours += 1;
        let Some(file) = file::File::read(&bytes)? else {
            continue;
        };
        let verdicts = matrix.peers.iter().map(|peer| run::run(&file, peer));
        let verdicts = verdicts.collect::<Result<_, _>>()?;
        matrix.rows.push((file.id, verdicts));
    }
    Ok(matrix)
}
