//! `fusebox replay`: do breakers keep to the rules?

use std::io;
use std::path::PathBuf;

use clap::Args;

/// What `replay` takes.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// Replay files (JSON); - is the standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// One JSON line a file
    #[arg(long)]
    json: bool,
}

/// Runs the files. Returns the exit code.
pub(super) fn run(replay: &Replay) -> u8 {
    let (mut out, mut err) = (io::stdout().lock(), io::stderr());
    fusebox_sim::replay::files(&replay.files, replay.json, &mut out, &mut err)
}
