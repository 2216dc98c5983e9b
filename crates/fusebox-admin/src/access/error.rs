//! What can go wrong with tokens.

use std::path::PathBuf;

use thiserror::Error;

/// Why tokens could not be read, made or revoked. No text shows a token.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TokensError {
    /// The file cannot be read or written.
    #[error("{path}: {detail}", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// The file is there, and what stands in it is no list of tokens.
    #[error("{path}: not a list of tokens: {detail}", path = path.display())]
    Broken {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and where.
        detail: String,
    },
    /// Others than its owner may write to the file, and so make tokens: `chmod 600` it.
    #[error("{path}: others may write to it; chmod 600 it", path = path.display())]
    Writable {
        /// Which file.
        path: PathBuf,
    },
    /// What the token shall be is not possible.
    #[error("{field}: {detail}")]
    Grant {
        /// Which part of the grant.
        field: &'static str,
        /// What is allowed.
        detail: String,
    },
    /// No token has this id.
    #[error("there is no token with the id {0:?}")]
    Unknown(String),
    /// There are as many tokens as there may be; revoke some.
    #[error("there are {0} tokens already; revoke some")]
    Full(usize),
    /// The host keeps these tokens; they cannot be changed here.
    #[error("these tokens are kept by the program and cannot be changed here")]
    Fixed,
    /// The operating system gave no random numbers.
    #[error("no random numbers: {0}")]
    Random(String),
}
