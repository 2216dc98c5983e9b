//! Bodies that do not end well.

use super::server::{Server, Then};
use super::{client, opened_by};
use crate::stand::{SECOND, circuit, counts, half_open, totals};
use fusebox::{FailureClass, State};

#[tokio::test]
async fn a_body_that_breaks_off_is_a_failure_of_the_service_and_an_error_of_reqwest() {
    for said in [
        "HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\nbody",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n",
    ] {
        let server = Server::saying(said, Then::HangUp).await;
        let (_, circuit) = circuit(|builder| builder.consecutive_failures(1));
        let answer = client(&circuit).get(server.url("/")).send().await.unwrap();
        assert_eq!(counts(&circuit), (0, 0, 0));
        let error = answer.bytes().await.unwrap_err();
        assert!(!error.is_timeout());
        assert_eq!(opened_by(&circuit), Some(FailureClass::Reset), "{said:?}");
    }
}

const HALF: &str = "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf";

#[tokio::test]
async fn a_body_that_is_given_up_half_way_is_ignored() {
    let server = Server::saying(HALF, Then::Hold).await;
    let (_, circuit) = circuit(|builder| builder);
    let mut answer = client(&circuit).get(server.url("/")).send().await.unwrap();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "half");
    drop(answer);
    assert_eq!(counts(&circuit), (0, 0, 1));
    assert_eq!(totals(&circuit).abandoned, 1);
}

#[tokio::test]
async fn callers_who_look_at_the_status_only_report_their_successes() {
    let said = "HTTP/1.1 201 Created\r\ncontent-length: 8\r\n\r\n{\"id\":1}";
    let server = Server::saying(said, Then::HangUp).await;
    let (clock, circuit) = half_open(|builder| builder.abandoned_after(Some(SECOND)));
    let client = client(&circuit);
    let answer = client.post(server.url("/")).send().await.unwrap();
    clock.advance(2 * SECOND);
    drop(answer.error_for_status().unwrap());
    assert_eq!(circuit.state(), State::Closed);
    for said in ["404 Not Found", "503 Busy"] {
        let said: &'static str = format!("HTTP/1.1 {said}\r\ncontent-length: 2\r\n\r\nno").leak();
        let server = Server::saying(said, Then::HangUp).await;
        let answer = client.get(server.url("/")).send().await.unwrap();
        answer.error_for_status().unwrap_err();
    }
    assert_eq!(counts(&circuit), (2, 1, 0));
}

#[tokio::test]
async fn a_body_given_up_after_abandoned_after_is_a_failure() {
    let server = Server::saying(HALF, Then::Hold).await;
    let (clock, circuit) = circuit(|builder| builder.abandoned_after(Some(SECOND)));
    let mut answer = client(&circuit).get(server.url("/")).send().await.unwrap();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "half");
    clock.advance(2 * SECOND);
    drop(answer);
    assert_eq!(counts(&circuit), (0, 1, 0));
}

#[tokio::test]
async fn a_body_that_still_flows_after_settle_after_is_a_success() {
    let server = Server::saying(HALF, Then::Hold).await;
    let (clock, circuit) = circuit(|builder| builder);
    let client = client(&circuit).settle_after(2 * SECOND);
    let mut answer = client.get(server.url("/")).send().await.unwrap();
    clock.advance(2 * SECOND);
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "half");
    assert_eq!(counts(&circuit), (1, 0, 0));
}
