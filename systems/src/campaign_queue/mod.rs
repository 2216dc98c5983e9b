//! Lead generation (C of the systems): campaigns whose jobs call paid APIs of third parties. The
//! first failure of any of them stops everything until a person has looked.
//!
//! - A **campaign** is a list of leads and of services. It is one message of the durable queue, its
//!   *plan*; delivering that puts its jobs into the queue. So it is there whole or not at all.
//! - A **job** is one call of one service for one lead, a message in order per lead, in the
//!   campaign's group.
//! - The **global breaker** is the queue's own: the pause of everything in its file. Opening it
//!   pauses each campaign too, in one transaction; closing it ends the first, only resuming ends
//!   all. The registry's main breaker follows.
//! - **Workers** are the queue's relay: so many jobs at a time, each through the circuit of its
//!   service, which counts and never opens by itself.
//!
//! What this is not: shared. One process owns a data folder, with all workers in it.

mod api;
mod campaign;
mod desk;
mod service;
mod settings;
mod worker;

pub use service::CampaignQueue;
pub use settings::{Apis, CampaignSettings};
