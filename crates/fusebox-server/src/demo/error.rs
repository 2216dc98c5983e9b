//! Why the demo could not start.

use std::fmt::Display;
use std::io;

/// Why the demo could not start, or not go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    #[error("cannot listen on loopback: {0}")]
    Listen(io::Error),
    #[error("cannot listen on 127.0.0.1:{0}: {1}; --port 0 takes any that is free")]
    Port(u16, io::Error),
    #[error("cannot listen for Ctrl-C: {0}")]
    Signals(io::Error),
    #[error("the built-in settings are wrong: {0}")]
    Settings(String),
    #[error("cannot write: {0}")]
    Write(io::Error),
}

impl DemoError {
    pub(crate) fn settings<P: Display>(problems: &[P]) -> DemoError {
        let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
        DemoError::Settings(all.join("; "))
    }

    /// As of every command: 2 settings, 3 cannot bind or reach.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            DemoError::Settings(_) => 2,
            DemoError::Listen(_)
            | DemoError::Port(..)
            | DemoError::Signals(_)
            | DemoError::Write(_) => 3,
        }
    }

    /// Nobody reads any more, as behind `| head`: an end like any other.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, DemoError::Write(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
