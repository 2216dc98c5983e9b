//! Steady clients: real HTTP requests through the gateway, whatever the answers are.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, Method, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::tally::{Answer, Tally};

/// Marks the demo's own calls, so that upstreams can tell them from those of whoever plays along;
/// its value is the number of the round in which they count.
pub(crate) const CLIENT_HEADER: &str = "x-fusebox-demo-client";

/// The round in which everything begins.
pub(crate) const FIRST_ROUND: u64 = 1;

/// The key that a call is for: a till, a shard.
pub(crate) const KEY_HEADER: &str = "x-shard";

/// Calls a second for each circuit: enough to see a breaker judge, few enough to follow with the
/// eye.
const CALLS_PER_SECOND: u32 = 25;

/// Longer than every time-out in demo.toml, so that it is the gateway that answers.
const PATIENCE: Duration = Duration::from_secs(5);

/// Calls of one circuit on their way at once: its rate times the longest wait, and some more. With
/// so many open, beats are left out.
const IN_FLIGHT_MAX: usize = 150;

/// Where a client calls, and how.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) uri: Uri,
    pub(crate) method: Method,
}

pub(crate) type HttpClient = Client<HttpConnector, Full<Bytes>>;

/// A client that keeps its connections.
pub(crate) fn client() -> HttpClient {
    Client::builder(TokioExecutor::new()).build_http()
}

/// Calls until `stop` turns true, then waits for the answers still on their way.
pub(crate) async fn steady(target: Target, tally: Arc<Tally>, mut stop: watch::Receiver<bool>) {
    let client = client();
    let mut beat = interval(Duration::from_secs(1) / CALLS_PER_SECOND);
    beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut calls = JoinSet::new();
    loop {
        tokio::select! {
            // True, or nobody is left to say so: both end it.
            _ = stop.wait_for(|stop| *stop) => break,
            _ = beat.tick() => {}
        }
        while calls.try_join_next().is_some() {}
        if calls.len() < IN_FLIGHT_MAX {
            calls.spawn(one_call(client.clone(), target.clone(), Arc::clone(&tally)));
        }
    }
    while calls.join_next().await.is_some() {}
}

async fn one_call(client: HttpClient, target: Target, tally: Arc<Tally>) {
    let sent = tally.send();
    let answer = timeout(PATIENCE, ask(&client, target))
        .await
        .unwrap_or(Answer::None);
    tally.answered(sent, answer);
}

async fn ask(client: &HttpClient, target: Target) -> Answer {
    let body = if target.method == Method::POST {
        "{\"amount\":1}"
    } else {
        ""
    };
    let request = Request::builder()
        .method(target.method)
        .uri(target.uri)
        .header(CLIENT_HEADER, FIRST_ROUND)
        .body(Full::new(Bytes::from_static(body.as_bytes())));
    let Ok(request) = request else {
        return Answer::None;
    };
    match whole_answer(client, request).await {
        Some(head) => judge(head.status.is_success(), &head.headers),
        None => Answer::None,
    }
}

/// The head of the answer, once the body has come, too; none if either does not come.
pub(crate) async fn whole_answer(
    client: &HttpClient,
    request: Request<Full<Bytes>>,
) -> Option<Parts> {
    let (head, body) = client.request(request).await.ok()?.into_parts();
    body.collect().await.ok()?;
    Some(head)
}

/// Why the gateway answered in the service's place, in its word; none if it did not.
pub(crate) fn reason(headers: &HeaderMap) -> Option<&str> {
    headers.get("fusebox-reason")?.to_str().ok()
}

/// Whether the gateway answered with the fallback of the circuit.
pub(crate) fn is_fallback(headers: &HeaderMap) -> bool {
    headers.contains_key("fusebox-fallback")
}

/// Whether the reason is a breaker's.
pub(crate) fn is_rejection(reason: &str) -> bool {
    let mut known = fusebox::Reason::ALL.iter();
    known.any(|known| known.as_str() == reason)
}

/// The gateway says in headers what it did; a service's own answer has none of them.
fn judge(success: bool, headers: &HeaderMap) -> Answer {
    let rejected = reason(headers).is_some_and(is_rejection);
    match (is_fallback(headers), rejected) {
        (true, true) => Answer::RejectedFallback,
        (true, false) => Answer::FailedFallback,
        (false, true) => Answer::Rejected,
        (false, false) if success => Answer::Served,
        (false, false) => Answer::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn answers_are_told_apart_by_the_gateways_headers() {
        assert_eq!(judge(true, &headers(&[])), Answer::Served);
        assert_eq!(judge(false, &headers(&[])), Answer::Failed);
        assert_eq!(
            judge(false, &headers(&[("fusebox-reason", "open")])),
            Answer::Rejected
        );
        assert_eq!(
            judge(false, &headers(&[("fusebox-reason", "connect")])),
            Answer::Failed
        );
        let fallback = ("fusebox-fallback", "true");
        let open = headers(&[("fusebox-reason", "half_open"), fallback]);
        assert_eq!(judge(true, &open), Answer::RejectedFallback);
        let failed = headers(&[("fusebox-reason", "5xx"), fallback]);
        assert_eq!(judge(true, &failed), Answer::FailedFallback);
    }
}
