//! The scrape.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use fusebox_telemetry::{Format, render};

use super::Desk;

/// Prometheus text in the format that `Accept` asks for.
pub(super) async fn metrics(State(desk): State<Desk>, headers: HeaderMap) -> impl IntoResponse {
    // Several header lines mean the same as one line with commas.
    let accepts = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let format = Format::from_accept(&accepts.collect::<Vec<_>>().join(","));
    let text = render(&*desk.registry, format);
    ([(header::CONTENT_TYPE, format.content_type())], text)
}
