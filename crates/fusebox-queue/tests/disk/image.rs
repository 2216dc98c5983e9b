//! A small file system in a file, mounted for one test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// Unmounted and removed with it.
pub(crate) struct Image {
    folder: PathBuf,
}

impl Image {
    /// A new ext4 of so many MiB.
    pub(crate) fn new(mebibytes: u64) -> Self {
        let image = Self::unmounted();
        let file = std::fs::File::create(image.file()).unwrap();
        file.set_len(mebibytes << 20).unwrap();
        run(Command::new("mkfs.ext4")
            .args(["-q", "-F", "-m", "0"])
            .arg(image.file()));
        image.mount();
        image
    }

    /// What another one holds at this moment, as a power cut would leave it.
    pub(crate) fn cut(of: &Self) -> Self {
        let image = Self::unmounted();
        std::fs::copy(of.file(), image.file()).unwrap();
        image.mount();
        image
    }

    pub(crate) fn mounted(&self) -> PathBuf {
        self.folder.join("mounted")
    }

    fn file(&self) -> PathBuf {
        self.folder.join("image")
    }

    fn unmounted() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("fusebox-disk-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(folder.join("mounted")).unwrap();
        Self { folder }
    }

    fn mount(&self) {
        let mut mount = Command::new("mount");
        // What the loop device is told to keep is in the image's file at once.
        run(mount
            .args(["-o", "loop"])
            .args([self.file(), self.mounted()]));
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.mounted()).status();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn run(command: &mut Command) {
    let status = command.status();
    let is_done = status.as_ref().is_ok_and(std::process::ExitStatus::success);
    assert!(is_done, "{command:?} (this needs root): {status:?}");
}
