//! The Redis storage against a real server, which each test starts for itself.
//!
//! `cargo test -p fusebox-store --features redis-tls --test redis`, or `scripts/test --full`. It
//! needs the program `redis-server`; without it every test fails and says so. Not part of a plain
//! `cargo test`, which needs no service.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // what a test may do

#[macro_use]
#[path = "../it/contract/mod.rs"]
mod contract;
#[path = "../it/drafts.rs"]
mod drafts;
#[allow(dead_code, unused_imports)] // the places of other storages
#[path = "../it/place.rs"]
mod place;

mod held;
mod hostile;
mod records;
mod refused;
mod server;
mod shape;
#[cfg(feature = "redis-tls")]
mod tls;
mod trouble;
mod twice;
mod under_load;
mod wire;

impl place::Place for server::Server {
    fn open(&mut self) -> Box<dyn fusebox_store::Storage> {
        Box::new(self.storage())
    }
}

contract!(redis, crate::server::Server::start());
