//! Looks at files again and again, off the threads that answer calls.
//!
//! They are read instead of watched: that sees every way of replacing a file (written in place,
//! renamed over, a link turned elsewhere, a mounted volume), and costs a read from the page cache.
//! A change counts once two looks in a row saw the same, so that a file that is being written is
//! left alone.

use std::collections::hash_map::DefaultHasher;
use std::fs::File;
use std::hash::Hasher;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The content of a file at one look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Its hash.
    Content(u64),
    /// It is away, or cannot be read.
    Unreadable,
    /// A pipe or a device, which can be read once only.
    NotWatched,
}

/// Some files that belong together.
#[derive(Debug)]
pub(super) struct Watch {
    files: Vec<PathBuf>,
    /// What they held when they were last acted upon.
    known: Vec<Seen>,
    /// A different content, seen once.
    pending: Option<Vec<Seen>>,
}

impl Watch {
    /// Looks for the first time. Blocking. To be called before the files are read for use: a
    /// change in between is then seen as one.
    pub(super) fn begin(files: impl IntoIterator<Item = PathBuf>) -> Self {
        let files: Vec<PathBuf> = files.into_iter().collect();
        let known = see(&files);
        Self {
            files,
            known,
            pending: None,
        }
    }

    /// Looks again: whether the content changed, and is the same as at the last look.
    pub(super) async fn changed(&mut self) -> bool {
        if self.known.iter().all(|seen| *seen == Seen::NotWatched) {
            return false;
        }
        let files = self.files.clone();
        let Some(seen) = blocking(move || see(&files)).await else {
            return false;
        };
        if seen == self.known {
            self.pending = None;
            return false;
        }
        self.pending.replace(seen.clone()) == Some(seen)
    }

    /// Remembers what is there now, in the same step off the threads in which `work` reads it.
    /// `None`: the process is ending.
    pub(super) async fn act<T: Send + 'static>(
        &mut self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let files = self.files.clone();
        let (seen, done) = blocking(move || (see(&files), work())).await?;
        (self.known, self.pending) = (seen, None);
        Some(done)
    }
}

/// Files are read off the threads that answer calls. `None`: the process is ending.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

fn see(files: &[PathBuf]) -> Vec<Seen> {
    files.iter().map(|file| see_one(file)).collect()
}

fn see_one(path: &Path) -> Seen {
    match path.metadata() {
        Ok(metadata) if !metadata.is_file() => Seen::NotWatched,
        Ok(_) => hash(path).map_or(Seen::Unreadable, Seen::Content),
        Err(_) => Seen::Unreadable,
    }
}

fn hash(path: &Path) -> std::io::Result<u64> {
    let mut file = File::open(path)?;
    let mut hasher = DefaultHasher::new();
    let mut piece = [0; 8192];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.finish()),
            length => hasher.write(&piece[..length]),
        }
    }
}
