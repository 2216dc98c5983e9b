//! A caller without any protection.

use axum::body::Bytes;
use axum::http::HeaderMap;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// An answer; a body that is no JSON is a text.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// What keeps a call from having an answer.
pub(crate) type Broken = Box<dyn std::error::Error + Send + Sync>;

/// Status and body of a call without a body.
pub(crate) async fn ask(method: &str, url: &str) -> Result<(u16, Value), Broken> {
    send(method, url, "").await
}

/// Status and body of a call with a JSON body.
pub(crate) async fn send(method: &str, url: &str, body: &str) -> Result<(u16, Value), Broken> {
    let answer = call(method, url, body).await?;
    Ok((answer.status, answer.body))
}

/// A call with a JSON body, on a connection of its own.
pub(crate) async fn call(method: &str, url: &str, body: &str) -> Result<Answer, Broken> {
    call_with(method, url, &[], body).await
}

/// The same with headers more.
pub(crate) async fn call_with(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Answer, Broken> {
    let client: Client<HttpConnector, Full<Bytes>> =
        Client::builder(TokioExecutor::new()).build_http();
    let mut request = Request::builder()
        .method(method)
        .uri(url)
        .header("Content-Type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::from(body.to_owned()))?;
    let (head, body) = client.request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
    Ok(Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body: serde_json::from_slice(&body).unwrap_or_else(|_| text()),
    })
}

impl Answer {
    pub(crate) fn retry_after(&self) -> Option<&str> {
        let value = self.headers.get("retry-after");
        value.map(|value| value.to_str().unwrap())
    }
}
