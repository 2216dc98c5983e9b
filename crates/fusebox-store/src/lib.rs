//! Keeps what circuit breakers know across restarts.

mod audit;
mod error;
mod history;
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

pub use audit::{AuditDraft, AuditEntry, GENESIS};
pub use error::StoreError;
pub use history::EventRecord;
pub use memory::Memory;
pub use record::{
    CircuitRecord, EvidenceRecord, HoldRecord, MainRecord, OverrideRecord, StateRecord, WhyRecord,
};
#[cfg(feature = "redis")]
pub use self::redis::{Redis, RedisSettingsError};
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
pub use storage::{
    AuditQuery, Batch, EventQuery, Kept, KeptCircuit, Limits, MainChange, OverrideChange, Page,
    ReplayRecord, Storage, Written,
};
pub use verify::{AuditBreak, AuditCheck, verify_audit};
pub use wall::{NotATime, from_unix_millis, parse_rfc3339, rfc3339, unix_millis, whole_millis};
