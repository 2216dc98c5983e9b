//! The scrape.

use std::time::SystemTime;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use fusebox_telemetry::accepted_as;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::desk::Desk;

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(metrics))
}

/// Prometheus text in the format that `Accept` asks for.
#[utoipa::path(get, path = "/metrics", tag = "metrics",
    responses((status = 200, description = "OpenMetrics or the classic text", content(
        (String = "text/plain"),
        (String = "application/openmetrics-text"),
    ))))]
pub(crate) async fn metrics(State(desk): State<Desk>, headers: HeaderMap) -> impl IntoResponse {
    // Several header lines mean the same as one line with commas.
    let accepts = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let exporter = accepted_as(&accepts.collect::<Vec<_>>().join(","), desk.metric_names);
    let text = exporter.export_with(&*desk.source, &*desk.facts, SystemTime::now());
    ([(header::CONTENT_TYPE, exporter.content_type())], text)
}
