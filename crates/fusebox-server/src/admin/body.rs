//! Request bodies: JSON, small, soon there, and with no key that we do not know.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// Far more than any action needs.
const BYTES_MAX: usize = 64 * 1024;
/// A client that sends a head and then stalls does not keep its place longer.
const ARRIVES_WITHIN: Duration = Duration::from_secs(10);

/// The body as `T`; a body of nothing is an error.
pub(super) async fn json<T: DeserializeOwned>(request: Request) -> Result<T, Problem> {
    let bytes = json_bytes(request).await?;
    parse(&bytes)
}

/// The body as `T`, or `None` where there is no body at all.
pub(super) async fn json_or_nothing<T: DeserializeOwned>(
    request: Request,
) -> Result<Option<T>, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = read(body).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    check_media_type(&parts.headers)?;
    parse(&bytes).map(Some)
}

/// The body's bytes, checked to be declared as JSON.
pub(super) async fn json_bytes(request: Request) -> Result<Bytes, Problem> {
    let (parts, body) = request.into_parts();
    check_media_type(&parts.headers)?;
    read(body).await
}

/// Reads JSON; the error names the key or the position.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
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

fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = media_type
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim();
    let essence = essence.to_ascii_lowercase();
    let subtype = essence.strip_prefix("application/").unwrap_or_default();
    if subtype == "json" || subtype.ends_with("+json") {
        return Ok(());
    }
    Err(Problem::invalid("Content-Type: must be application/json"))
}
