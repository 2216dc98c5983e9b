//! The listener itself.

use std::time::Duration;

use fusebox::Registry;
use fusebox_server::serve::admin::serve;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

const BOUND: Duration = Duration::from_secs(10);

#[tokio::test]
async fn the_listener_answers_and_ends_when_it_is_told_to() {
    let registry = Registry::new();
    registry.add("rag".into()).expect("a circuit");
    // An address that no other test listens on: a port given back here is not given to them.
    let listener = TcpListener::bind("127.0.0.77:0")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async move {
        let _ = stopped.await;
    };
    let served = tokio::spawn(serve(fusebox_admin::router(&registry), listener, shutdown));

    let mut idle = TcpStream::connect(address).await.expect("a connection");
    let text = ask(
        &mut idle,
        "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "ok\n",
    )
    .await;
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");

    let mut action = TcpStream::connect(address).await.expect("a connection");
    let body = r#"{"state": "open"}"#;
    let head = format!(
        "POST /api/v1/circuit-breakers/rag/force-state HTTP/1.1\r\nHost: localhost\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let text = ask(&mut action, &head, "\"state\":\"open\"").await;
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");

    // Garbage ends its own connection only.
    let mut garbage = TcpStream::connect(address).await.expect("a connection");
    let text = ask(&mut garbage, "\u{1}\u{2} nonsense\r\n\r\n", "400").await;
    assert!(text.starts_with("HTTP/1.1 400 "), "{text}");

    stop.send(()).expect("the server still waits");
    timeout(BOUND, served)
        .await
        .expect("in time")
        .expect("no panic");
    let mut rest = Vec::new();
    let closed = timeout(BOUND, idle.read_to_end(&mut rest))
        .await
        .expect("in time");
    assert_eq!(closed.expect("an orderly end"), 0);
    // A process that another test starts at this instant holds a copy of every socket until it
    // runs its program: so not at once, but within the bound.
    let refused = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(BOUND, refused)
        .await
        .expect("nobody listens any more");
}

/// Sends `head` and reads until `end` has come.
async fn ask(stream: &mut TcpStream, head: &str, end: &str) -> String {
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut text = String::new();
    let mut part = [0; 4096];
    while !text.contains(end) {
        let read = timeout(BOUND, stream.read(&mut part))
            .await
            .expect("in time")
            .expect("read");
        assert_ne!(read, 0, "the connection ended after {text:?}");
        text.push_str(&String::from_utf8_lossy(&part[..read]));
    }
    text
}
