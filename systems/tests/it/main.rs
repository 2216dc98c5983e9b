//! The systems at work, over real sockets.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)] // how a test fails and tells

mod agent_orchestrator;
mod campaigns;
mod essays;
mod fiscal_adapter;
mod folder;
mod http;
mod process;
mod sprints;
mod switches;
mod wait;
