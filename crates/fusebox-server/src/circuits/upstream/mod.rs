//! The way to one upstream: connections, time-outs, and whose fault it is when a call goes wrong.
//!
//! A tower service without any breaker; the breaker's layer stands around it (see
//! [`Protected`](super::Protected)).

mod connector;
mod error;
mod exchange;
mod pool;
mod request_body;
mod response_body;
mod tls;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderValue, Request, Response};
use tower_service::Service;

pub use error::UpstreamError;
pub(crate) use error::root_cause;
pub use request_body::RequestBody;
pub use response_body::UpstreamBody;
pub use tls::{Tls, TlsError};

use super::CircuitsError;
use crate::settings::CircuitSettings;
use connector::Connector;
use pool::Pool;

/// One upstream and the time its calls may take. A clone shares the connections.
#[derive(Clone, Debug)]
pub struct Upstream {
    pool: Arc<Pool>,
    limits: TimeLimits,
}

/// How long a call may take.
#[derive(Clone, Copy, Debug)]
struct TimeLimits {
    connect: Duration,
    head: Option<Duration>,
    total: Duration,
}

impl TimeLimits {
    fn of(settings: &CircuitSettings) -> Self {
        Self {
            connect: settings.connect_timeout,
            head: settings.head_timeout,
            total: settings.timeout,
        }
    }
}

impl Upstream {
    /// The upstream of a circuit; connects when it is first called.
    pub(super) fn new(settings: &CircuitSettings, tls: &Tls) -> Result<Self, CircuitsError> {
        let connector = Connector::new(settings, tls)?;
        Ok(Self {
            pool: Arc::new(Pool::new(connector)),
            limits: TimeLimits::of(settings),
        })
    }

    /// This upstream under other settings. Its connections stay if they still lead to the right
    /// place.
    pub(super) fn changed_to(
        &self,
        settings: &CircuitSettings,
        tls: &Tls,
    ) -> Result<Self, CircuitsError> {
        if self.pool.connector().leads_to(&settings.upstream) {
            return Ok(Self {
                pool: Arc::clone(&self.pool),
                limits: TimeLimits::of(settings),
            });
        }
        Self::new(settings, tls)
    }

    /// The `Host` header it is called by.
    pub(crate) fn host(&self) -> &HeaderValue {
        self.pool.connector().host()
    }
}

impl Service<Request<RequestBody>> for Upstream {
    type Response = Response<UpstreamBody>;
    type Error = UpstreamError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, UpstreamError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), UpstreamError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        Box::pin(exchange::exchange(
            Arc::clone(&self.pool),
            self.limits,
            request,
        ))
    }
}
