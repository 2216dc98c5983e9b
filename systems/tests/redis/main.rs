//! The agent orchestrator on a real Redis server, which each test starts for itself.
//!
//! `cargo test -p systems --test redis`, or `scripts/test --full`. It needs the program
//! `redis-server`; without it every test fails and says so. Not part of a plain `cargo test`, which
//! needs no service.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // what a test may do

#[path = "../it/folder.rs"]
mod folder;
#[path = "../it/http.rs"]
#[allow(dead_code)] // what other tests ask for
mod http;
#[path = "../it/agent_orchestrator/rig.rs"]
#[allow(dead_code)]
mod rig;
#[path = "../../../crates/fusebox-store/tests/redis/server.rs"]
#[allow(dead_code)]
mod server;
#[path = "../it/wait.rs"]
#[allow(dead_code)]
mod wait;
#[path = "../../../crates/fusebox-store/tests/redis/wire.rs"]
#[allow(dead_code)]
mod wire;

mod kept;
mod outages;
