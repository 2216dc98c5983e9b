//! A look at a file from outside: checked, and written out.

use std::fmt;
use std::path::Path;

use crate::error::StorageError;
use crate::id::MessageId;
use crate::record::{Death, Depth, Query, Record};
use crate::storage::{Salvage, Salvaged, look};

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
    reader: Box<dyn Salvage>,
}

/// Records that are read at once.
const PAGE: usize = 500;
/// Losses that are told one by one at most.
const TOLD_MAX: usize = 100;

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
    /// Of a damaged file it shows all that can be read, and answers in words what cannot. Empty:
    /// that was all.
    ///
    /// # Errors
    /// That of the storage, if nothing can be read, or of `visit`, which ends it.
    pub fn each<E: From<StorageError>>(
        &mut self,
        mut visit: impl FnMut(Record) -> Result<(), E>,
    ) -> Result<Vec<String>, E> {
        let mut seen = Seen::default();
        for dead in [false, true] {
            if let Err(damage) = self.pages(dead, &mut seen, &mut visit)? {
                seen.lose(damage.to_string());
                seen.damage.get_or_insert(damage);
                self.rest(dead, &mut seen, &mut visit)?;
            }
            seen.last = None;
        }
        match seen.damage {
            Some(damage) if !seen.any => Err(damage.into()),
            _ => Ok(seen.lost()),
        }
    }

    /// Page by page. The inner error: no more can be read in this way.
    fn pages<E>(
        &mut self,
        dead: bool,
        seen: &mut Seen,
        visit: &mut impl FnMut(Record) -> Result<(), E>,
    ) -> Result<Result<(), StorageError>, E> {
        loop {
            let query = Query {
                dead,
                limit: PAGE,
                after: seen.last,
                ..Query::default()
            };
            let page = match self.reader.messages(&query) {
                Ok(page) => page,
                Err(damage) => return Ok(Err(damage)),
            };
            for record in page.items {
                // Lists leave the content out.
                let whole = match self.reader.message(record.id) {
                    Ok(whole) => whole.unwrap_or(record),
                    Err(damage) => return Ok(Err(damage)),
                };
                seen.one(&whole);
                visit(whole)?;
            }
            if page.next.is_none() {
                return Ok(Ok(()));
            }
        }
    }

    /// Message by message, from the last one that was shown.
    fn rest<E>(
        &mut self,
        dead: bool,
        seen: &mut Seen,
        visit: &mut impl FnMut(Record) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut place = seen.last.map_or(0, MessageId::seq);
        loop {
            match self.reader.salvage(dead, place) {
                Salvaged::End => return Ok(()),
                Salvaged::Message(record) => {
                    place = record.id.seq();
                    seen.one(&record);
                    visit(*record)?;
                }
                Salvaged::Lost { until, told } => {
                    place = until;
                    seen.lose(told);
                }
            }
        }
    }
}

/// What was shown of a file, and what could not be.
#[derive(Default)]
struct Seen {
    any: bool,
    last: Option<MessageId>,
    damage: Option<StorageError>,
    told: Vec<String>,
    more: u64,
}

impl Seen {
    fn one(&mut self, record: &Record) {
        self.any = true;
        self.last = Some(record.id);
        if record.death == Some(Death::Corrupt) {
            self.lose(format!(
                "the content of {}: not as it was written",
                record.id
            ));
        }
    }

    fn lose(&mut self, told: String) {
        if self.told.len() < TOLD_MAX {
            self.told.push(told);
        } else {
            self.more += 1;
        }
    }

    fn lost(self) -> Vec<String> {
        let mut told = self.told;
        told.extend((self.more > 0).then(|| format!("and {} more", self.more)));
        told
    }
}

impl fmt::Debug for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspection").finish_non_exhaustive()
    }
}
