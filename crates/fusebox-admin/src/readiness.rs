//! Whether the process wants traffic: the one fact behind `/readyz`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

/// How far the host has come; shared by cloning.
///
/// Open circuits never enter here: an instance that stops taking traffic because a dependency is
/// down only moves the outage to its neighbours.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    phase: Arc<AtomicU8>,
}

/// The phases of a process, in the order in which it goes through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Settings are being read, listeners opened.
    Starting,
    /// Traffic is welcome.
    Ready,
    /// Shutting down: what has begun is finished, nothing new should come.
    Draining,
}

impl Readiness {
    /// A process that is starting.
    #[must_use]
    pub fn starting() -> Self {
        Self::default()
    }

    /// The listeners are open. Has no effect once draining has begun.
    pub fn set_ready(&self) {
        self.raise(Phase::Ready);
    }

    /// Shutdown has begun; this does not end.
    pub fn set_draining(&self) {
        self.raise(Phase::Draining);
    }

    /// Where the process stands.
    #[must_use]
    pub fn phase(&self) -> Phase {
        // Acquire pairs with the Release half of `raise`: who sees `Ready` sees the listeners that
        // were opened before.
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Starting,
            1 => Phase::Ready,
            _ => Phase::Draining,
        }
    }

    /// `/livez` and `/readyz` for whoever starts the process and sends traffic to it: they ask
    /// nobody who he is, and tell nothing of circuits. For a service whose admin interface is not
    /// to be reached from outside, but whose probes are.
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use fusebox_admin::Readiness;
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let readiness = Readiness::starting();
    /// let service: Router = Router::new()
    ///     .route("/work", get(async || "done"))
    ///     .merge(readiness.probes());
    ///
    /// let ask = || Request::get("/readyz").body(Body::empty());
    /// assert_eq!(service.clone().oneshot(ask()?).await?.status(), 503);
    /// readiness.set_ready();
    /// assert_eq!(service.oneshot(ask()?).await?.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    pub fn probes(&self) -> Router {
        let readiness = self.clone();
        Router::new()
            .route("/livez", get(async || ALIVE))
            .route("/readyz", get(async move || readiness.phase().told()))
    }

    /// Phases only rise, so that a late `set_ready` cannot undo a shutdown.
    fn raise(&self, to: Phase) {
        self.phase.fetch_max(to as u8, Ordering::AcqRel);
    }
}

/// What `/livez` answers, as long as it answers at all.
pub(crate) const ALIVE: &str = "ok\n";

impl Phase {
    /// What `/readyz` answers.
    pub(crate) const fn told(self) -> (StatusCode, &'static str) {
        match self {
            Self::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
            Self::Ready => (StatusCode::OK, "ready\n"),
            Self::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_drains_does_not_become_ready_again() {
        let readiness = Readiness::starting();
        assert_eq!(readiness.phase(), Phase::Starting);
        readiness.set_ready();
        assert_eq!(readiness.phase(), Phase::Ready);
        readiness.set_draining();
        readiness.set_ready();
        assert_eq!(readiness.phase(), Phase::Draining);
    }
}
