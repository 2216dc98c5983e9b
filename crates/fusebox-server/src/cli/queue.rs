//! `fusebox queue`: through a daemon, and on a file.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use fusebox::{Clock, SystemClock};
use fusebox_queue::{Inspection, Record, StorageError};
use serde_json::{Value, json};

use super::client::{self, ClientCommand};
use super::progress::Progress;
use super::{BAD_INPUT, CANNOT_BIND, NO, output, say, tell};

/// What `queue` does.
#[derive(Debug, Subcommand)]
pub(super) enum QueueCommand {
    #[command(flatten)]
    Client(client::queue::QueueCommand),
    /// Look at a file of queues, row by row, while a daemon uses it or not
    ///
    /// Exit code 0: all is well; 1: something is wrong, and told; 2: it is no file of queues.
    Check(Check),
    /// Write every message of a file as one line of JSON, dead ones last
    ///
    /// Of a damaged file it writes what can be read. Exit code 0: that was all; 1: the rest is
    /// told; 2: it is no file of queues, or nothing of it can be read.
    Export(Export),
}

/// What `queue check` takes.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The file
    #[arg(default_value = FILE)]
    file: PathBuf,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// What `queue export` takes.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// The file
    #[arg(default_value = FILE)]
    file: PathBuf,
}

/// Where it is by default: in the data folder.
const FILE: &str = "fusebox-data/queue.db";

/// Does what was asked for. Returns the exit code.
pub(super) fn run(command: QueueCommand) -> u8 {
    match command {
        QueueCommand::Client(command) => super::run(client::run(ClientCommand::Queue(command))),
        QueueCommand::Check(what) => told(check(&what)),
        QueueCommand::Export(what) => told(export(&what)),
    }
}

/// Why a file was not looked at to its end.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{file}: {what}; give the queue.db of a data folder, by default {FILE}")]
    NoFile { file: String, what: &'static str },
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
}

fn told(done: Result<u8, Trouble>) -> u8 {
    match done {
        Ok(code) => code,
        Err(Trouble::Output(error)) => {
            output::written(Err(error));
            0
        }
        Err(trouble) => {
            tell(&format!("fusebox: {trouble}"));
            match trouble {
                Trouble::NoFile { .. }
                | Trouble::Storage(StorageError::Corrupt { .. } | StorageError::Newer { .. }) => {
                    BAD_INPUT
                }
                _ => CANNOT_BIND,
            }
        }
    }
}

/// Opens a file, which must be there.
fn open(path: &Path) -> Result<Inspection, Trouble> {
    let what = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => "there is no such file",
        Ok(data) if !data.is_file() => "it is no file",
        Ok(data) if data.len() == 0 => "it is empty",
        // What else is wrong is told by who opens it.
        _ => return Ok(Inspection::open(path)?),
    };
    let file = path.display().to_string();
    Err(Trouble::NoFile { file, what })
}

fn check(what: &Check) -> Result<u8, Trouble> {
    let wrong = open(&what.file)?.check()?;
    if what.json {
        let file = what.file.display().to_string();
        say(&json!({"file": file, "ok": wrong.is_empty(), "wrong": wrong}).to_string());
    } else if wrong.is_empty() {
        say("ok");
    } else {
        wrong.iter().for_each(|line| say(line));
    }
    Ok(if wrong.is_empty() { 0 } else { NO })
}

fn export(what: &Export) -> Result<u8, Trouble> {
    let mut file = open(&what.file)?;
    // What cannot be counted may be readable all the same.
    let depths = file.depths().unwrap_or_default().into_iter();
    let total = depths.map(|depth| depth.messages + depth.dead).sum();
    let mut progress = Progress::of_data("messages", total);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = file.each(|record| -> Result<(), Trouble> {
        writeln!(out, "{}", line(&record))?;
        progress.step(SystemClock.now());
        Ok(())
    });
    // Before anything is told of what went wrong.
    progress.end();
    let lost = written?;
    out.flush()?;
    for what in &lost {
        tell(&format!("fusebox: cannot be read: {what}"));
    }
    Ok(if lost.is_empty() { 0 } else { NO })
}

/// All that is known of a message; a body that is no text is in hexadecimal.
fn line(record: &Record) -> Value {
    let body = str::from_utf8(&record.body).ok();
    let hex = || -> String {
        record
            .body
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    };
    json!({
        "id": record.id,
        "queue": record.queue,
        "key": record.key,
        "group": record.group,
        "idempotency_key": record.idempotency_key,
        "state": record.state,
        "death": record.death,
        "attempts": record.attempts,
        "deferrals": record.deferrals,
        "crashes": record.crashes,
        "uncertain": record.uncertain,
        "history": record.history,
        "attributes": record.attributes,
        "body": body,
        "body_hex": body.is_none().then(hex),
    })
}
