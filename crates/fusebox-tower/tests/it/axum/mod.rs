//! Breakers in axum services.

mod health;
mod protect;
mod rejected;
#[cfg(feature = "stack")]
mod stack_error;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use serde_json::Value;

/// A GET of this path.
fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

/// The JSON in a body.
async fn json(response: Response<Body>) -> Value {
    let bytes = to_bytes(response.into_body(), 64 * 1024).await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// A header as text.
fn header<'a, T>(response: &'a Response<T>, name: &str) -> Option<&'a str> {
    response
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap())
}
