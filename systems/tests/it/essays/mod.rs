//! The essay platform.

mod chaos;
mod events;
mod failover;
mod gateway;
mod kafka;
mod paths;
mod rig;
mod settings;
