//! `/api/{service}/…`: passes calls on to the services, each behind its circuit.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::http::response::Parts;
use axum_reverse_proxy::{ProxyPolicy, ReverseProxy};
use fusebox::Registry;
use fusebox_tower::axum::protect;
use fusebox_tower::classify_fn;

use super::clients::judge_status;
use super::settings::gateway_circuit;
use crate::kept::Failed;

/// The routes of the gateway. An answer begins within this time.
pub(super) fn routes(
    services: impl IntoIterator<Item = (&'static str, String)>,
    timeout: Duration,
    registry: &Registry,
) -> Result<Router, Failed> {
    let policy = ProxyPolicy::new().with_upstream_timeout(timeout);
    let mut routes = Router::new();
    for (service, base) in services {
        let circuit = registry.find(&gateway_circuit(service))?;
        let judge = classify_fn(|answer: Result<&Parts, &Infallible>| match answer {
            Ok(head) => judge_status(head.status),
            Err(never) => match *never {},
        });
        let one = ReverseProxy::new(format!("/api/{service}"), base).with_policy(policy.clone());
        // A service that answers for an open circuit of its own is not to blame, and not counted.
        let one = Router::new().route_service(&format!("/api/{service}/{{*path}}"), one);
        routes = routes.merge(one.layer(protect(circuit).classify(judge)));
    }
    Ok(routes)
}
