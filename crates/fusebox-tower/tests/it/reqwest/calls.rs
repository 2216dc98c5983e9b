//! Calls that are answered.

use super::client;
use super::server::Server;
use crate::stand::{SECOND, circuit, counts, half_open, response, totals};
use bytes::Bytes;
use fusebox::{BranchSettings, FailureClass, Outcome, Reason, State};
use fusebox_tower::reqwest::{ByKind, ProtectedClient};
use fusebox_tower::{BreakerError, ByKey, Classify};
use http::response::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use std::time::Duration;
use tower::{Service, ServiceExt};

async fn with_status(status: StatusCode) -> Server {
    Server::answering(move |_| response(status, Full::from("said"))).await
}

#[tokio::test]
async fn a_good_answer_is_reqwests_own_and_a_success_at_the_end_of_its_body() {
    let server = with_status(StatusCode::OK).await;
    let (_, circuit) = circuit(|builder| builder);
    let url = server.url("/explain?q=1");
    let answer = client(&circuit).get(&url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.url().as_str(), url);
    assert_eq!(answer.content_length(), Some(4));
    assert_eq!(counts(&circuit), (0, 0, 0));
    assert_eq!(answer.text().await.unwrap(), "said");
    assert_eq!(counts(&circuit), (1, 0, 0));
}

