use std::time::Duration;

use fusebox::FailureClass;
use fusebox_queue::sink::{Reply, Sink};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::server::{message, sink};

/// A server that does this with every connection, once the request's head has come.
async fn raw<F>(with: impl Fn(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 4096];
            let read = stream.read(&mut head).await.unwrap();
            assert!(read > 0, "nothing came");
            tokio::spawn(with(stream));
        }
    });
    address
}

#[track_caller]
fn failed(reply: Reply) -> (FailureClass, String, bool) {
    match reply {
        Reply::Failed {
            class,
            error,
            uncertain,
            ..
        } => {
            assert!(!error.contains("secret"), "{error}");
            (class, error, uncertain)
        }
        other => panic!("{other:?}"),
    }
}

fn secret() -> fusebox_queue::Leased {
    message(
        &[(":path", "/secret"), ("authorization", "secret")],
        "secret",
    )
}

#[tokio::test]
async fn a_refused_connection_is_a_failure_that_surely_did_not_arrive() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let sink = sink(&address).build_http().unwrap();
    let (class, error, uncertain) = failed(sink.deliver(&secret()).await);
    assert_eq!(
        (class, uncertain),
        (FailureClass::Connect, false),
        "{error}"
    );
    assert!(error.contains("refused"), "{error}");
}

#[tokio::test]
async fn a_server_that_hangs_is_a_timeout_that_may_have_arrived() {
    let address = raw(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let sink = sink(&address).timeout(Duration::from_millis(200));
    let sink = sink.build_http().unwrap();
    let (class, error, uncertain) = failed(sink.deliver(&secret()).await);
    assert_eq!((class, uncertain), (FailureClass::Timeout, true), "{error}");
}

#[tokio::test]
async fn an_answer_that_does_not_end_is_a_timeout_too() {
    let address = raw(|mut stream| async move {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf";
        stream.write_all(head).await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let sink = sink(&address).timeout(Duration::from_millis(200));
    let sink = sink.build_http().unwrap();
    let (class, _, uncertain) = failed(sink.deliver(&secret()).await);
    assert_eq!((class, uncertain), (FailureClass::Timeout, true));
}

#[tokio::test]
async fn a_connection_that_breaks_is_a_reset_that_may_have_arrived() {
    for said in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
        "nonsense\r\n\r\n",
    ] {
        let address = raw(move |mut stream| async move {
            stream.write_all(said.as_bytes()).await.unwrap();
        })
        .await;
        let sink = sink(&address).build_http().unwrap();
        let (class, error, uncertain) = failed(sink.deliver(&secret()).await);
        assert_eq!(
            (class, uncertain),
            (FailureClass::Reset, true),
            "{said:?}: {error}"
        );
    }
}

#[tokio::test]
async fn of_a_body_without_end_as_much_is_read_as_is_kept() {
    let address = raw(|mut stream| async move {
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head).await.unwrap();
        let mut chunk = b"1000\r\n".to_vec();
        chunk.extend([b'x'; 0x1000]);
        chunk.extend(b"\r\n");
        // Until the sink hangs up.
        while stream.write_all(&chunk).await.is_ok() {}
    })
    .await;
    let sink = sink(&address).response_bytes_max(10_000);
    let sink = sink.build_http().unwrap();
    let Reply::Delivered(Some(response)) = sink.deliver(&secret()).await else {
        panic!("not delivered");
    };
    assert_eq!(response.body.len(), 10_000);
}
