//! `fusebox completions SHELL`: a script that completes commands and flags.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{CommandLine, say};

/// What `completions` takes.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell, as in `fusebox completions bash > /etc/bash_completion.d/fusebox`
    shell: Shell,
}

/// Prints the script. Returns the exit code.
pub(super) fn run(what: &Completions) -> u8 {
    let mut script = Vec::new();
    let mut command = CommandLine::command();
    clap_complete::generate(what.shell, &mut command, "fusebox", &mut script);
    say(String::from_utf8_lossy(&script).trim_end());
    0
}
