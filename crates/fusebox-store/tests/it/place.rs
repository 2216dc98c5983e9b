//! Places that a storage can be opened at again and again.

use fusebox_store::{Memory, Storage};

/// Where records stay while no storage has them open.
pub(crate) trait Place {
    /// The storage, opened (again). The one before was dropped.
    fn open(&mut self) -> Box<dyn Storage>;
}

impl Place for Memory {
    fn open(&mut self) -> Box<dyn Storage> {
        Box::new(self.clone())
    }
}

#[cfg(feature = "sqlite")]
pub(crate) use file::{File, Folder};

#[cfg(feature = "sqlite")]
mod file {
    use super::Place;
    use fusebox_store::{Sqlite, Storage};
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A folder of this test alone, gone when dropped.
    pub(crate) struct Folder(PathBuf);

    impl Folder {
        pub(crate) fn new() -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("store-{}-{number}", std::process::id());
            let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
            std::fs::create_dir_all(&path).expect("a folder for this test");
            Self(path)
        }

        pub(crate) fn file(&self) -> PathBuf {
            self.0.join("state.db")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// An `SQLite` file.
    pub(crate) struct File(pub(crate) Folder);

    impl File {
        pub(crate) fn new() -> Self {
            Self(Folder::new())
        }
    }

    impl Place for File {
        fn open(&mut self) -> Box<dyn Storage> {
            Box::new(Sqlite::open(self.0.file()).expect("opens"))
        }
    }
}
