//! The gateway: HTTP/1.1 in, through the breaker of a circuit, HTTP/1.1 or HTTPS out. Streams both
//! ways.
//!
//! It judges nothing: whether a call may pass, and what its outcome was, is decided in the layer of
//! `fusebox-tower` around each upstream. Here are the listener and its limits, the headers of a
//! proxy, and the answers given in place of an upstream's.
//!
//! A client that goes away drops the future of its request or the body of its answer, and with it
//! everything the request holds: permit, connection, counters. There is no other clean-up.

mod answer;
mod begun;
mod body;
mod client_stream;
mod fallback;
mod forward;
mod headers;
mod keep;
mod key;
mod limits;
mod listener;
mod messages;
mod next;
mod problem;
mod target;
mod tunnel;
mod whole;

pub(crate) use client_stream::ClientStream;
pub use limits::Limits;
pub use listener::Gateway;
