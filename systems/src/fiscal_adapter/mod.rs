//! A cash register's adapter to the Operator of Fiscal Data (OFD): takes receipts while the OFD is
//! away and sends them later; none is lost, none is doubled.
//!
//! Phase 1 (`receipts`) writes a receipt to the buffer, a durable queue, and answers. Phase 2, the
//! queue's relay, sends it through the circuit `ofd` (`ofd`), in order per terminal. The receipt's
//! id is its idempotency key all the way: a repeated receipt is the same receipt, for the buffer
//! and for the OFD. The OFD's answer is kept with it, in the buffer's own file.

mod circuit;
mod dead_letters;
mod health;
mod ofd;
mod receipts;
mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Json, Router};
use fusebox::{CircuitBreaker, Registry};
use fusebox_queue::relay::{Relay, RelayHandle};
use fusebox_queue::{Queue, Record};
use http::Uri;
use serde_json::Value;

use crate::kept::{Failed, Kept};
use crate::problem::Problem;
pub use settings::Settings;

/// What most routes answer.
type Answer = Result<Json<Value>, Problem>;

/// The adapter at work.
#[derive(Debug)]
pub struct Adapter {
    desk: Desk,
    registry: Registry,
    relay: RelayHandle,
}

/// What the routes need.
#[derive(Clone, Debug)]
struct Desk {
    kept: Kept,
    queue: Queue,
    circuit: &'static CircuitBreaker,
}

impl Adapter {
    /// Opens buffer and state, puts the circuit where it was, and begins to send.
    ///
    /// # Errors
    /// What cannot be opened or set, in words.
    pub fn start(settings: &Settings, ofd: Uri) -> Result<Self, Failed> {
        let registry = Registry::builder().service("fiscal-adapter").build();
        let circuit = circuit::define(&registry, settings)?;
        let kept = Kept::open(&registry, &settings.data_dir, "receipts.db")?;
        let queue = kept.queues.queue("receipts", settings.buffer.clone())?;
        let relay = Relay::builder(queue.clone(), circuit)
            .sink(ofd::sink(ofd, settings.ofd_timeout)?)
            // The sink's own time-out knows more of what was sent.
            .timeout(settings.ofd_timeout.saturating_add(Duration::from_secs(1)))
            .by_key(settings.is_per_terminal)
            .start()?;
        let desk = Desk {
            kept,
            queue,
            circuit,
        };
        Ok(Self {
            desk,
            registry,
            relay,
        })
    }

    /// Its routes, with the admin interface and the metrics under `/fusebox`.
    pub fn router(&self) -> Router {
        let circuit = get(circuit::show).post(circuit::control);
        let admin = self.desk.kept.admin(&self.registry, [&self.relay]);
        Router::new()
            .route("/v1/receipts", post(receipts::post))
            .route("/v1/receipts/{id}", get(receipts::get))
            .route("/v1/dead-letters", get(dead_letters::list))
            .route("/v1/dead-letters/{id}", get(dead_letters::show))
            .route("/v1/dead-letters/{id}/retry", post(dead_letters::retry))
            .route("/v1/dead-letters/{id}/discard", post(dead_letters::discard))
            .route("/v1/circuit", circuit.clone())
            .route("/v1/circuits/{pos_id}", circuit)
            .route("/v1/health", get(health::health))
            .layer(DefaultBodyLimit::max(settings::RECEIPT_BYTES_MAX))
            .with_state(self.desk.clone())
            .nest_service("/fusebox", admin.router())
    }

    /// Ends what is being sent, and writes down what is known. The rest waits for the next start.
    ///
    /// # Errors
    /// It was not written in time.
    pub async fn end(self) -> Result<(), Failed> {
        self.relay.stop().await;
        self.desk.kept.close()
    }
}

impl Desk {
    /// A receipt, whatever became of it.
    async fn receipt(&self, id: &str) -> Result<Record, Problem> {
        let found = self.queue.by_idempotency_key(id).await?;
        found.ok_or_else(|| Problem::new(404, "No receipt", "no receipt has this id"))
    }
}
