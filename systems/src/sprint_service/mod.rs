//! The sprint service (A of the systems): starts a sprint of a project and assigns the project's
//! open tasks to it, or does nothing at all.
//!
//! - A creation asks `project-service` and `backlog-service`, then sends one assignment; each
//!   is behind its circuit.
//! - **The book** (`sprints.db`) is the truth. A sprint is written there as *starting*, with its
//!   number and tasks, before its assignment is sent, and as *started* or *undone* once the answer
//!   is certain. Only started sprints exist for anybody else.
//! - **The outbox** turns what the book leaves open into messages of the durable queue: a starting
//!   sprint that nobody works on is *settled* (its assignment is sent again, which is harmless,
//!   until the answer is certain), a started one is told to `chronicle-service`.
//!
//! What this is not: shared. One process owns a data folder.

mod api;
mod backlog;
mod book;
mod creation;
mod entry;
mod outbox;
mod projects;
mod service;
mod settings;
mod settler;

pub use service::{SprintService, StartError};
pub use settings::{Addresses, SprintSettings};
