//! The admin interface, put together.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use fusebox::{Registry, Source};

use crate::desk::Desk;
use crate::{Readiness, guard, problem, routes};

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
        let desk = Desk {
            registry: self.registry,
            source: self.source,
            readiness: self.readiness,
        };
        let (router, _openapi) = routes::all().split_for_parts();
        router
            .fallback(problem::unknown_path)
            .method_not_allowed_fallback(problem::method_not_allowed)
            .layer(axum::middleware::from_fn_with_state(
                desk.clone(),
                guard::guard,
            ))
            .with_state(desk)
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}
