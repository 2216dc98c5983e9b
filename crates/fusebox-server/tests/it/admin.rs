//! The admin interface of the daemon: over the gateway's circuits and over a real socket.

mod gateway_circuits;
mod socket;
