//! The admin interface of Fusebox circuit breakers: health, metrics, and the circuits' state with
//! the actions on it, as an axum [`Router`] over any [`Registry`].
//!
//! ```
//! let registry = fusebox::registry();
//! let app: axum::Router = axum::Router::new().nest("/fusebox", fusebox_admin::router(registry));
//! ```
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
mod view;
mod wall;

pub use readiness::{Phase, Readiness};

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use fusebox::{Registry, Source};

/// The routes over `registry`, with the defaults of [`Admin`].
pub fn router(registry: &Registry) -> Router {
    Admin::new(registry).router()
}

/// The admin interface, to be set up and made a [`Router`].
#[must_use]
pub struct Admin {
    registry: Registry,
    source: Arc<dyn Source>,
    readiness: Readiness,
}

impl Admin {
    /// Over this registry: ready from the start, metrics of the registry's circuits.
    pub fn new(registry: &Registry) -> Self {
        let readiness = Readiness::starting();
        readiness.set_ready();
        Self {
            registry: registry.clone(),
            source: Arc::new(registry.clone()),
            readiness,
        }
    }

    /// What `/metrics` reads, where the host knows more of its circuits than the registry does.
    pub fn source(mut self, source: Arc<dyn Source>) -> Self {
        self.source = source;
        self
    }

    /// What `/readyz` tells; default ready.
    pub fn readiness(mut self, readiness: Readiness) -> Self {
        self.readiness = readiness;
        self
    }

    /// The routes, to be served or nested under any prefix.
    pub fn router(self) -> Router {
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
                registry: self.registry,
                source: self.source,
                readiness: self.readiness,
            })
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}

/// What every route works with.
#[derive(Clone)]
struct Desk {
    registry: Registry,
    source: Arc<dyn Source>,
    readiness: Readiness,
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
