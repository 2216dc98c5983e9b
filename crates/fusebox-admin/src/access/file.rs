//! The file of tokens: read whole, written whole, replaced by a rename.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::error::TokensError;
use super::secret::redacted;
use super::token::Token;

/// Each is compared at every request, and a list for people stays readable.
pub(super) const TOKENS_MAX: usize = 1000;
/// A thousand of the longest tokens stay below.
const BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A path, and the ways to it.
#[derive(Debug)]
pub(super) struct TokenFile(PathBuf);

/// By which a file that was replaced or written to is known, without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    /// Device, inode and time of the last change; zero where there are none.
    unix: [u64; 4],
}

impl TokenFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// `None`: there is no file.
    pub(super) fn stamp(&self) -> Result<Option<Stamp>, TokensError> {
        match fs::metadata(&self.0) {
            Ok(metadata) => Ok(Some(stamp(&metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// The tokens; `None`: there is no file.
    pub(super) fn read(&self) -> Result<Option<Vec<Token>>, TokensError> {
        let metadata = match fs::metadata(&self.0) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed(&error)),
        };
        // Opening a pipe would wait for a writer.
        if !metadata.is_file() {
            return Err(self.broken("it is no file"));
        }
        if others_may_write(&metadata) {
            return Err(TokensError::Writable {
                path: self.0.clone(),
            });
        }
        let mut bytes = Vec::new();
        let file = File::open(&self.0).map_err(|error| self.failed(&error))?;
        file.take(BYTES_MAX + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| self.failed(&error))?;
        if bytes.len() as u64 > BYTES_MAX {
            return Err(self.broken(&format!("it has more than {BYTES_MAX} bytes")));
        }
        self.parse(&bytes).map(Some)
    }

    fn parse(&self, bytes: &[u8]) -> Result<Vec<Token>, TokensError> {
        let tokens: Vec<Token> = serde_json::from_slice(bytes)
            .map_err(|error| self.broken(&redacted(&error.to_string())))?;
        if tokens.len() > TOKENS_MAX {
            return Err(self.broken(&format!("it has more than {TOKENS_MAX} tokens")));
        }
        for (index, token) in tokens.iter().enumerate() {
            if tokens[..index]
                .iter()
                .any(|before| before.id() == token.id())
            {
                return Err(self.broken(&format!("the id {} stands in it twice", token.id())));
            }
        }
        Ok(tokens)
    }

    /// Reads the tokens, changes them and writes them, while no other process does.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut Vec<Token>) -> Result<T, TokensError>,
    ) -> Result<T, TokensError> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        private(&mut options);
        let beside = self.beside("lock");
        let lock = options.open(&beside).map_err(|error| self.failed(&error))?;
        // Let go when it is closed, also by a process that dies.
        lock.lock().map_err(|error| self.failed(&error))?;
        let mut tokens = self.read()?.unwrap_or_default();
        let told = change(&mut tokens)?;
        self.write(&tokens).map_err(|error| self.failed(&error))?;
        Ok(told)
    }

    /// Whoever reads sees the old list or the new one, also after a crash.
    fn write(&self, tokens: &[Token]) -> io::Result<()> {
        let new = self.beside("new");
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        // Fails on a link that somebody put there.
        options.write(true).create_new(true);
        private(&mut options);
        let mut file = options.open(&new)?;
        serde_json::to_writer_pretty(&mut file, tokens)?;
        file.write_all(b"\n")?;
        self.give_to_owner(&new, &file);
        file.sync_all()?;
        drop(file);
        fs::rename(&new, &self.0)?;
        sync_folder(self.folder())
    }

    /// The daemon has to read what an administrator writes, so the file belongs to whoever the old
    /// one, or else the folder, belongs to.
    #[cfg(unix)]
    fn give_to_owner(&self, new: &Path, file: &File) {
        use std::os::unix::fs::{MetadataExt, chown};
        let owner = fs::metadata(&self.0).or_else(|_| fs::metadata(self.folder()));
        if let (Ok(owner), Ok(ours)) = (owner, file.metadata())
            && owner.uid() != ours.uid()
        {
            // Only root can; for others it stays theirs.
            let _ = chown(new, Some(owner.uid()), Some(owner.gid()));
        }
    }

    #[cfg(not(unix))]
    fn give_to_owner(&self, _: &Path, _: &File) {}

    fn folder(&self) -> &Path {
        let folder = self.0.parent();
        folder
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."))
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.0.file_name().unwrap_or_default().to_owned();
        name.push(".");
        name.push(ending);
        self.0.with_file_name(name)
    }

    fn failed(&self, error: &io::Error) -> TokensError {
        TokensError::File {
            path: self.0.clone(),
            detail: error.to_string(),
        }
    }

    pub(super) fn broken(&self, detail: &str) -> TokensError {
        TokensError::Broken {
            path: self.0.clone(),
            detail: detail.to_owned(),
        }
    }
}

#[cfg(unix)]
fn stamp(metadata: &Metadata) -> Stamp {
    use std::os::unix::fs::MetadataExt;
    Stamp {
        modified: metadata.modified().ok(),
        bytes: metadata.len(),
        unix: [
            metadata.dev(),
            metadata.ino(),
            metadata.ctime().cast_unsigned(),
            metadata.ctime_nsec().cast_unsigned(),
        ],
    }
}

#[cfg(not(unix))]
fn stamp(metadata: &Metadata) -> Stamp {
    Stamp {
        modified: metadata.modified().ok(),
        bytes: metadata.len(),
        unix: [0; 4],
    }
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn private(_: &mut OpenOptions) {}

/// Who can write to the file can make tokens. To read hashes helps nobody, and mounted secrets
/// are often readable.
#[cfg(unix)]
fn others_may_write(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o022 != 0
}

#[cfg(not(unix))]
fn others_may_write(_: &Metadata) -> bool {
    false
}

/// So that the rename is there after a loss of power.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
