//! `/api/{service}/…`: passes calls on to the services, each behind its circuit.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::response::Parts;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum_reverse_proxy::{ProxyPolicy, ReverseProxy};
use fusebox::Registry;
use fusebox_tower::axum::protect;
use fusebox_tower::classify_fn;
use tokio::time::timeout;

use super::clients::judge_status;
use super::settings::gateway_circuit;
use crate::kept::Failed;
use crate::problem::Problem;

/// The body of a call is there within this time.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// The routes of the gateway: to each service, whose answer begins within its time.
pub(super) fn routes(
    services: impl IntoIterator<Item = (&'static str, String, Duration)>,
    registry: &Registry,
) -> Result<Router, Failed> {
    let mut routes = Router::new();
    for (service, base, within) in services {
        let policy = ProxyPolicy::new().with_upstream_timeout(within);
        let circuit = registry.find(&gateway_circuit(service))?;
        let judge = classify_fn(|answer: Result<&Parts, &Infallible>| match answer {
            Ok(head) => judge_status(head.status),
            Err(never) => match *never {},
        });
        let one = ReverseProxy::new(format!("/api/{service}"), base).with_policy(policy);
        // A service that answers for an open circuit of its own is not to blame, and not counted.
        let one = Router::new().route_service(&format!("/api/{service}/{{*path}}"), one);
        let one = one.layer(protect(circuit).classify(judge));
        routes = routes.merge(one.layer(from_fn(whole)));
    }
    Ok(routes)
}

/// Reads the body before the circuit is asked: what is wrong with it is not the service's fault.
async fn whole(call: Request, next: Next) -> Response {
    let (head, body) = call.into_parts();
    let read = Bytes::from_request(Request::from_parts(head.clone(), body), &());
    match timeout(BODY_WITHIN, read).await {
        Ok(Ok(body)) => next.run(Request::from_parts(head, body.into())).await,
        Ok(Err(refused)) => Problem::from(refused).into_response(),
        Err(_) => Problem::new(408, "No body", "it did not come in time").into_response(),
    }
}
