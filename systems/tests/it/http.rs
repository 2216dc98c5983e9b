//! A caller without any protection.

use axum::body::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// What a call ends with: status and body; a body that is no JSON is a text.
pub(crate) type Answer = Result<(u16, Value), Box<dyn std::error::Error + Send + Sync>>;

/// A call without a body, on a connection of its own.
pub(crate) async fn ask(method: &str, url: &str) -> Answer {
    send(method, url, "").await
}

/// A call with a JSON body, on a connection of its own.
pub(crate) async fn send(method: &str, url: &str, body: &str) -> Answer {
    let client: Client<HttpConnector, Full<Bytes>> =
        Client::builder(TokioExecutor::new()).build_http();
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header("Content-Type", "application/json")
        .body(Full::from(body.to_owned()))?;
    let response = client.request(request).await?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await?.to_bytes();
    let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
    Ok((
        status,
        serde_json::from_slice(&body).unwrap_or_else(|_| text()),
    ))
}
