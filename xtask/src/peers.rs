//! The programs of `peers/`, which put this breaker beside others: runs one, prints what it says,
//! and puts it into its document.
//!
//! They are a package of their own, outside the workspace, since nobody who builds Fusebox should
//! have to fetch its rivals.

use std::path::Path;
use std::process::{Command, ExitCode};

use crate::repo::Repo;
use crate::short;

const MANIFEST: &str = "peers/Cargo.toml";

/// One program: how it is built and run, and where its words go.
#[derive(Clone, Copy)]
pub(crate) struct Program {
    name: &'static str,
    /// Figures are those of an optimised build; a verdict is the same in any.
    release: bool,
    arguments: &'static [&'static str],
    /// Whether it asks breakers of other languages, which are built before it starts.
    others: bool,
    document: &'static str,
    /// The name of the part of the document that it writes.
    section: &'static str,
    /// The same in short, in the README.
    short: Short,
    /// Before everything else on the machine. Only where it is asked for: whoever shares the
    /// machine waits meanwhile.
    undisturbed: bool,
}

/// A part of the README that is taken from a whole document.
#[derive(Clone, Copy)]
struct Short {
    section: &'static str,
    of: fn(&str) -> Result<String, String>,
}

const README: &str = "README.md";

pub(crate) const BENCH: Program = Program {
    name: "bench-peers",
    release: true,
    arguments: &[],
    others: false,
    document: "docs/performance.md",
    section: "beside other libraries",
    short: Short {
        section: "beside other libraries, in short",
        of: short::of_bench,
    },
    undisturbed: false,
};

/// The same on a machine that nobody else uses, or whose users have been asked.
pub(crate) const BENCH_UNDISTURBED: Program = Program {
    undisturbed: true,
    ..BENCH
};

pub(crate) const MATRIX: Program = Program {
    name: "matrix",
    release: false,
    arguments: &["conformance"],
    others: false,
    document: "docs/matrix.md",
    section: "breakers in Rust",
    short: Short {
        section: "the matrix, in short",
        of: short::of_matrix,
    },
    undisturbed: false,
};

pub(crate) const MATRIX_OTHERS: Program = Program {
    others: true,
    section: "breakers in other languages",
    ..MATRIX
};

/// Builds and runs programs, each after the other, and writes their documents anew.
// A command line tool talks through stdout.
#[allow(clippy::print_stdout, clippy::print_stderr)]
pub(crate) fn run(repo: &Repo, programs: &[Program]) -> ExitCode {
    for program in programs {
        let text = match said(&repo.root, program) {
            Ok(text) => text,
            Err(problem) => return failed(&problem),
        };
        println!("{text}");
        if let Err(problem) = write(&repo.root, program, &text) {
            return failed(&problem);
        }
    }
    ExitCode::SUCCESS
}

/// Holds a document against what its program says now.
#[allow(clippy::print_stderr)]
pub(crate) fn check(repo: &Repo, program: &Program) -> ExitCode {
    let fresh = said(&repo.root, program).and_then(|text| {
        let [document, readme] = fresh(&repo.root, program, &text)?;
        Ok(document == read(&repo.root, program.document)? && readme == read(&repo.root, README)?)
    });
    match fresh {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!(
                "{} or {README} is not what `cargo xtask {}` says now",
                program.document, program.name
            );
            ExitCode::FAILURE
        }
        Err(problem) => failed(&problem),
    }
}

#[allow(clippy::print_stderr)]
fn failed(problem: &str) -> ExitCode {
    eprintln!("xtask: {problem}");
    ExitCode::from(2)
}

