//! Keeps what circuit breakers know across restarts.
//!
//! A [`Keeper`] follows a registry and keeps its states, remaining open times, holds, overrides and
//! main breaker, the history of what happened, and the audit log of who did what, in a [`Storage`]:
//! [`Memory`], one `SQLite` file (feature `sqlite`, default), or Redis (feature `redis`). At the
//! next start it puts every circuit where it was, less the time that has passed.
//!
//! ```
//! use fusebox::{Author, HoldKind, HoldRequest, Registry};
//! use fusebox_store::{Keeper, Sqlite};
//! use std::time::Duration;
//! # let dir = std::env::temp_dir().join(format!("fusebox-store-{}", std::process::id()));
//!
//! let registry = Registry::new();
//! let keeper = Keeper::start(&registry, Sqlite::open(dir.join("state.db"))?)?;
//! registry.add("rag".into())?.hold(HoldRequest {
//!     kind: HoldKind::ForcedOpen,
//!     reason: "invoice dispute".into(),
//!     author: Author::new("ada"),
//!     for_: None,
//! });
//! keeper.flushed().wait(Duration::from_secs(5))?; // on disk, as an answer to ada may say
//! drop(keeper);
//!
//! // The next start of the process: circuits that come later are restored when they come.
//! let registry = Registry::new();
//! registry.add("rag".into())?;
//! let keeper = Keeper::start(&registry, Sqlite::open(dir.join("state.db"))?)?;
//! let rag = registry.find("rag")?.snapshot();
//! assert_eq!(rag.hold.unwrap().reason, "invoice dispute");
//! # drop(keeper);
//! # std::fs::remove_dir_all(dir).ok();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What this crate is not: it is never on a call path, decides nothing, and does not make instances
//! agree on a state. Wall-clock time is used here only: a restored time is the rest of it, and at
//! most the circuit's `open_for_max`.
//!
//! How it fails: a storage that is away, slow or full stops nothing. What changes waits for it
//! within bounds and is written when it is back; [`Keeper::stats`] shows how far it is behind. A
//! damaged file or one of a newer version is an error at the start that names the file, and is
//! left as it is.

mod audit;
mod error;
mod history;
mod keeper;
mod memory;
mod record;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sqlite")]
mod sqlite;
mod storage;
mod text;
mod verify;
mod wall;

#[cfg(feature = "redis")]
pub use self::redis::{Redis, RedisSettingsError};
pub use audit::{AuditDraft, AuditEntry, GENESIS};
pub use error::StoreError;
pub use history::EventRecord;
pub use keeper::{Answer, EventFeed, Fed, Keeper, KeeperBuilder, KeeperStats};
pub use memory::Memory;
pub use record::{
    CircuitRecord, EvidenceRecord, HoldRecord, MainRecord, OverrideRecord, StateRecord, WhyRecord,
};
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
pub use storage::{
    AuditQuery, Batch, EventQuery, Kept, KeptCircuit, Limits, MainChange, OverrideChange, Page,
    ReplayRecord, Storage, Written,
};
pub use verify::{AuditBreak, AuditCheck, verify_audit};
pub use wall::{NotATime, from_unix_millis, parse_rfc3339, rfc3339, unix_millis, whole_millis};
