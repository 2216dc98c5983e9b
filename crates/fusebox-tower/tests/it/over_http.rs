//! Through hyper, both ways: a client's body through the breaker into a server's answer, as a
//! gateway does.

use crate::stand::{Broken, Handle, circuit, counts, streamed, totals};
use bytes::Bytes;
use fusebox::State;
use fusebox_tower::{Breaker, BreakerLayer};
use http::header::HOST;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{Layer, ServiceExt, service_fn};

type Asked = Request<Empty<Bytes>>;

fn request(method: Method) -> Asked {
    let request = Request::builder()
        .method(method)
        .uri("/")
        .header(HOST, "upstream");
    request.body(Empty::new()).unwrap()
}

/// An HTTP/1.1 client of whatever is at the other end of this pipe.
async fn client(pipe: tokio::io::DuplexStream) -> SendRequest<Empty<Bytes>> {
    let (sender, connection) = handshake(TokioIo::new(pipe)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// Serves one connection with this service behind the breaker, and asks it once.
async fn served<S, T>(circuit: &Handle, service: S, method: Method) -> Bytes
where
    S: tower::Service<Request<Incoming>, Response = Response<T>, Error = Broken>,
    S: Clone + Send + 'static,
    S::Future: Send + 'static,
    T: http_body::Body<Data = Bytes, Error = Broken> + Send + 'static,
{
    let (here, there) = tokio::io::duplex(1024);
    let service: Breaker<S, Handle> = BreakerLayer::new(circuit.clone()).layer(service);
    let service = TowerToHyperService::new(service);
    let server = tokio::spawn(
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(there), service),
    );
    let mut client = client(here).await;
    let answer = client.send_request(request(method)).await.unwrap();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    drop(client);
    server.await.unwrap().unwrap();
    bytes
}

fn whole(text: &'static str) -> impl http_body::Body<Data = Bytes, Error = Broken> + Send {
    Full::from(text).map_err(|never| match never {})
}

#[tokio::test]
async fn a_body_of_known_length_that_hyper_sends_is_a_success() {
    let (_, circuit) = circuit(|builder| builder);
    let service = service_fn(|_| async { Ok::<_, Broken>(Response::new(whole("known"))) });
    assert_eq!(served(&circuit, service, Method::GET).await, "known");
    assert_eq!(counts(&circuit), (1, 0, 0));
    assert_eq!(totals(&circuit).abandoned, 0);
}

#[tokio::test]
async fn a_chunked_body_that_hyper_sends_is_a_success() {
    let (_, circuit) = circuit(|builder| builder);
    let service = service_fn(|_| async {
        let (mut sender, response) = streamed();
        tokio::spawn(async move {
            sender.send_data("in ".into()).await.unwrap();
            sender.send_data("pieces".into()).await.unwrap();
        });
        Ok::<_, Broken>(response)
    });
    assert_eq!(served(&circuit, service, Method::GET).await, "in pieces");
    assert_eq!(counts(&circuit), (1, 0, 0));
    assert_eq!(totals(&circuit).abandoned, 0);
}

/// Asks, through the breaker, an upstream that says exactly this and hangs up.
async fn upstream_says(circuit: &Handle, method: Method, said: &'static str) -> Option<Bytes> {
    let (here, mut there) = tokio::io::duplex(1024);
    tokio::spawn(async move {
        let mut asked = [0; 1024];
        let mut read = 0;
        while !asked[..read].ends_with(b"\r\n\r\n") {
            read += there.read(&mut asked[read..]).await.unwrap();
        }
        there.write_all(said.as_bytes()).await.unwrap();
    });
    let mut client = client(here).await;
    let service = service_fn(move |request: Asked| client.send_request(request));
    let service = BreakerLayer::new(circuit.clone()).layer(service);
    let answer = service.oneshot(request(method)).await.ok()?;
    answer
        .into_body()
        .collect()
        .await
        .ok()
        .map(http_body_util::Collected::to_bytes)
}

#[tokio::test]
async fn a_whole_answer_of_an_upstream_is_a_success() {
    let (_, circuit) = circuit(|builder| builder);
    let known = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody";
    assert_eq!(
        upstream_says(&circuit, Method::GET, known).await.unwrap(),
        "body"
    );
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n";
    assert_eq!(
        upstream_says(&circuit, Method::GET, chunked).await.unwrap(),
        "body"
    );
    assert_eq!(counts(&circuit), (2, 0, 0));
}

#[tokio::test]
async fn an_answer_to_head_is_a_success_although_it_names_a_length() {
    let (_, circuit) = circuit(|builder| builder);
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n";
    assert_eq!(
        upstream_says(&circuit, Method::HEAD, head).await.unwrap(),
        ""
    );
    assert_eq!(counts(&circuit), (1, 0, 0));
    assert_eq!(totals(&circuit).abandoned, 0);
}

#[tokio::test]
async fn an_upstream_that_hangs_up_in_mid_body_has_failed() {
    let (_, circuit) = circuit(|builder| builder);
    for said in [
        "HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\nbody",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n",
    ] {
        assert_eq!(upstream_says(&circuit, Method::GET, said).await, None);
    }
    assert_eq!(counts(&circuit), (0, 3, 0));
    assert_eq!(circuit.state(), State::Open);
}

#[tokio::test]
async fn an_upstream_that_answers_garbage_has_failed() {
    let (_, circuit) = circuit(|builder| builder);
    assert_eq!(
        upstream_says(&circuit, Method::GET, "good day to you\r\n\r\n").await,
        None
    );
    assert_eq!(counts(&circuit), (0, 1, 0));
}
