//! The programs of `peers/`, which put this breaker beside others: runs one, prints what it says,
//! and puts it into its document.
//!
//! They are a package of their own, outside the workspace, since nobody who builds Fusebox should
//! have to fetch its rivals.

use std::path::Path;
use std::process::{Command, ExitCode};

use crate::repo::Repo;

const MANIFEST: &str = "peers/Cargo.toml";
/// What stands between these lines of a document is written by a program.
const BEGIN: &str = "<!-- written by cargo xtask: begin -->";
const END: &str = "<!-- written by cargo xtask: end -->";

/// One program: its name, what it is given, and where its words go.
pub(crate) struct Program {
    name: &'static str,
    arguments: &'static [&'static str],
    document: &'static str,
    /// Before everything else on the machine. Only where it is asked for: whoever shares the machine
    /// waits meanwhile.
    undisturbed: bool,
    /// Builds what other languages have to do with it: a script that takes a folder.
    others: Option<&'static str>,
}

pub(crate) const BENCH: Program = Program {
    name: "bench-peers",
    arguments: &[],
    document: "docs/performance.md",
    undisturbed: false,
    others: None,
};

/// The same on a machine that nobody else uses, or whose users have been asked.
pub(crate) const BENCH_UNDISTURBED: Program = Program {
    undisturbed: true,
    ..BENCH
};

pub(crate) const MATRIX: Program = Program {
    name: "matrix",
    arguments: &["conformance", "peers"],
    document: "docs/matrix.md",
    undisturbed: false,
    others: Some("peers/others/build"),
};

/// Builds and runs a program and writes its document anew.
// A command line tool talks through stdout.
#[allow(clippy::print_stdout, clippy::print_stderr)]
pub(crate) fn run(repo: &Repo, program: &Program) -> ExitCode {
    match said(&repo.root, program) {
        Ok(text) => {
            println!("{text}");
            match write(&repo.root.join(program.document), &text) {
                Ok(()) => ExitCode::SUCCESS,
                Err(problem) => {
                    eprintln!("xtask: {}: {problem}", program.document);
                    ExitCode::from(2)
                }
            }
        }
        Err(problem) => {
            eprintln!("xtask: {problem}");
            ExitCode::from(2)
        }
    }
}

/// What the program says, under a line with what it ran on.
fn said(root: &Path, program: &Program) -> Result<String, String> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    let target = root.join(target).join("peers");
    let mut build = Command::new("cargo");
    build.current_dir(root).args([
        "build",
        "--release",
        "--locked",
        "--manifest-path",
        MANIFEST,
    ]);
    build
        .args(["--bin", program.name])
        .arg("--target-dir")
        .arg(&target);
    let built = build
        .status()
        .map_err(|e| format!("cannot run cargo: {e}"))?;
    if !built.success() {
        return Err(format!("{MANIFEST} does not build"));
    }
    let release = target.join("release");
    if let Some(script) = program.others {
        let mut script = Command::new(root.join(script));
        let built = script.arg(release.join("others")).status();
        if !built.is_ok_and(|built| built.success()) {
            return Err("the breakers of other languages do not build".to_owned());
        }
    }
    let binary = release.join(program.name);
    let mut command = if program.undisturbed {
        let mut command = Command::new("chrt");
        command.args(["-f", "1"]).arg(binary);
        command
    } else {
        Command::new(binary)
    };
    command.current_dir(root).args(program.arguments);
    command.stderr(std::process::Stdio::inherit());
    let done = command
        .output()
        .map_err(|e| format!("cannot run {}: {e}", program.name))?;
    if !done.status.success() {
        return Err(format!("{} failed", program.name));
    }
    let text = String::from_utf8(done.stdout).map_err(|e| format!("not UTF-8: {e}"))?;
    Ok(format!("{}\n\n{}\n", ran_on(), text.trim()))
}

fn ran_on() -> String {
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc = rustc
        .ok()
        .and_then(|done| String::from_utf8(done.stdout).ok())
        .unwrap_or_default();
    let version = rustc
        .split_whitespace()
        .nth(1)
        .unwrap_or("an unknown version");
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("an unknown processor", |(_, model)| model.trim());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("One run of Rust {version} on {cores} cores of {model}.")
}

fn write(document: &Path, section: &str) -> Result<(), String> {
    let text = std::fs::read_to_string(document).map_err(|e| e.to_string())?;
    std::fs::write(document, splice(&text, section)?).map_err(|e| e.to_string())
}

/// The document with another text between the marks; all else stays.
fn splice(document: &str, section: &str) -> Result<String, String> {
    let marked = document.split_once(BEGIN);
    let marked = marked.and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = marked.ok_or(format!("has no lines `{BEGIN}` and `{END}`"))?;
    Ok(format!(
        "{before}{BEGIN}\n\n{}\n\n{END}{after}",
        section.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_is_written_anew() {
        let old = format!("# Title\n\n{BEGIN}\n\nold\n\n{END}\n\nMore.\n");
        let new = splice(&old, "new\n").unwrap();
        assert_eq!(
            new,
            format!("# Title\n\n{BEGIN}\n\nnew\n\n{END}\n\nMore.\n")
        );
        assert_eq!(splice(&new, "new").unwrap(), new, "twice is once");
    }

    #[test]
    fn a_document_without_both_marks_is_left_alone() {
        for text in ["", BEGIN, END, &format!("{END}\n{BEGIN}")] {
            assert!(splice(text, "new").is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_documents_of_this_checkout_have_their_marks() {
        let repo = Repo::open().unwrap();
        for program in [BENCH, MATRIX] {
            let document = repo.file(program.document).unwrap();
            assert!(
                splice(&document.text, "new").is_ok(),
                "{}",
                program.document
            );
        }
    }
}
