//! Room kept back for a full disk.
//!
//! In WAL mode even a `DELETE` needs room, so a full disk would stop the drain, too, and nothing
//! could ever get better. So a file of some size stands beside the database; when the disk is full
//! it goes, pushes stop, and delivery goes on in the room that it leaves. It is made again once
//! there is room for it and as much besides.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::file;

/// Written at once.
const BLOCK: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct Room {
    ballast: PathBuf,
    bytes: u64,
    is_kept: bool,
}

impl Room {
    /// Looks whether it is there already; makes it if there is room.
    pub(super) fn new(database: &Path, bytes: u64) -> Self {
        let ballast = file::beside(database, ".ballast");
        let found = std::fs::metadata(&ballast).map(|found| found.len());
        let mut room = Self {
            ballast,
            bytes,
            is_kept: found.is_ok_and(|found| found == bytes),
        };
        room.keep_if_there_is_enough();
        room
    }

    pub(super) fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Gives it to whoever drains.
    pub(super) fn release(&mut self) {
        self.is_kept = false;
        match std::fs::remove_file(&self.ballast) {
            Ok(()) => {
                let bytes = self.bytes;
                tracing::warn!(bytes, "the disk is full: pushes stop, delivery goes on");
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::error!(%error, "the room kept back cannot be used"),
        }
    }

    /// Makes the file again, if afterwards as much is free still.
    pub(super) fn keep_if_there_is_enough(&mut self) {
        let enough = self.bytes.saturating_mul(2);
        if self.is_kept || self.free().is_some_and(|free| free < enough) {
            return;
        }
        match self.write() {
            Ok(()) => {
                self.is_kept = true;
                tracing::info!(bytes = self.bytes, "room is kept back for a full disk");
            }
            Err(error) => {
                tracing::warn!(%error, "no room can be kept back");
                // Half of it would only be in the way.
                let _ = std::fs::remove_file(&self.ballast);
            }
        }
    }

    /// Random bytes: zeros would cost a file system that compresses nothing.
    fn write(&self) -> io::Result<()> {
        let mut file = file::private().write(true).open(&self.ballast)?;
        file.set_len(0)?;
        let mut block = vec![0; BLOCK];
        let mut left = usize::try_from(self.bytes).unwrap_or(usize::MAX);
        while left > 0 {
            let now = left.min(BLOCK);
            getrandom::fill(&mut block[..now]).map_err(io::Error::other)?;
            file.write_all(&block[..now])?;
            left -= now;
        }
        file.sync_all()
    }

    /// Bytes that are free for us on the disk.
    pub(super) fn free(&self) -> Option<u64> {
        free(&self.ballast)
    }
}

#[cfg(unix)]
fn free(path: &Path) -> Option<u64> {
    let folder = path.parent()?;
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let found = rustix::fs::fstatvfs(File::open(folder).ok()?).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}