#[tokio::test]
async fn failing_answers_open_the_circuit_and_then_nothing_is_sent() {
    let server = with_status(StatusCode::BAD_GATEWAY).await;
    let (_, circuit) = circuit(|builder| builder);
    let client = client(&circuit);
    for _ in 0..3 {
        let answer = client.get(server.url("/")).send().await.unwrap();
        let error = answer.error_for_status().unwrap_err();
        assert_eq!(error.status(), Some(StatusCode::BAD_GATEWAY));
        assert_eq!(error.url().unwrap().as_str(), server.url("/"));
    }
    assert_eq!(circuit.state(), State::Open);
    match client.get(server.url("/")).send().await {
        Err(BreakerError::Rejected(rejection)) => {
            assert_eq!(rejection.retry_after(), Some(10 * SECOND));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(server.asked(), 3);
    assert_eq!(totals(&circuit).rejected_total(), 1);
}

#[tokio::test]
async fn an_answer_that_blames_the_caller_is_a_success_although_it_is_an_error_for_reqwest() {
    async fn ask(
        url: String,
        circuit: &crate::stand::Handle,
    ) -> Result<String, fusebox_tower::reqwest::Error> {
        let client = client(circuit).settle_after(Duration::ZERO);
        let answer = client.get(url).send().await?;
        Ok(answer.error_for_status()?.text().await?)
    }
    let server = with_status(StatusCode::NOT_FOUND).await;
    let (_, circuit) = circuit(|builder| builder);
    let error = ask(server.url("/"), &circuit).await.unwrap_err();
    let status = error.into_inner().and_then(|error| error.status());
    assert_eq!(status, Some(StatusCode::NOT_FOUND));
    assert_eq!(counts(&circuit), (1, 0, 0));
}

#[tokio::test]
async fn every_method_and_part_of_a_request_arrives() {
    let server = Server::answering(|request| {
        let name = |name: &str| request.headers().get(name).map(|v| v.to_str().unwrap());
        let seen = format!(
            "{} {} {:?} {:?} {:?}",
            request.method(),
            request.uri(),
            name("x-kind"),
            name("authorization"),
            name("content-length"),
        );
        Response::new(Full::from(seen))
    })
    .await;
    let (_, circuit) = circuit(|builder| builder);
    let client = client(&circuit);
    let text = async |request: fusebox_tower::reqwest::ProtectedRequest<_>| {
        request.send().await.unwrap().text().await.unwrap()
    };
    let post = client.post(server.url("/a")).header("x-kind", "question");
    let post = post.bearer_auth("token").body("four");
    let twin = post.try_clone().unwrap();
    let expected = r#"POST /a Some("question") Some("Bearer token") Some("4")"#;
    assert_eq!(text(post).await, expected);
    assert_eq!(text(twin).await, expected);
    for (method, request) in [
        ("GET", client.get(server.url("/"))),
        ("PUT", client.put(server.url("/"))),
        ("PATCH", client.patch(server.url("/"))),
        ("DELETE", client.delete(server.url("/"))),
        ("OPTIONS", client.request(Method::OPTIONS, server.url("/"))),
    ] {
        let request = request.with(|request| request.basic_auth("ada", None::<&str>));
        let seen = text(request).await;
        assert!(seen.starts_with(method), "{seen}");
        assert!(seen.contains(r#"Some("Basic YWRhOg==")"#), "{seen}");
    }
    let head = client.head(server.url("/")).send().await.unwrap();
    assert_eq!(head.text().await.unwrap(), "");
    assert_eq!(counts(&circuit), (8, 0, 0));
}

#[tokio::test]
async fn the_client_is_a_service_of_reqwests_requests_and_executes_them() {
    let server = with_status(StatusCode::OK).await;
    let (_, circuit) = circuit(|builder| builder);
    let mut client = client(&circuit);
    let request = client.get(server.url("/")).build().unwrap();
    let twin = request.try_clone().unwrap();
    let answer = client.ready().await.unwrap().call(request).await.unwrap();
    assert_eq!(answer.bytes().await.unwrap(), "said");
    let answer = client.execute(twin).await.unwrap();
    assert_eq!(answer.bytes().await.unwrap(), "said");
    assert_eq!(counts(&circuit), (2, 0, 0));
}

/// Judges as [`ByKind`], but for a quota.
#[derive(Clone)]
struct QuotaIsFailure;

impl Classify<reqwest::Error> for QuotaIsFailure {
    fn head(&self, head: &Parts) -> Outcome {
        match head.status {
            StatusCode::TOO_MANY_REQUESTS => Outcome::Failure(FailureClass::Status),
            _ => Classify::<reqwest::Error>::head(&ByKind, head),
        }
    }
}

#[tokio::test]
async fn a_quota_that_counts_as_a_failure_keeps_the_circuit_open_as_long_as_it_asks() {
    let server = Server::answering(|_| {
        let mut answer = response(StatusCode::TOO_MANY_REQUESTS, Full::<Bytes>::default());
        answer
            .headers_mut()
            .insert("retry-after", http::HeaderValue::from_static("30"));
        answer
    })
    .await;
    let (_, circuit) = circuit(|builder| builder.consecutive_failures(1));
    let client = client(&circuit);
    client.get(server.url("/")).send().await.unwrap();
    assert_eq!(counts(&circuit), (0, 0, 1));

    let client = client.classify(QuotaIsFailure);
    client.get(server.url("/")).send().await.unwrap();
    assert_eq!(counts(&circuit), (0, 1, 1));
    assert_eq!(circuit.snapshot().retry_after, Some(30 * SECOND));
}

#[tokio::test]
async fn a_keyed_circuit_rejects_only_the_shard_that_fails() {
    let server = Server::answering(|request| {
        let status = match request.uri().path() {
            "/sick" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::OK,
        };
        response(status, Full::<Bytes>::default())
    })
    .await;
    let (_, circuit) = circuit(|builder| builder.branches(BranchSettings::default()));
    let by_path = ByKey::new(circuit.clone(), |request: &reqwest::Request| {
        Some(request.url().path().into())
    });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let client = ProtectedClient::new(client, by_path);
    for _ in 0..3 {
        client.get(server.url("/well")).send().await.unwrap();
        client.get(server.url("/sick")).send().await.unwrap();
    }
    let rejected = client.get(server.url("/sick")).send().await.unwrap_err();
    assert_eq!(rejected.rejection().unwrap().reason(), Reason::Open);
    let well = client.get(server.url("/well")).send().await.unwrap();
    assert_eq!(well.status(), 200);
    assert_eq!(server.asked(), 7);
    assert_eq!(client.circuit().state(), State::Closed);
}

#[tokio::test]
async fn a_trial_whose_body_was_read_closes_the_circuit() {
    let server = with_status(StatusCode::OK).await;
    let (_, circuit) = half_open(|builder| builder);
    let client = client(&circuit);
    let trial = client.get(server.url("/")).send().await.unwrap();
    let other = client.get(server.url("/")).send().await;
    assert!(other.unwrap_err().rejection().is_some());
    trial.bytes().await.unwrap();
    assert_eq!(circuit.state(), State::Closed);
}
