//! What a system knows for itself, as documents in groups: one `SQLite` file. What is written is
//! there after a power cut.
//!
//! Whoever writes to a group has its turn, so that no two change one document at a time.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::sync::Mutex as Turn;
use tokio::task::{JoinError, spawn_blocking};

/// What a file can hold.
pub trait Document: Serialize + DeserializeOwned {
    /// Where it belongs.
    fn place(&self) -> Place<'_>;
}

/// Where a document belongs.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    group: &'a str,
    number: u32,
    is_open: bool,
}

impl<'a> Place<'a> {
    /// Under its own number in its group; `is_open`: something is to be done with it still.
    pub const fn of(group: &'a str, number: u32, is_open: bool) -> Self {
        Self {
            group,
            number,
            is_open,
        }
    }
}

/// Documents could not be read or written.
#[derive(Debug, Error)]
pub enum DocumentsError {
    /// The file.
    #[error("the file of documents: {0}")]
    File(#[from] rusqlite::Error),
    /// One of them is none of this kind.
    #[error("a document is damaged: {0}")]
    Damaged(#[from] serde_json::Error),
    /// The process is ending.
    #[error("the file of documents: {0}")]
    Ended(#[from] JoinError),
}

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS documents (
        name TEXT NOT NULL,
        number INTEGER NOT NULL,
        open INTEGER NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (name, number)
    ) STRICT;
    CREATE INDEX IF NOT EXISTS open_ends ON documents (name) WHERE open;";

/// One file of documents of one kind.
#[derive(Debug)]
pub struct Documents<D> {
    connection: Arc<Turn<Connection>>,
    turns: Mutex<HashMap<String, Arc<Turn<()>>>>,
    kind: PhantomData<fn() -> D>,
}

impl<D: Document> Documents<D> {
    /// Opens a file, or makes it.
    ///
    /// # Errors
    /// It cannot be opened, or is none of documents.
    pub fn open(file: &Path) -> Result<Self, DocumentsError> {
        let connection = Connection::open(file)?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self {
            connection: Arc::new(Turn::new(connection)),
            turns: Mutex::default(),
            kind: PhantomData,
        })
    }

    /// The turn of a group: to be locked before its documents are read in order to be changed.
    pub fn turn(&self, group: &str) -> Arc<Turn<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(group.to_owned()).or_default())
    }

    /// The number for the next document of a group: one more than the greatest, from 1 on.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn next_number(&self, group: &str) -> Result<u32, DocumentsError> {
        let group = group.to_owned();
        let sql = "SELECT 1 + coalesce(max(number), 0) FROM documents WHERE name = ?1";
        self.with(move |file| file.query_row(sql, [group], |row| row.get(0)))
            .await
    }

    /// Writes a document as it is now.
    ///
    /// # Errors
    /// It may be written or not.
    pub async fn put(&self, document: &D) -> Result<(), DocumentsError> {
        let text = serde_json::to_string(document)?;
        let place = document.place();
        let row = (place.group.to_owned(), place.number, place.is_open, text);
        let sql = "REPLACE INTO documents VALUES (?1, ?2, ?3, ?4)";
        self.with(move |file| file.execute(sql, row).map(drop))
            .await
    }

    /// Takes a document away; its number is free again if it was the greatest.
    ///
    /// # Errors
    /// It may be there still.
    pub async fn remove(&self, document: &D) -> Result<(), DocumentsError> {
        let place = document.place();
        let row = (place.group.to_owned(), place.number);
        let sql = "DELETE FROM documents WHERE name = ?1 AND number = ?2";
        self.with(move |file| file.execute(sql, row).map(drop))
            .await
    }

    /// The documents of a group by number.
    ///
    /// # Errors
    /// The file cannot be read, or one is damaged.
    pub async fn of(&self, group: &str) -> Result<Vec<D>, DocumentsError> {
        let group = group.to_owned();
        let sql = "SELECT document FROM documents WHERE name = ?1 ORDER BY number";
        let texts: Vec<String> = self
            .with(move |file| {
                let mut query = file.prepare_cached(sql)?;
                query.query_map([group], |row| row.get(0))?.collect()
            })
            .await?;
        let documents = texts.iter().map(|text| serde_json::from_str(text));
        Ok(documents.collect::<Result<_, _>>()?)
    }

    /// The groups that have open documents, by name.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn open_groups(&self) -> Result<Vec<String>, DocumentsError> {
        let sql = "SELECT DISTINCT name FROM documents WHERE open ORDER BY name";
        self.with(move |file| {
            let mut query = file.prepare_cached(sql)?;
            query.query_map([], |row| row.get(0))?.collect()
        })
        .await
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DocumentsError> {
        // The work takes the lock with it: it comes before all that is asked for later, also when
        // whoever asked for it has gone away.
        let connection = Arc::clone(&self.connection).lock_owned().await;
        Ok(spawn_blocking(move || work(&connection)).await??)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde::Deserialize;
    use tokio::time::timeout;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Job {
        of: String,
        number: u32,
        is_open: bool,
    }

    impl Document for Job {
        fn place(&self) -> Place<'_> {
            Place::of(&self.of, self.number, self.is_open)
        }
    }

    fn job(of: &str, number: u32, is_open: bool) -> Job {
        Job {
            of: of.to_owned(),
            number,
            is_open,
        }
    }

    #[tokio::test]
    async fn documents_are_read_by_group_and_open_ones_are_found() {
        let file: Documents<Job> = Documents::open(Path::new(":memory:")).unwrap();
        assert_eq!(file.next_number("a").await.unwrap(), 1);
        for document in [job("b", 1, true), job("a", 2, false), job("a", 1, true)] {
            file.put(&document).await.unwrap();
        }
        assert_eq!(file.next_number("a").await.unwrap(), 3);
        let of_a = file.of("a").await.unwrap();
        assert_eq!(of_a, [job("a", 1, true), job("a", 2, false)]);
        assert_eq!(file.open_groups().await.unwrap(), ["a", "b"]);

        file.put(&job("a", 1, false)).await.unwrap();
        assert_eq!(file.open_groups().await.unwrap(), ["b"]);
        file.remove(&job("a", 2, false)).await.unwrap();
        assert_eq!(file.next_number("a").await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_write_that_was_given_up_comes_before_what_is_asked_for_later() {
        let file: Documents<Job> = Documents::open(Path::new(":memory:")).unwrap();
        for number in 1..=100 {
            let document = job("a", number, true);
            // Looked at once, then dropped: by then it is begun.
            let _ = timeout(Duration::ZERO, file.put(&document)).await;
            assert_eq!(file.next_number("a").await.unwrap(), number + 1);
        }
    }

    #[tokio::test]
    async fn a_damaged_document_is_told_and_not_left_out() {
        let file: Documents<Job> = Documents::open(Path::new(":memory:")).unwrap();
        let sql = "INSERT INTO documents VALUES ('a', 1, 0, '{}')";
        file.with(move |file| file.execute(sql, ())).await.unwrap();
        let error = file.of("a").await.unwrap_err();
        assert!(matches!(error, DocumentsError::Damaged(_)), "{error}");
    }

    #[test]
    fn what_is_no_file_of_documents_is_refused() {
        let path = std::env::temp_dir().join(format!("no-documents-{}", std::process::id()));
        std::fs::write(
            &path,
            "these are no documents, only a text that is long enough",
        )
        .unwrap();
        let opened: Result<Documents<Job>, _> = Documents::open(&path);
        assert!(matches!(opened, Err(DocumentsError::File(_))));
        std::fs::remove_file(&path).unwrap();
    }
}
