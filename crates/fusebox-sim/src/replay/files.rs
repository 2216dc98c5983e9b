//! Runs files one after the other and tells what came out: the whole of `fusebox replay`.

use super::{BadFile, Script};
use crate::setting_text;
use fusebox::SettingsChange;
use serde_json::json;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A larger file is refused before it is read whole.
pub const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What is asked of every file.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// One line of JSON a file.
    pub json: bool,
    /// Settings that are changed; none: does the file hold as it is?
    pub set: SettingsChange,
}

impl Question {
    /// Reads `key=value`, as a command line has it.
    ///
    /// # Errors
    /// A text without `=`, or with nothing before it.
    pub fn set(mut self, text: &str) -> Result<Self, BadFile> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                let value = setting_text::value(value.trim());
                self.set = self.set.set(key.trim(), value);
                Ok(self)
            }
            _ => Err(BadFile::new(format!("{text:?} is not KEY=VALUE"))),
        }
    }
}

/// Runs the files in order and writes what came out to `out`, what could not be run to `err`.
///
/// The path `-` is the standard input. With `json` every file gives one line on `out`; a file
/// that could not be run has `ok` false and all else null there (`id`, too, if none was found).
///
/// Returns the exit code: 0 all hold; 1 some do not; 2 a file is bad or refuses the changed
/// settings (the others still run), or the answers could not be written.
pub fn files(
    paths: &[PathBuf],
    question: &Question,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let mut tally = Tally::default();
    match run_all(paths, question, &mut tally, (&mut *out, &mut *err)) {
        Ok(()) => tally.exit_code(),
        // Whoever reads has had enough (a pipe into `head`); nobody is left to be told.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => 2,
        Err(error) => {
            // If even this cannot be written, the exit code is what is left.
            let _ = writeln!(err, "cannot write the answers: {error}");
            2
        }
    }
}

#[derive(Default)]
struct Tally {
    hold: usize,
    fail: usize,
    bad: usize,
}

impl Tally {
    const fn exit_code(&self) -> u8 {
        match (self.bad, self.fail) {
            (0, 0) => 0,
            (0, _) => 1,
            _ => 2,
        }
    }
}

fn run_all(
    paths: &[PathBuf],
    question: &Question,
    tally: &mut Tally,
    (out, err): (&mut dyn Write, &mut dyn Write),
) -> io::Result<()> {
    let json = question.json;
    for path in paths {
        match run(path, question) {
            Ok((ok, text)) => {
                *(if ok { &mut tally.hold } else { &mut tally.fail }) += 1;
                writeln!(out, "{text}")?;
            }
            Err(bad) => {
                tally.bad += 1;
                writeln!(err, "{}: {bad}", shown(path))?;
                if json {
                    writeln!(out, "{}", bad_line(&bad))?;
                }
            }
        }
    }
    if !json && paths.len() > 1 {
        let Tally { hold, fail, bad } = tally;
        writeln!(
            out,
            "{} files: {hold} hold, {fail} do not, {bad} bad",
            paths.len()
        )?;
    }
    out.flush()
}

/// Whether the file holds, and what there is to say.
fn run(path: &Path, question: &Question) -> Result<(bool, String), BadFile> {
    let script = Script::parse(&read(path)?)?;
    if question.set.is_empty() {
        let report = script.run()?;
        let text = if question.json {
            report.to_json_line()
        } else {
            report.to_string()
        };
        return Ok((report.ok(), text));
    }
    let comparison = script.run_with(&question.set)?;
    let text = if question.json {
        comparison.to_json_line()
    } else {
        comparison.to_string()
    };
    Ok((comparison.report().ok(), text))
}

fn read(path: &Path) -> Result<Vec<u8>, BadFile> {
    let unreadable = |error: io::Error| BadFile::new(format!("cannot be read: {error}"));
    let mut bytes = Vec::new();
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(unreadable)?)
    };
    // One byte more than allowed tells a file of just the limit from a larger one.
    source
        .take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(BadFile::new(
            "larger than 16 MiB, the most a replay file may have",
        ));
    }
    Ok(bytes)
}

fn bad_line(bad: &BadFile) -> String {
    let line = json!({
        "id": bad.id(),
        "ok": false,
        "failed_step": null,
        "expected": null,
        "actual": null,
    });
    line.to_string()
}

fn shown(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}
