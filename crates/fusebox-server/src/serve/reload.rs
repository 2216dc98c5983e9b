//! Reload: all or nothing, at a signal or when the file's content changed.
//!
//! The file is read again and again instead of watched: that sees every way of replacing it
//! (written in place, renamed over, a link turned elsewhere, a mounted volume), and costs a read
//! from the page cache. A change counts once two looks in a row saw the same, so that a file that
//! is being written is left alone.

use std::collections::hash_map::DefaultHasher;
use std::fs::File;
use std::hash::Hasher;
use std::io::Read;
use std::path::Path;

use crate::circuits::Circuits;
use crate::settings::{Config, Problem, ServerSettings, Source};

/// Reads the settings anew and hands them to the circuits.
pub(super) struct Reloader {
    source: Source,
    /// What the listeners were opened with.
    server: ServerSettings,
    /// The content that was read last, whether it was taken or refused.
    read: Seen,
    /// A different content, seen once.
    pending: Option<Seen>,
}

/// The content of the file at one look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// Its hash.
    Content(u64),
    /// It is away, or cannot be read.
    Unreadable,
    /// No file, or a pipe, which can be read once only.
    NotWatched,
}

impl Reloader {
    /// Reads the settings for the first time.
    pub(super) fn start(source: Source) -> Result<(Config, Self), Vec<Problem>> {
        // Looked at before it is read: a change in between is seen as one.
        let read = see(source.file());
        let config = source.load()?;
        let server = config.server.clone();
        Ok((
            config,
            Self {
                source,
                server,
                read,
                pending: None,
            },
        ))
    }

    /// Looks at the file, and reloads if it changed.
    pub(super) async fn look(&mut self, circuits: &Circuits) {
        if self.read == Seen::NotWatched {
            return;
        }
        let source = self.source.clone();
        let Some(seen) = blocking(move || see(source.file())).await else {
            return;
        };
        if seen == self.read {
            self.pending = None;
        } else if self.pending.replace(seen) == Some(seen) {
            self.reload(circuits, "the file changed").await;
        }
    }

    /// Reads everything anew. What is wrong is logged, and the settings in force stay.
    pub(super) async fn reload(&mut self, circuits: &Circuits, why: &str) {
        let source = self.source.clone();
        let loaded = blocking(move || (see(source.file()), source.load())).await;
        let Some((seen, loaded)) = loaded else { return };
        (self.read, self.pending) = (seen, None);
        let config = match loaded {
            Ok(config) => config,
            Err(problems) => {
                for problem in &problems {
                    tracing::error!(%problem, "settings refused");
                }
                let problems = problems.len();
                tracing::error!(
                    why,
                    problems,
                    "not reloaded: the settings before stay in force"
                );
                return;
            }
        };
        match circuits.apply(&config) {
            Ok(changed) => {
                let (added, removed) = (changed.added.join(","), changed.removed.join(","));
                let changed = changed.changed.join(",");
                tracing::info!(why, added, removed, changed, "reloaded");
                self.warn_of_restart(&config.server);
            }
            Err(error) => {
                tracing::error!(why, %error, "not reloaded: the settings before stay in force");
            }
        }
    }

    fn warn_of_restart(&self, server: &ServerSettings) {
        let before = &self.server;
        let changed = [
            ("server.listen", server.listen != before.listen),
            ("server.admin", server.admin != before.admin),
            ("server.data_dir", server.data_dir != before.data_dir),
        ];
        for (setting, _) in changed.into_iter().filter(|(_, changed)| *changed) {
            tracing::warn!(setting, "a change of this setting needs a restart");
        }
    }
}

/// Files are read off the threads that answer calls. `None`: the process is ending.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

fn see(file: Option<&Path>) -> Seen {
    let Some(path) = file else {
        return Seen::NotWatched;
    };
    match path.metadata() {
        Ok(metadata) if !metadata.is_file() => return Seen::NotWatched,
        Ok(_) => {}
        Err(_) => return Seen::Unreadable,
    }
    hash(path).map_or(Seen::Unreadable, Seen::Content)
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
