//! Why a command has no answer, and with which exit code it ends.

use crate::cli::{BAD_INPUT, CANNOT_REACH, NO, REFUSED};

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The command line or the environment is wrong.
    #[error("{0}")]
    Usage(String),
    /// Nobody answered, or nobody who speaks this API.
    #[error("cannot reach {url}: {why}")]
    Unreachable { url: String, why: String },
    /// Who answered did not do it.
    #[error("{status} {title}: {detail}")]
    Refused {
        status: u16,
        /// The problem's kind, as in `urn:fusebox:unknown-circuit`; empty where it has none.
        kind: String,
        title: String,
        detail: String,
    },
    /// It was asked, and the answer is no.
    #[error("{0}")]
    No(String),
}

impl Trouble {
    /// The exit code of the process.
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => BAD_INPUT,
            Self::Unreachable { .. } => CANNOT_REACH,
            Self::Refused { .. } => REFUSED,
            Self::No(_) => NO,
        }
    }
}
