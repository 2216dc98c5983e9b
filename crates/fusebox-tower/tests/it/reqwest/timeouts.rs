//! Time-outs of reqwest's own, on tokio's clock. It stands still from the moment at which the
//! server was reached, and jumps to the time-out once everything else has been done.

use super::server::{Server, Then};
use super::{client, opened_by};
use crate::stand::{AGES, Handle, circuit, counts};
use fusebox::FailureClass;

fn touchy() -> Handle {
    circuit(|builder| builder.consecutive_failures(1)).1
}

#[tokio::test]
async fn a_head_that_does_not_come_in_time_is_a_failure() {
    let server = Server::saying("", Then::Hold).await;
    let circuit = touchy();
    let request = client(&circuit).get(server.url("/")).timeout(AGES);
    let call = tokio::spawn(request.send());
    server.is_asked().await;
    tokio::time::pause();
    let error = call.await.unwrap().unwrap_err().into_inner().unwrap();
    assert!(error.is_timeout());
    assert_eq!(opened_by(&circuit), Some(FailureClass::Timeout));
}

#[tokio::test]
async fn a_body_that_does_not_end_in_time_is_a_failure() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf";
    let server = Server::saying(half, Then::Hold).await;
    let circuit = touchy();
    let client = client(&circuit).settle_after(2 * AGES);
    let request = client.get(server.url("/")).timeout(AGES);
    let answer = request.send().await.unwrap();
    tokio::time::pause();
    let error = answer.bytes().await.unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(opened_by(&circuit), Some(FailureClass::Timeout));
}

#[tokio::test]
async fn a_time_out_around_the_call_is_a_caller_who_leaves() {
    let server = Server::saying("", Then::Hold).await;
    let circuit = touchy();
    let call = client(&circuit).get(server.url("/")).send();
    let call = tokio::spawn(tokio::time::timeout(AGES, call));
    server.is_asked().await;
    tokio::time::pause();
    assert!(call.await.unwrap().is_err());
    assert_eq!(counts(&circuit), (0, 0, 1));
}
