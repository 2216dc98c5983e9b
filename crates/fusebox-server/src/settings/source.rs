//! Where the settings are read from, at the start and at every reload.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::problem::{Place, Problem};
use super::server::TokensCheck;
use super::{Config, Flags, environment};

/// The file that is read where none is named and it is there.
const DEFAULT_FILE: &str = "fusebox.toml";

/// More is no settings file: 10,000 circuits fit.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The sources of the settings of one process. Found out once: a file that goes away later is an
/// error, not a return to the defaults.
#[derive(Clone, Debug)]
pub struct Source {
    file: Option<PathBuf>,
    flags: Flags,
}

impl Source {
    /// The named file, else `fusebox.toml` where the process runs, else no file.
    pub fn new(named: Option<PathBuf>, flags: Flags) -> Self {
        let here = || {
            let default = PathBuf::from(DEFAULT_FILE);
            match default.symlink_metadata() {
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                // What is there but cannot be read is told when it is read.
                _ => Some(default),
            }
        };
        Self {
            file: named.or_else(here),
            flags,
        }
    }

    /// The settings file, if there is one.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Reads everything anew, with the overrides in the environment of this process.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn load(&self) -> Result<Config, Vec<Problem>> {
        self.load_checked(TokensCheck::Made)
    }

    /// The same for who makes the first token: an admin address that others reach is no mistake
    /// yet.
    ///
    /// # Errors
    /// Everything else that is wrong.
    pub fn load_before_tokens(&self) -> Result<Config, Vec<Problem>> {
        self.load_checked(TokensCheck::NotYet)
    }

    fn load_checked(&self, tokens: TokensCheck) -> Result<Config, Vec<Problem>> {
        // Not `vars()`, which panics at a foreign variable that is not Unicode.
        let ours = std::env::vars_os().filter_map(|(name, value)| {
            let name = name
                .into_string()
                .ok()
                .filter(|name| name.starts_with(environment::PREFIX))?;
            Some((name, value.to_string_lossy().into_owned()))
        });
        Config::load_checked(self.file(), ours, &self.flags, tokens)
    }
}

/// The text of a settings file.
pub(super) fn read(path: &Path) -> Result<String, Vec<Problem>> {
    let name: Arc<str> = path.display().to_string().into();
    let whole = |message: String| {
        vec![Problem {
            place: Place::WholeFile(name.clone()),
            field: String::new(),
            message,
        }]
    };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| whole(format!("cannot be read: {error}")))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(whole(format!(
            "is larger than {} MiB",
            FILE_BYTES_MAX / (1024 * 1024)
        )));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..good]).into_owned();
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .map_or(0, |last| last.chars().count())
            + 1;
        let place = Place::File {
            name: name.clone(),
            line,
            column,
        };
        vec![Problem {
            place,
            field: String::new(),
            message: "is not UTF-8 text".into(),
        }]
    })
}
