//! `fusebox replay`: do breakers keep to the rules?

use std::io;
use std::path::PathBuf;

use clap::Args;
use fusebox_sim::replay::Question;

use super::{BAD_INPUT, tell};

/// What `replay` takes.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// Replay files (JSON); - is the standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What would have been with another setting, e.g. `open_for=10s`; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// One JSON line a file
    #[arg(long)]
    json: bool,
}

/// Runs the files. Returns the exit code.
pub(super) fn run(replay: &Replay) -> u8 {
    let question = Question {
        json: replay.json,
        ..Question::default()
    };
    let mut settings = replay.set.iter();
    let question = match settings.try_fold(question, |question, text| question.set(text)) {
        Ok(question) => question,
        Err(bad) => {
            tell(&format!("--set: {bad}"));
            return BAD_INPUT;
        }
    };
    let (mut out, mut err) = (io::stdout().lock(), io::stderr());
    fusebox_sim::replay::files(&replay.files, &question, &mut out, &mut err)
}
