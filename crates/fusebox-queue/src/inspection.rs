//! A look at a file from outside: checked, and written out.

use std::fmt;
use std::path::Path;

use crate::error::StorageError;
use crate::record::{Depth, Query, Record};
use crate::storage::{Reader, look};

/// Reads a file of queues without being its owner, who may use it meanwhile. Nothing is changed.
///
/// ```
/// use fusebox_queue::{Inspection, Queues};
/// # let dir = std::env::temp_dir().join(format!("fusebox-look-{}", std::process::id()));
/// # std::fs::create_dir_all(&dir)?;
///
/// let queues = Queues::open(dir.join("queue.db"))?;
/// let mut look = Inspection::open(dir.join("queue.db"))?;
/// assert!(look.check()?.is_empty(), "nothing is wrong with it");
/// # drop(queues);
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Inspection {
    reader: Box<dyn Reader>,
}

/// Records that are read at once.
const PAGE: usize = 500;

impl Inspection {
    /// Opens a file that is there.
    ///
    /// # Errors
    /// [`StorageError::Newer`] and [`StorageError::Corrupt`] for one that this cannot read,
    /// [`StorageError::Failed`] where it is not there or cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StorageError> {
        let reader = look(path.as_ref())?;
        Ok(Self { reader })
    }

    /// Looks at everything, message by message, and tells in words what is wrong. Empty: all is
    /// well.
    ///
    /// # Errors
    /// It cannot be read at all.
    pub fn check(&mut self) -> Result<Vec<String>, StorageError> {
        self.reader.check()
    }

    /// How much every queue of the file holds.
    ///
    /// # Errors
    /// It cannot be read at all.
    pub fn depths(&mut self) -> Result<Vec<Depth>, StorageError> {
        self.reader.depths()
    }

    /// Shows every message that waits, is being sent or is dead, with its content; first those
    /// that are alive. What changes meanwhile may be shown as it was or as it is.
    ///
    /// # Errors
    /// That of the storage, or of `visit`, which ends it.
    pub fn each<E: From<StorageError>>(
        &mut self,
        mut visit: impl FnMut(Record) -> Result<(), E>,
    ) -> Result<(), E> {
        for dead in [false, true] {
            let mut query = Query {
                dead,
                limit: PAGE,
                ..Query::default()
            };
            loop {
                let page = self.reader.messages(&query)?;
                for record in page.items {
                    // Lists leave the content out.
                    match self.reader.message(record.id)? {
                        Some(whole) => visit(whole)?,
                        None => visit(record)?,
                    }
                }
                if page.next.is_none() {
                    break;
                }
                query.after = page.next;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspection").finish_non_exhaustive()
    }
}
