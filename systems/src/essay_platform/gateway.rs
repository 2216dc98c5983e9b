//! `/api/{service}/…`: passes calls on to the services, each behind its circuit.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::response::Parts;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use fusebox::Registry;
use fusebox_tower::axum::protect;
use fusebox_tower::classify_fn;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use tokio::time::timeout;

use super::clients::judge_status;
use super::settings::gateway_circuit;
use crate::kept::Failed;
use crate::problem::Problem;

/// One service behind the gateway.
#[derive(Clone)]
struct Downstream {
    http: Client<HttpConnector, Body>,
    base: String,
    timeout: Duration,
}

/// The routes of the gateway. A call may take so long.
pub(super) fn routes(
    services: impl IntoIterator<Item = (&'static str, String)>,
    timeout: Duration,
    registry: &Registry,
) -> Result<Router, Failed> {
    let http = Client::builder(TokioExecutor::new()).build_http();
    let mut routes = Router::new();
    for (service, base) in services {
        let circuit = registry.find(&gateway_circuit(service))?;
        let judge = classify_fn(|answer: Result<&Parts, &Infallible>| match answer {
            Ok(head) => judge_status(head.status),
            Err(never) => match *never {},
        });
        let http = http.clone();
        let one = any(pass_on).with_state(Downstream {
            http,
            base,
            timeout,
        });
        // A service that answers for an open circuit of its own is not to blame, and not counted.
        let one = one.layer(protect(circuit).classify(judge));
        routes = routes.route(&format!("/api/{service}/{{*path}}"), one);
    }
    Ok(routes)
}

async fn pass_on(State(to): State<Downstream>, mut request: Request) -> Response {
    let whole = request
        .uri()
        .path_and_query()
        .map_or("", |path| path.as_str());
    // Behind `/api/{service}`.
    let path = whole.splitn(4, '/').nth(3).unwrap_or_default();
    let Ok(uri) = format!("{}/{path}", to.base).parse::<Uri>() else {
        return Problem::new(400, "No path", "it cannot be passed on").into_response();
    };
    *request.uri_mut() = uri;
    for name in [
        header::HOST,
        header::CONNECTION,
        header::UPGRADE,
        header::TE,
    ] {
        request.headers_mut().remove(name);
    }
    match timeout(to.timeout, to.http.request(request)).await {
        Ok(Ok(answer)) => answer.map(Body::new).into_response(),
        Ok(Err(_)) => away(StatusCode::BAD_GATEWAY, "it does not answer"),
        Err(_) => away(StatusCode::GATEWAY_TIMEOUT, "it does not answer in time"),
    }
}

fn away(status: StatusCode, detail: &str) -> Response {
    Problem::new(status.as_u16(), "The service is away", detail).into_response()
}
