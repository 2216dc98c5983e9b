//! Request bodies: JSON, small, soon there, and with no key that we do not know.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use serde::de::DeserializeOwned;

use crate::access::holds_token;
use crate::audit::Ear;
use crate::problem::Problem;

/// Far more than any action needs.
const BYTES_MAX: usize = 64 * 1024;
/// A client that sends a head and then stalls does not keep its place longer.
const ARRIVES_WITHIN: Duration = Duration::from_secs(10);

/// The body as `T`; a body of nothing is an error.
pub(crate) async fn json<T: DeserializeOwned>(request: Request) -> Result<T, Problem> {
    let bytes = json_bytes(request).await?;
    parse(&bytes)
}

/// The body as `T`, or `None` where there is no body at all.
pub(crate) async fn json_or_nothing<T: DeserializeOwned>(
    request: Request,
) -> Result<Option<T>, Problem> {
    let bytes = json_bytes(request).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    parse(&bytes).map(Some)
}

/// The body's bytes. JSON is expected whatever the media type says: `curl -d` says something else,
/// and against pages of strangers stand the checks of `Host` and `Origin`.
///
/// # Errors
/// Besides what can go wrong on the way: 422 where a token stands in it. It was pasted there by
/// mistake, and what is in a body is kept and shown.
pub(crate) async fn json_bytes(request: Request) -> Result<Bytes, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = read(body).await?;
    if let Some(ear) = parts.extensions.get::<Ear>() {
        ear.hear(&bytes);
    }
    if holds_token(&String::from_utf8_lossy(&bytes)) {
        return Err(Problem::invalid(
            "body: a token stands in it; what is sent here is kept and shown",
        ));
    }
    Ok(bytes)
}

/// Reads JSON; the error names the key or the position.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| Problem::invalid(format!("body: {error}")))
}

async fn read(body: Body) -> Result<Bytes, Problem> {
    match tokio::time::timeout(ARRIVES_WITHIN, to_bytes(body, BYTES_MAX)).await {
        Err(_) => Err(Problem::too_slow(format!(
            "waited {} s",
            ARRIVES_WITHIN.as_secs()
        ))),
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_over_limit(&error) => Err(Problem::too_large(BYTES_MAX)),
        Ok(Err(_)) => Err(Problem::invalid("body: it ended early")),
    }
}

fn is_over_limit(error: &axum::Error) -> bool {
    let source = std::error::Error::source(error);
    matches!(source, Some(source) if source.is::<http_body_util::LengthLimitError>())
}
