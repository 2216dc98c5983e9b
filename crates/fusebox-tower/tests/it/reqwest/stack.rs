//! A whole stack around a reqwest client.

use super::server::Server;
use crate::stand::{Broken, Handle, SECOND, circuit, counts, response};
use bytes::Bytes;
use fusebox_tower::reqwest::{ByKind, Exchange};
use fusebox_tower::stack::{FellBack, FixedResponse, Retry, Stack, StackError};
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use http_body_util::channel::Channel;
use reqwest::{Body, Client, Request};
use std::time::Duration;
use tower::{Layer, ServiceExt};

/// What every test of this file stands on: the defaults, but for short waits.
fn retry() -> Retry {
    Retry::default().backoff(Duration::from_millis(1), Duration::from_millis(1))
}

async fn send(circuit: &Handle, request: Request) -> Result<reqwest::Response, String> {
    let client = Client::builder().no_proxy().build().unwrap();
    let stack = Stack::new(circuit.clone())
        .classify(ByKind)
        .timeout(60 * SECOND)
        .retry(retry());
    let answer = stack.layer(Exchange(client)).oneshot(request).await;
    answer
        .map(|answer| reqwest::Response::from(answer.map(Body::wrap)))
        .map_err(|error| error.to_string())
}

async fn failing() -> Server {
    Server::answering(|_| response(StatusCode::BAD_GATEWAY, Full::<Bytes>::default())).await
}

fn request(method: Method, url: &str) -> Request {
    Request::new(method, url.parse().unwrap())
}

#[tokio::test]
async fn the_method_decides_what_is_sent_again() {
    for (method, attempts) in [
        (Method::GET, 3),
        (Method::PUT, 3),
        (Method::POST, 1),
        (Method::PATCH, 1),
    ] {
        let server = failing().await;
        let (_, circuit) = circuit(|builder| builder.consecutive_failures(9));
        let mut request = request(method.clone(), &server.url("/"));
        *request.body_mut() = Some(Body::from("question"));
        let answer = send(&circuit, request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
        assert_eq!(server.asked(), attempts, "{method}");
    }
}

#[tokio::test]
async fn a_body_that_is_a_stream_is_sent_once() {
    let server = failing().await;
    let (_, circuit) = circuit(|builder| builder);
    let (sender, body) = Channel::<Bytes, Broken>::new(1);
    drop(sender);
    let mut request = request(Method::PUT, &server.url("/"));
    *request.body_mut() = Some(Body::wrap(body));
    send(&circuit, request).await.unwrap();
    assert_eq!(server.asked(), 1);
    assert_eq!(counts(&circuit), (0, 1, 0));
}

#[tokio::test]
async fn the_way_back_is_a_response_of_reqwests_with_url_and_body() {
    let server = Server::answering(|_| Response::new(Full::from("said"))).await;
    let (_, circuit) = circuit(|builder| builder);
    let url = server.url("/explain?q=1");
    let answer = send(&circuit, request(Method::GET, &url)).await.unwrap();
    assert_eq!(answer.url().as_str(), url);
    assert_eq!(answer.content_length(), Some(4));
    assert_eq!(counts(&circuit), (0, 0, 0));
    assert_eq!(answer.text().await.unwrap(), "said");
    assert_eq!(counts(&circuit), (1, 0, 0));
}

#[tokio::test]
async fn a_fallback_answers_for_a_service_that_cannot_be_reached() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/", socket.local_addr().unwrap());
    let (_, circuit) = circuit(|builder| builder);
    let client = Client::builder().no_proxy().build().unwrap();
    let plain = Stack::new(circuit.clone()).classify(ByKind).retry(retry());
    let service = plain.layer(Exchange(client.clone()));
    match service.oneshot(request(Method::GET, &url)).await {
        Err(StackError::Inner(error)) => assert!(error.is_connect()),
        other => panic!("{:?}", other.map(|answer| answer.status())),
    }
    assert_eq!(counts(&circuit), (0, 3, 0));
    let cached = Response::new(Bytes::from("from the cache"));
    let stack = plain.fallback(FixedResponse::new(cached));
    let service = stack.layer(Exchange(client));
    let answer = service.oneshot(request(Method::GET, &url)).await.unwrap();
    assert_eq!(answer.extensions().get(), Some(&FellBack { kind: "fixed" }));
    let answer = reqwest::Response::from(answer.map(Body::wrap));
    assert_eq!(answer.text().await.unwrap(), "from the cache");
}
