//! Open connections to one upstream that wait for their next request.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::client::conn::http1::SendRequest;
use tokio::time::Instant;

use super::connector::Connector;
use super::{RequestBody, UpstreamError};

/// How many idle connections are kept. Beyond it a burst's connections are closed when it is over.
const IDLE_MAX: usize = 256;

/// A connection idle for longer is not used again: most servers close theirs after 60 s or more,
/// and one that is about to be closed is a request about to be lost.
const IDLE_FOR_MAX: Duration = Duration::from_secs(50);

/// The idle connections, the one used last at the back.
#[derive(Debug)]
pub(super) struct Pool {
    connector: Connector,
    // Held for a push or a pop, never across an await.
    idle: Mutex<VecDeque<Idle>>,
}

#[derive(Debug)]
struct Idle {
    sender: SendRequest<RequestBody>,
    since: Instant,
}

/// A connection in use. Dropped, it closes the connection; [`Lease::give_back`] keeps it.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) sender: SendRequest<RequestBody>,
    /// How long it had been idle; `None` for a fresh one.
    pub(super) idle_for: Option<Duration>,
    pool: Arc<Pool>,
}

impl Pool {
    pub(super) fn new(connector: Connector) -> Self {
        Self {
            connector,
            idle: Mutex::default(),
        }
    }

    pub(super) fn connector(&self) -> &Connector {
        &self.connector
    }

    /// A connection that is idle and still open, the one used last first.
    pub(super) async fn reuse(self: &Arc<Self>) -> Option<Lease> {
        loop {
            let mut idle = self.pop()?;
            let idle_for = idle.since.elapsed();
            // Its task may not yet have seen the end of the last answer, which the reader of the
            // body saw; nor that the upstream closed it.
            if idle_for < IDLE_FOR_MAX && idle.sender.ready().await.is_ok() {
                let idle_for = Some(idle_for);
                return Some(Lease {
                    sender: idle.sender,
                    idle_for,
                    pool: Arc::clone(self),
                });
            }
        }
    }

    /// A fresh connection.
    pub(super) async fn connect(self: &Arc<Self>) -> Result<Lease, UpstreamError> {
        let sender = self.connector.connect().await?;
        Ok(Lease {
            sender,
            idle_for: None,
            pool: Arc::clone(self),
        })
    }

    fn pop(&self) -> Option<Idle> {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_back()
    }

    fn push(&self, sender: SendRequest<RequestBody>) {
        let idle = Idle {
            sender,
            since: Instant::now(),
        };
        let mut all = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // The oldest are at the front: what is closed or too old goes, so that a quiet pool
        // shrinks.
        while all.front().is_some_and(Idle::is_over) || all.len() >= IDLE_MAX {
            all.pop_front();
        }
        all.push_back(idle);
    }
}

impl Idle {
    fn is_over(&self) -> bool {
        self.sender.is_closed() || self.since.elapsed() >= IDLE_FOR_MAX
    }
}

impl Lease {
    /// Keeps the connection for the next request. Only for one whose request was sent and whose
    /// answer was read to its end.
    pub(super) fn give_back(self) {
        if !self.sender.is_closed() {
            self.pool.push(self.sender);
        }
    }
}