/// What the program says; figures stand under a line with what they were taken on.
fn said(root: &Path, program: &Program) -> Result<String, String> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    let target = root.join(target).join("peers");
    let mut build = Command::new("cargo");
    build
        .args(["build", "--locked", "--manifest-path", MANIFEST])
        .args(["--bin", program.name])
        .args(program.release.then_some("--release"))
        .arg("--target-dir")
        .arg(&target);
    succeeds(root, &mut build)?;
    let profile = if program.release { "release" } else { "debug" };
    let binary = target.join(profile).join(program.name);
    let mut command = if program.undisturbed {
        let mut command = Command::new("chrt");
        command.args(["-f", "1"]).arg(binary);
        command
    } else {
        Command::new(binary)
    };
    command.args(program.arguments);
    if program.others {
        let others = target.join("others");
        succeeds(root, Command::new("peers/others/build").arg(&others))?;
        command.arg(others);
    }
    command
        .current_dir(root)
        .stderr(std::process::Stdio::inherit());
    let done = command
        .output()
        .map_err(|e| format!("cannot run {}: {e}", program.name))?;
    if !done.status.success() {
        return Err(format!("{} failed", program.name));
    }
    let text = String::from_utf8(done.stdout).map_err(|e| format!("not UTF-8: {e}"))?;
    if program.release {
        return Ok(format!("{}\n\n{}\n", ran_on(), text.trim()));
    }
    Ok(text)
}

fn succeeds(root: &Path, command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.current_dir(root).status();
    let status = status.map_err(|e| format!("cannot run {name}: {e}"))?;
    status
        .success()
        .then_some(())
        .ok_or(format!("{name} failed"))
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

fn write(root: &Path, program: &Program, text: &str) -> Result<(), String> {
    let [document, readme] = fresh(root, program, text)?;
    for (name, text) in [(program.document, document), (README, readme)] {
        std::fs::write(root.join(name), text).map_err(|e| format!("{name}: {e}"))?;
    }
    Ok(())
}

/// The program's document and the README as they are with what it says.
fn fresh(root: &Path, program: &Program, text: &str) -> Result<[String; 2], String> {
    let named = |name: &'static str| move |problem| format!("{name}: {problem}");
    let document = splice(&read(root, program.document)?, program.section, text)
        .map_err(named(program.document))?;
    let short = (program.short.of)(&document)?;
    let readme =
        splice(&read(root, README)?, program.short.section, &short).map_err(named(README))?;
    Ok([document, readme])
}

fn read(root: &Path, name: &str) -> Result<String, String> {
    std::fs::read_to_string(root.join(name)).map_err(|e| format!("{name}: {e}"))
}

/// The document with another text between the marks of a section; all else stays.
fn splice(document: &str, section: &str, text: &str) -> Result<String, String> {
    let begin = format!("<!-- begin: {section}; cargo xtask writes it -->");
    let end = format!("<!-- end: {section} -->");
    let marked = document.split_once(&begin);
    let marked = marked.and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    let (before, after) = marked.ok_or(format!("has no lines `{begin}` and `{end}`"))?;
    Ok(format!(
        "{before}{begin}\n\n{}\n\n{end}{after}",
        text.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: &str = "<!-- begin: one; cargo xtask writes it -->";
    const END: &str = "<!-- end: one -->";

    #[test]
    fn only_what_stands_between_the_marks_is_written_anew() {
        let old = format!("# Title\n\n{BEGIN}\n\nold\n\n{END}\n\nMore.\n");
        let new = splice(&old, "one", "new\n").unwrap();
        assert_eq!(
            new,
            format!("# Title\n\n{BEGIN}\n\nnew\n\n{END}\n\nMore.\n")
        );
        assert_eq!(splice(&new, "one", "new").unwrap(), new, "twice is once");
    }

    #[test]
    fn a_document_without_both_marks_is_left_alone() {
        for text in ["", BEGIN, END, &format!("{END}\n{BEGIN}")] {
            assert!(splice(text, "one", "new").is_err(), "{text:?}");
        }
        let other = format!("{BEGIN}\n{END}");
        assert!(splice(&other, "another", "new").is_err());
    }

    #[test]
    fn the_documents_of_this_checkout_have_their_marks() {
        let repo = Repo::open().unwrap();
        for program in [BENCH, MATRIX, MATRIX_OTHERS] {
            let document = repo.file(program.document).unwrap();
            let spliced = splice(&document.text, program.section, "new");
            assert!(spliced.is_ok(), "{}", program.document);
            let readme = repo.file(README).unwrap();
            let short = (program.short.of)(&document.text).unwrap();
            let spliced = splice(&readme.text, program.short.section, &short).unwrap();
            assert_eq!(
                spliced, readme.text,
                "what the document says stands in the README"
            );
        }
    }
}
