//! A server that is away, hangs or comes back: how long the storage waits, and that it goes on.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use fusebox_store::{EventQuery, Redis, Storage, StoreError};

use crate::records::batch;
use crate::server::{Server, now};

/// 0.5 s for each of the connection, the greeting and one answer, and a machine that is busy.
const WAIT_MAX: Duration = Duration::from_secs(4);

fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let begun = now();
    let result = act();
    (result, begun.elapsed())
}

#[test]
fn a_hung_server_blocks_no_longer_than_the_bound_and_is_used_again() {
    let server = Server::start();
    let mut connected = server.storage();
    connected.write(&batch(1)).expect("written");
    let mut fresh = server.storage();
    server.stop();
    for storage in [&mut connected, &mut fresh] {
        let (result, took) = timed(|| storage.write(&batch(2)));
        assert!(matches!(result, Err(StoreError::Slow { .. })), "{result:?}");
        assert!(took < WAIT_MAX, "{took:?}");
        let (result, took) = timed(|| storage.events(&EventQuery::default()));
        assert!(matches!(result, Err(StoreError::Slow { .. })), "{result:?}");
        assert!(took < WAIT_MAX, "{took:?}");
    }
    server.go_on();
    connected.write(&batch(2)).expect("written");
    fresh.load().expect("loaded");
}

#[test]
fn a_server_that_takes_the_greeting_and_never_answers_it_is_bounded_too() {
    let server = Server::with(&["--requirepass", "s3cret"]);
    server.stop();
    let url = format!("redis://:s3cret@127.0.0.1:{}/2", server.port());
    let mut storage = Redis::open(&url).expect("a URL");
    let (result, took) = timed(|| storage.load());
    assert!(result.is_err() && took < WAIT_MAX, "{result:?} {took:?}");
}

#[test]
fn a_killed_server_is_an_error_at_once_and_used_again_when_it_is_back() {
    let mut server = Server::start();
    let mut storage = server.storage();
    storage.write(&batch(1)).expect("written");
    server.kill();
    for _ in 0..3 {
        let (result, took) = timed(|| storage.write(&batch(2)));
        let error = result.expect_err("it is away");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
        assert!(took < WAIT_MAX, "{took:?}");
    }
    server.start_again();
    assert_eq!(storage.write(&batch(2)).expect("written").events, [2]);
}

#[test]
fn a_connection_that_was_closed_while_idle_is_not_told() {
    let mut server = Server::start();
    let mut storage = server.storage();
    storage.write(&batch(1)).expect("written");
    assert!(server.wire().number("CLIENT KILL TYPE normal SKIPME yes") >= 1);
    storage.events(&EventQuery::default()).expect("a page");
    server.kill();
    server.start_again();
    storage.write(&batch(2)).expect("written");
}

#[test]
fn what_does_not_speak_the_protocol_is_an_error() {
    for said in [
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "$99999999999999\r\n",
        "*2147483647\r\n",
        "*-7\r\n",
        "\r\n",
        ":1\r\n:1\r\n:1\r\n:1\r\n",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let other = std::thread::spawn(move || {
            // The storage connects once; what it sends is of no interest.
            let (mut stream, _) = listener.accept().expect("a connection");
            stream.write_all(said.as_bytes()).expect("sent");
            let mut sent = Vec::new();
            let _ = stream.read_to_end(&mut sent);
        });
        let url = format!("redis://127.0.0.1:{port}");
        let mut storage = Redis::open(&url).expect("a URL");
        let (result, took) = timed(|| storage.load());
        assert!(result.is_err(), "{said:?}");
        assert!(took < WAIT_MAX, "{said:?} {took:?}");
        drop(storage);
        other.join().expect("the other program");
    }
}
