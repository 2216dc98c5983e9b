//! The book of sprints: one `SQLite` file. What is written is there after a power cut.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use fusebox_store::rfc3339;
use rusqlite::{Connection, OptionalExtension, Row, params, types};
use serde_json::Value;
use thiserror::Error;
use tokio::task::spawn_blocking;

use super::entry::{Entry, Stage, Wanted};

/// The file could not be read or written.
#[derive(Debug, Error)]
#[error("the book of sprints: {0}")]
pub(super) struct BookError(String);

impl From<rusqlite::Error> for BookError {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

/// `answered`: a caller was told that it started. `told`: its event is in the queue.
const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS sprints (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        project TEXT NOT NULL,
        number INTEGER NOT NULL,
        name TEXT NOT NULL,
        weeks INTEGER NOT NULL,
        tasks TEXT NOT NULL,
        stage TEXT NOT NULL,
        begun TEXT NOT NULL,
        answered INTEGER NOT NULL DEFAULT 0,
        told INTEGER NOT NULL DEFAULT 0,
        UNIQUE (project, number)
    ) STRICT;";
const COLUMNS: &str = "id, project, number, name, weeks, tasks, stage, begun";

/// A clone is the same book.
#[derive(Clone, Debug)]
pub(super) struct Book(Arc<Mutex<Connection>>);

impl Book {
    pub(super) fn open(file: &Path) -> Result<Self, BookError> {
        let connection = Connection::open(file)?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Gives the project's next number to a sprint that is starting.
    pub(super) async fn begin(
        &self,
        project: String,
        wanted: Wanted,
        tasks: Vec<Value>,
    ) -> Result<Entry, BookError> {
        let tasks = Value::from(tasks).to_string();
        let begun = rfc3339(SystemTime::now());
        self.with(move |book| {
            let sql = format!(
                "INSERT INTO sprints (project, number, name, weeks, tasks, stage, begun)
                 SELECT ?1, 1 + coalesce(max(number), 0), ?2, ?3, ?4, 'starting', ?5
                 FROM sprints WHERE project = ?1 RETURNING {COLUMNS}"
            );
            let weeks = wanted.duration_weeks;
            let row = params![project, wanted.sprint_name, weeks, tasks, begun];
            book.query_row(&sql, row, entry)
        })
        .await
    }

    /// Writes how a starting sprint ended; one that has ended already stays as it is.
    pub(super) async fn end(&self, id: i64, stage: Stage, answered: bool) -> Result<(), BookError> {
        let sql =
            "UPDATE sprints SET stage = ?2, answered = ?3 WHERE id = ?1 AND stage = 'starting'";
        self.change(sql, (id, stage.as_str(), answered)).await
    }

    /// Takes back a sprint whose assignment was never sent; its number is free again.
    pub(super) async fn forget(&self, id: i64) -> Result<(), BookError> {
        self.change(
            "DELETE FROM sprints WHERE id = ?1 AND stage = 'starting'",
            (id,),
        )
        .await
    }

    /// The event of a started sprint is in the queue.
    pub(super) async fn told(&self, id: i64) -> Result<(), BookError> {
        self.change("UPDATE sprints SET told = 1 WHERE id = ?1", (id,))
            .await
    }

    /// A sprint that came to start after its caller had been told that it would not: it is the
    /// answer to whoever asks for the same again, once.
    pub(super) async fn adopt(
        &self,
        project: String,
        wanted: Wanted,
    ) -> Result<Option<Entry>, BookError> {
        self.with(move |book| {
            let sql = format!(
                "UPDATE sprints SET answered = 1 WHERE id = (
                     SELECT id FROM sprints WHERE project = ?1 AND name = ?2 AND weeks = ?3
                     AND stage = 'started' AND answered = 0 ORDER BY id LIMIT 1)
                 RETURNING {COLUMNS}"
            );
            let row = params![project, wanted.sprint_name, wanted.duration_weeks];
            book.query_row(&sql, row, entry).optional()
        })
        .await
    }

    pub(super) async fn get(&self, id: i64) -> Result<Option<Entry>, BookError> {
        let found = self.list("id = ?1", (id,)).await?;
        Ok(found.into_iter().next())
    }

    /// All that is to be done still: sprints to be settled, and started ones to be told of.
    pub(super) async fn open_ends(&self) -> Result<Vec<Entry>, BookError> {
        self.list("stage = 'starting' OR (stage = 'started' AND told = 0)", ())
            .await
    }

    /// A project's sprints at this stage.
    pub(super) async fn of(&self, project: String, stage: Stage) -> Result<Vec<Entry>, BookError> {
        self.list("project = ?1 AND stage = ?2", (project, stage.as_str()))
            .await
    }

    async fn list<P>(&self, which: &'static str, params: P) -> Result<Vec<Entry>, BookError>
    where
        P: rusqlite::Params + Send + 'static,
    {
        self.with(move |book| {
            let sql = format!("SELECT {COLUMNS} FROM sprints WHERE {which} ORDER BY id");
            book.prepare_cached(&sql)?
                .query_map(params, entry)?
                .collect()
        })
        .await
    }

    async fn change<P>(&self, sql: &'static str, params: P) -> Result<(), BookError>
    where
        P: rusqlite::Params + Send + 'static,
    {
        self.with(move |book| book.execute(sql, params).map(drop))
            .await
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, BookError> {
        let book = Arc::clone(&self.0);
        let done =
            spawn_blocking(move || work(&book.lock().unwrap_or_else(PoisonError::into_inner)));
        let done = done.await.map_err(|error| BookError(error.to_string()))?;
        Ok(done?)
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let (tasks, stage): (String, String) = (row.get(5)?, row.get(6)?);
    let damaged = |at, what: &str| {
        rusqlite::Error::FromSqlConversionFailure(at, types::Type::Text, what.into())
    };
    Ok(Entry {
        id: row.get(0)?,
        project: row.get(1)?,
        number: row.get(2)?,
        wanted: Wanted {
            sprint_name: row.get(3)?,
            duration_weeks: row.get(4)?,
        },
        tasks: serde_json::from_str(&tasks).map_err(|_| damaged(5, "no list of tasks"))?,
        stage: Stage::parse(&stage).ok_or_else(|| damaged(6, "no stage"))?,
        begun: row.get(7)?,
    })
}
