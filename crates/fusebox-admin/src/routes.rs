//! All routes: one file per resource, each with its own `routes()`.
//!
//! A handler is annotated with `#[utoipa::path]` and registered with `routes!`, so that the path
//! it is reached by and the path in the `OpenAPI` document are one text. Paths are written whole,
//! from `/`; nothing is nested.

use utoipa_axum::router::OpenApiRouter;

use crate::desk::Desk;
use crate::{
    actions, activity, audit, branches, circuits, console, dry_run, events, health, main_breaker,
    me, metrics, openapi, overrides, queues, services, stream,
};

/// Every resource, one line each.
pub(crate) fn all() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .merge(console::routes())
        .merge(health::routes())
        .merge(metrics::routes())
        .merge(openapi::routes())
        .merge(services::routes())
        .merge(me::routes())
        .merge(circuits::routes())
        .merge(activity::routes())
        .merge(actions::routes())
        .merge(branches::routes())
        .merge(events::routes())
        .merge(audit::routes())
        .merge(main_breaker::routes())
        .merge(overrides::routes())
        .merge(dry_run::routes())
        .merge(queues::routes())
        .merge(stream::routes())
}
