//! A wire between storage and server on which the first transaction is held up: it arrives when
//! the test lets it, also when nobody waits for its answer any more.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

pub(crate) struct Held {
    port: u16,
    release: Sender<()>,
}

impl Held {
    pub(crate) fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let (release, released) = channel();
        thread::spawn(move || {
            let mut released = Some(released);
            // Ends with the test's process.
            for client in listener.incoming() {
                let client = client.expect("a connection");
                let server = TcpStream::connect(("127.0.0.1", server)).expect("a connection");
                let back = (server.try_clone(), client.try_clone());
                let (from, to) = (back.0.expect("a clone"), back.1.expect("a clone"));
                thread::spawn(move || carry(from, to, None));
                let hold = released.take();
                thread::spawn(move || carry(client, server, hold));
            }
        });
        Self { port, release }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The transaction that was held up arrives.
    pub(crate) fn release(&self) {
        self.release.send(()).expect("it is held up");
    }
}

/// Carries bytes until the end; what begins a transaction waits for `hold`, if there is one.
fn carry(mut from: TcpStream, mut to: TcpStream, mut hold: Option<Receiver<()>>) {
    let mut bytes = [0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        let begins = bytes[..count].windows(5).any(|word| word == b"MULTI");
        if begins && let Some(hold) = hold.take() {
            // An error: the test is over.
            let _ = hold.recv();
        }
        if to.write_all(&bytes[..count]).is_err() {
            return;
        }
    }
}
