//! The sprint service (A of the systems): starts a sprint of a project and assigns the project's
//! open tasks to it, or does nothing at all.
//!
//! - A **creation** asks `project-service` and `backlog-service`, then sends one assignment; each
//!   is behind its circuit.
//! - **The book** (`sprints.db`) is the truth. A sprint is written there as *starting*, with its
//!   number and tasks, before its assignment is sent, and as *started* or *undone* once the answer
//!   is certain. Only started sprints exist for anybody else.
//! - **The ending** finishes what the book leaves open: a starting sprint that nobody works on is
//!   *settled* (its assignment is sent again, which is harmless, until the answer is certain), and
//!   a started one is told to `chronicle-service`, by way of the durable queue.
//!
//! What this is not: shared. One process owns a data folder.

mod api;
mod callees;
mod creation;
mod ending;
mod entry;
mod service;
mod settings;

pub use service::SprintService;
pub use settings::{Addresses, SprintSettings};
