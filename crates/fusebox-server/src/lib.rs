//! The parts of the binary `fusebox`: settings, live circuits, gateway, admin, demo and command
//! line.
//!
//! This crate is wiring. What a breaker does is decided in the crate `fusebox`; nothing here judges
//! a call.

pub mod circuits;
pub mod cli;
pub mod demo;
pub mod gateway;
pub mod log;
mod paint;
pub mod serve;
pub mod settings;
