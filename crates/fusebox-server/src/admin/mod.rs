//! The admin interface: health, metrics, and the circuits' state with the actions on it.
//!
//! It listens on loopback only and needs no token there; Host and Origin are checked, so that a
//! web page whose name was pointed at loopback cannot reach it. Nothing here knows the gateway:
//! [`router`] serves any [`Registry`].
//!
//! | path | |
//! |---|---|
//! | `/livez`, `/readyz` | for who starts the process and routes to it; open circuits never count |
//! | `/health` | what a person asks: is anything that matters broken? |
//! | `/metrics` | Prometheus, `OpenMetrics` or classic text by `Accept` |
//! | `/api/v1/circuit-breakers…` | circuits as JSON, and the actions of an operator |
//! | `/api/v1/main` | the switch above all circuits |
//!
//! Every error is `application/problem+json`.

mod actions;
mod body;
mod circuits;
mod guard;
mod health;
mod main_breaker;
mod metrics;
mod problem;
mod readiness;
mod registry;
mod serve;
mod view;
mod wall;

pub use readiness::{Phase, Readiness};
pub use registry::{Entry, Registry};
pub use serve::serve;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

/// What every route works with.
#[derive(Clone)]
struct Desk {
    registry: Arc<dyn Registry>,
    readiness: Readiness,
}

/// The routes of the admin interface over `registry`.
pub fn router<R: Registry>(registry: Arc<R>, readiness: Readiness) -> Router {
    Router::new()
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/health", get(health::health))
        .route("/metrics", get(metrics::metrics))
        .nest("/api/v1/circuit-breakers", circuit_routes())
        .route(
            "/api/v1/main",
            get(main_breaker::show).post(main_breaker::turn),
        )
        .fallback(problem::unknown_path)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(axum::middleware::from_fn(guard::guard))
        .with_state(Desk {
            registry,
            readiness,
        })
}

fn circuit_routes() -> Router<Desk> {
    Router::new()
        .route("/", get(circuits::list))
        .route("/{name}", get(circuits::one))
        .route("/{name}/branches", get(circuits::branches))
        .route("/{name}/force-state", post(actions::force_state))
        .route("/{name}/hold", post(actions::hold).delete(actions::release))
        .route("/{name}/reset", post(actions::reset))
}
