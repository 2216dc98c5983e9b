//! The HTTP sink against real servers on this machine.

mod answers;
mod broken;
mod server;
