//! The HTTP sink against real servers on this machine, and several behind one relay.

mod answers;
mod broken;
mod routes;
mod server;
