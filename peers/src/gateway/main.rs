//! What stands around a gateway while it is measured, cheap enough not to be what is measured: an
//! upstream and a client. For scripts/bench-gateway and scripts/callgrind.
//!
//! - `gateway upstream N` listens on N ports of loopback and prints the address of each on a line.
//! - `gateway call ADDRESS TIMES` makes so many calls on one kept connection; every answer has to
//!   be 200.

#![allow(clippy::unwrap_used, clippy::panic)] // what cannot be set up has nothing to say

mod client;
mod upstream;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["upstream", listeners] => upstream::serve(listeners.parse().unwrap()),
        ["call", address, times] => client::call(address, times.parse().unwrap()),
        _ => panic!("usage: gateway upstream N | gateway call ADDRESS TIMES"),
    }
}
