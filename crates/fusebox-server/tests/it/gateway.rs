//! The gateway over real sockets.

mod answers;
mod bodies;
mod branches;
mod clients;
mod connections;
mod fallbacks;
mod hygiene;
mod judged;
mod leaks;
mod limits;
mod reload;
mod tls;
mod upgrades;
