//! Calls without an answer.

use super::server::{Server, Then};
use super::{client, opened_by};
use crate::stand::{Broken, Handle, circuit, counts};
use fusebox::{FailureClass, State};
use fusebox_tower::BreakerError;
use http_body_util::channel::Channel;
use reqwest::{Body, Client, redirect::Policy};
use tokio::net::TcpSocket;

/// A circuit that opens at the first failure, which then stands in its evidence.
fn touchy() -> Handle {
    circuit(|builder| builder.consecutive_failures(1)).1
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_a_failure_to_connect() {
    // Bound and never listening, so that nobody else can get the port meanwhile.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/", socket.local_addr().unwrap());
    let circuit = touchy();
    let error = client(&circuit).get(&url).send().await.unwrap_err();
    assert!(error.into_inner().unwrap().is_connect());
    assert_eq!(opened_by(&circuit), Some(FailureClass::Connect));
}

#[tokio::test]
async fn a_server_that_hangs_up_or_answers_garbage_has_failed() {
    for said in ["", "HTTP/1.1 200", "good day to you\r\n\r\n"] {
        let server = Server::saying(said, Then::HangUp).await;
        let circuit = touchy();
        let answer = client(&circuit).get(server.url("/")).send().await;
        assert!(matches!(answer, Err(BreakerError::Inner(_))), "{said:?}");
        assert_eq!(opened_by(&circuit), Some(FailureClass::Reset), "{said:?}");
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_built_does_not_reach_the_breaker() {
    let circuit = touchy();
    let client = client(&circuit);
    for request in [
        client.get("no url"),
        client.get("http://localhost/").header("x", "line\nfeed"),
    ] {
        let error = request.send().await.unwrap_err().into_inner().unwrap();
        assert!(error.is_builder());
    }
    assert_eq!(counts(&circuit), (0, 0, 0));
}

#[tokio::test]
async fn a_request_that_cannot_be_sent_says_nothing_about_the_service() {
    let circuit = touchy();
    let error = client(&circuit).get("ftp://localhost/").send().await;
    assert!(error.unwrap_err().into_inner().unwrap().is_builder());
    assert_eq!(counts(&circuit), (0, 0, 1));
}

#[tokio::test]
async fn a_request_body_that_fails_on_its_way_is_not_the_services_fault() {
    let server = Server::saying("", Then::Hold).await;
    let circuit = touchy();
    let (mut sender, body) = Channel::<bytes::Bytes, Broken>::new(4);
    sender.send_data("half".into()).await.unwrap();
    sender.abort(Broken);
    let request = client(&circuit).post(server.url("/"));
    let answer = request.body(Body::wrap(body)).send().await;
    assert!(matches!(answer, Err(BreakerError::Inner(_))));
    assert_eq!(counts(&circuit), (0, 0, 1));
    assert_eq!(circuit.state(), State::Closed);
}

#[tokio::test]
async fn a_redirect_that_the_client_does_not_follow_is_no_failure() {
    let away =
        "HTTP/1.1 302 Found\r\nlocation: /\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let server = Server::saying(away, Then::HangUp).await;
    let circuit = touchy();
    let client = Client::builder().no_proxy().redirect(Policy::limited(2));
    let client = fusebox_tower::reqwest::ProtectedClient::new(client.build().unwrap(), circuit);
    let error = client.get(server.url("/")).send().await.unwrap_err();
    assert!(error.into_inner().unwrap().is_redirect());
    assert_eq!(server.asked(), 3);
    assert_eq!(counts(client.circuit()), (0, 0, 1));
}

#[tokio::test]
async fn a_caller_who_leaves_before_the_head_is_ignored() {
    let server = Server::saying("", Then::Hold).await;
    let circuit = touchy();
    let call = client(&circuit).get(server.url("/")).send();
    tokio::select! {
        answer = call => panic!("{answer:?}"),
        () = server.is_asked() => {}
    }
    assert_eq!(counts(&circuit), (0, 0, 1));
}
