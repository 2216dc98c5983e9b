//! The gateway over real sockets.

mod answers;
mod bodies;
mod branches;
mod buffered;
mod clients;
mod connections;
mod fallbacks;
mod hygiene;
mod judged;
mod leaks;
mod limits;
mod main_breaker;
mod next;
mod reload;
mod slow;
mod tls;
mod upgrades;
