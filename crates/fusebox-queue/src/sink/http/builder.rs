//! Sets up an HTTP sink.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http::uri::{PathAndQuery, Scheme};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use thiserror::Error;

use super::HttpSink;
use super::answer::{Judge, Judgement};
use crate::record::Response;

/// The largest head of an answer: more than servers send, little enough to hold for many.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Half of the usual idle time of servers: a connection that is closed while a request is on its
/// way makes its fate uncertain.
const IDLE_FOR: Duration = Duration::from_secs(30);

/// An address that no sink can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HttpSinkError {
    /// It has no scheme and host.
    #[error("the sink's address needs a scheme and a host: http://host or https://host")]
    Relative,
    /// It holds a user or a password, which would end up in logs.
    #[error("the sink's address must not hold a user or a password")]
    Credentials,
    /// It has a query.
    #[error("the sink's address must not have a query")]
    Query,
    /// It needs TLS, and the connector has none.
    #[error("the sink's address is https: give a connector with TLS to build")]
    Tls,
    /// Zero.
    #[error("the sink's time-out has to be above 0")]
    Timeout,
}

/// Sets up an [`HttpSink`].
#[must_use]
pub struct HttpSinkBuilder {
    address: Uri,
    timeout: Duration,
    response_bytes_max: usize,
    judge: Judge,
}

impl HttpSinkBuilder {
    pub(super) fn new(address: Uri) -> Self {
        Self {
            address,
            timeout: Duration::from_secs(30),
            response_bytes_max: 64 << 10,
            judge: Judge::default(),
        }
    }

    /// The time for a whole exchange, from the connection to the end of the answer. Default 30 s.
    /// After it the message may have arrived.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Bytes of an answer's body that are read; the rest is left and the connection closed.
    /// Default 64 KiB.
    pub const fn response_bytes_max(mut self, bytes: usize) -> Self {
        self.response_bytes_max = bytes;
        self
    }

    /// Says what an answer means; `None`: as [`Judgement::of`] its status.
    ///
    /// It is shown status, headers (names in lower case) and as much of the body as
    /// [`response_bytes_max`](Self::response_bytes_max) allows. An answer whose status says that it
    /// arrived and that is judged as failed may have arrived all the same, and is tried again as
    /// such. The core's [`Classifier`](fusebox::Classifier) knows no refusals and no throttles,
    /// which decide what becomes of a message; so it is not what judges here.
    ///
    /// ```
    /// use fusebox_queue::sink::{HttpSink, Judgement};
    ///
    /// let address = "http://ofd.example".parse().unwrap();
    /// let sink = HttpSink::builder(address).judge(|answer| match answer.status {
    ///     // The login page of a router in between is no receipt.
    ///     200 if !answer.body.starts_with(b"{") => Some(Judgement::Failed),
    ///     // A wrong key can be mended: the message is not to blame.
    ///     401 | 403 => Some(Judgement::Failed),
    ///     _ => None,
    /// });
    /// # drop(sink);
    /// ```
    pub fn judge(
        mut self,
        judge: impl Fn(&Response) -> Option<Judgement> + Send + Sync + 'static,
    ) -> Self {
        self.judge = Judge::by(judge);
        self
    }

    /// A sink without TLS.
    ///
    /// # Errors
    /// What the address cannot be.
    pub fn build_http(self) -> Result<HttpSink<HttpConnector>, HttpSinkError> {
        if self.address.scheme() == Some(&Scheme::HTTPS) {
            return Err(HttpSinkError::Tls);
        }
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        // Within the exchange, but told apart from it: without a connection nothing arrived.
        connector.set_connect_timeout(Some(self.timeout / 2));
        self.build(connector)
    }

    /// A sink over this connector.
    ///
    /// # Errors
    /// What the address cannot be.
    pub fn build<C>(self, connector: C) -> Result<HttpSink<C>, HttpSinkError>
    where
        C: Connect + Clone + Send + Sync + 'static,
    {
        let authority = self.address.authority().ok_or(HttpSinkError::Relative)?;
        if self.address.scheme().is_none() {
            return Err(HttpSinkError::Relative);
        }
        if authority.as_str().contains('@') {
            return Err(HttpSinkError::Credentials);
        }
        if self
            .address
            .path_and_query()
            .and_then(PathAndQuery::query)
            .is_some()
        {
            return Err(HttpSinkError::Query);
        }
        if self.timeout.is_zero() {
            return Err(HttpSinkError::Timeout);
        }
        let client: Client<C, Full<Bytes>> = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_FOR)
            .http1_max_buf_size(HEAD_BYTES_MAX)
            .build(connector);
        Ok(HttpSink {
            client,
            address: self.address,
            timeout: self.timeout,
            response_bytes_max: self.response_bytes_max,
            judge: self.judge,
        })
    }
}

impl fmt::Debug for HttpSinkBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSinkBuilder").finish_non_exhaustive()
    }
}
