//! A durable queue for calls and events that may not be lost, and a relay that delivers them
//! through a circuit breaker.
//!
//! [`Queues`] is one place on disk with any number of named queues in it. A push is answered once
//! the message is there for good: after `kill -9` and after a power cut. Messages with the same key
//! are delivered in order, one at a time; without a key in any order. A message is delivered at
//! least once, always with the same [`MessageId`]; what cannot be delivered becomes a dead letter,
//! which a person looks at, retries or discards. Nothing is dropped silently.
//!
//! What this crate is not: a broker (nobody subscribes), a scheduler, or exactly-once delivery (a
//! sender that dies between sending and writing down sends again; the receiver tells a repeat by
//! the id).
//!
//! How it fails: a full queue and a full disk refuse pushes with a typed error while delivery goes
//! on; a row that does not match its checksum is set aside and reported; a file of a newer version
//! or another program is refused and left as it is.

mod clock;
mod error;
mod id;
#[cfg(feature = "sqlite")]
mod inspection;
#[cfg(feature = "kafka")]
pub mod kafka;
mod message;
mod queue;
mod record;
#[cfg(feature = "relay")]
pub mod relay;
mod settings;
#[cfg(feature = "relay")]
pub mod sink;
mod storage;

pub use clock::{ManualWallClock, SystemWallClock, WallClock};
pub use error::{PauseError, PushError, QueueError, StorageError};
pub use id::{MessageId, NotAnId};
#[cfg(feature = "sqlite")]
pub use inspection::Inspection;
pub use message::{Attributes, Leased, Leases, NewMessage, Pushed};
pub use queue::{
    Answer, Changes, Deaths, PushesRejected, Queue, QueueStats, Queues, QueuesBuilder, QueuesStats,
};
pub use record::{
    Attempt, Death, Depth, Group, MessageState, Page, Pause, Query, Record, Response, Scope,
    Selection,
};
pub use settings::{QueueSettings, QueueSettingsError};
pub use storage::Ending;
