//! One HTTP call to another service, and what can become of it: whether it arrived, and whether it
//! counts for the circuit.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::http::{Method, Request, StatusCode, Uri, header};
use bytes::Bytes;
use fusebox::{Classifier, FailureClass, Outcome, Rejection, Settlement, classify};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use thiserror::Error;
use tokio::time::timeout;

/// Why a call has no good answer.
#[derive(Debug, Error)]
pub enum CallFailed {
    /// It was not made.
    #[error("the circuit lets nothing pass: {0}")]
    Rejected(#[from] Rejection),
    /// Nobody listens.
    #[error("cannot connect")]
    Connect,
    /// It may have arrived.
    #[error("no answer in time")]
    Timeout,
    /// It may have arrived.
    #[error("the connection broke")]
    Reset,
    /// The answer is no success.
    #[error("it answered {0}")]
    Status(StatusCode),
    /// The answer is of no form that the caller knows.
    #[error("it answered what nobody understands")]
    Unreadable,
}

/// What the other side has done of a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was never sent.
    NotSent,
    /// It was refused, and nothing was done.
    Refused,
    /// Nobody knows.
    Unknown,
}

impl CallFailed {
    /// What became of it on the other side.
    pub fn fate(&self) -> Fate {
        match self {
            Self::Rejected(_) | Self::Connect => Fate::NotSent,
            Self::Status(code)
                if code.is_client_error() && *code != StatusCode::REQUEST_TIMEOUT =>
            {
                Fate::Refused
            }
            _ => Fate::Unknown,
        }
    }

    /// Its kind, as circuits know it.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Connect => FailureClass::Connect,
            Self::Timeout => FailureClass::Timeout,
            Self::Reset => FailureClass::Reset,
            Self::Status(_) => FailureClass::Status,
            Self::Rejected(_) | Self::Unreadable => FailureClass::Other,
        }
    }
}

/// The kinds of errors that count. An answer is none, also that there is no such project.
#[derive(Clone, Debug)]
pub struct Counted(pub BTreeSet<&'static str>);

impl<T> Classifier<T, CallFailed> for Counted {
    fn classify(&self, result: Result<&T, &CallFailed>) -> Settlement {
        let outcome = match result {
            Ok(_) => Outcome::Success,
            Err(CallFailed::Status(code)) => classify::status(code.as_u16()),
            Err(error) => Outcome::Failure(error.class()),
        };
        Settlement::new(match outcome {
            Outcome::Failure(class) if !self.0.contains(class.as_str()) => Outcome::Ignored,
            outcome => outcome,
        })
    }
}

/// Calls one service.
#[derive(Debug)]
pub struct Client {
    http: legacy::Client<HttpConnector, Full<Bytes>>,
    base: String,
    timeout: Duration,
    /// What counts for its circuit.
    pub counted: Counted,
}

/// More than any answer has, little enough to hold for many.
const ANSWER_BYTES_MAX: usize = 4 << 20;

impl Client {
    /// Calls what is at `base`; a call may take so long.
    pub fn new(base: &Uri, timeout: Duration, counted: Counted) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        // Told apart from a call that hangs: without a connection nothing was sent.
        connector.set_connect_timeout(Some(timeout / 2));
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .build(connector);
        let base = base.to_string().trim_end_matches('/').to_owned();
        Self {
            http,
            base,
            timeout,
            counted,
        }
    }

    /// The body of a good answer.
    ///
    /// # Errors
    /// There is none.
    pub async fn get(&self, path: &str) -> Result<Bytes, CallFailed> {
        self.call(Method::GET, path, Bytes::new()).await
    }

    /// The same for a JSON body.
    ///
    /// # Errors
    /// There is no good answer.
    pub async fn post(&self, path: &str, body: Bytes) -> Result<Bytes, CallFailed> {
        self.call(Method::POST, path, body).await
    }

    async fn call(&self, method: Method, path: &str, body: Bytes) -> Result<Bytes, CallFailed> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|_| CallFailed::Connect)?;
        let exchange = timeout(self.timeout, self.exchange(request));
        exchange.await.unwrap_or(Err(CallFailed::Timeout))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Bytes, CallFailed> {
        let answer = self.http.request(request).await;
        let answer = answer.map_err(|error| match error.is_connect() {
            true => CallFailed::Connect,
            false => CallFailed::Reset,
        })?;
        let status = answer.status();
        if !status.is_success() {
            return Err(CallFailed::Status(status));
        }
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect();
        Ok(body.await.map_err(|_| CallFailed::Reset)?.to_bytes())
    }
}
