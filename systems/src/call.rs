//! One HTTP call to another service, and what can become of it: whether it arrived, and whether it
//! counts for the circuit.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::http::{Method, Request, Response, StatusCode, Uri, header};
use bytes::Bytes;
use fusebox::{
    CallError, CircuitBreaker, Classifier, FailureClass, Outcome, Rejection, Settlement, classify,
};
use fusebox_queue::relay::{Relay, RelayHandle};
use fusebox_queue::sink::HttpSink;
use fusebox_queue::{NewMessage, Queue};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;
use tokio::time;

use crate::kept::Failed;

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

/// What the other side has done of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// All that was asked for.
    Done,
    /// It was never sent.
    NotSent,
    /// It was refused, and nothing was done.
    Refused,
    /// Nobody knows.
    Unknown,
}

impl Fate {
    /// What became of the call that was answered so.
    pub fn of<T>(answer: &Result<T, CallFailed>) -> Self {
        match answer {
            Ok(_) => Self::Done,
            Err(CallFailed::Rejected(_) | CallFailed::Connect) => Self::NotSent,
            Err(CallFailed::Status(StatusCode::REQUEST_TIMEOUT)) => Self::Unknown,
            Err(CallFailed::Status(code)) if code.is_client_error() => Self::Refused,
            Err(_) => Self::Unknown,
        }
    }
}

impl CallFailed {
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

impl From<CallError<Self>> for CallFailed {
    fn from(error: CallError<Self>) -> Self {
        match error {
            CallError::Rejected(no) => no.into(),
            CallError::Failed(error) => error,
        }
    }
}

/// The kinds of errors that count. An answer is none, also that there is no such project.
#[derive(Clone, Debug)]
pub struct Counted(pub BTreeSet<&'static str>);

impl Counted {
    /// How they are written.
    pub const FORM: &str = "a list of connect, timeout, reset, status and other";

    /// Reads them, as in `connect,timeout`.
    pub fn parse(text: &str) -> Option<Self> {
        let kind = |word: &str| word.trim().parse().ok().map(FailureClass::as_str);
        text.split(',').map(kind).collect::<Option<_>>().map(Self)
    }
}

/// All of them.
impl Default for Counted {
    fn default() -> Self {
        Self(FailureClass::ALL.map(FailureClass::as_str).into())
    }
}

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

/// A request that can be sent again.
pub type Sent = Request<Full<Bytes>>;

/// Calls one service.
#[derive(Debug)]
pub struct Client {
    http: legacy::Client<HttpConnector, Full<Bytes>>,
    base: String,
    timeout: Duration,
    /// What counts for its circuit.
    pub counted: Counted,
}

/// A service that is called: how, and through which circuit.
#[derive(Debug)]
pub struct Callee {
    /// Calls it, whatever its circuit says.
    pub client: Client,
    /// Its circuit.
    pub circuit: &'static CircuitBreaker,
}

impl Callee {
    /// Behind this circuit.
    pub const fn new(client: Client, circuit: &'static CircuitBreaker) -> Self {
        Self { client, circuit }
    }
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

    /// What a good answer says.
    ///
    /// # Errors
    /// There is none, or it says something else.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CallFailed> {
        let answer = self.call(Method::GET, path, Bytes::new()).await?;
        serde_json::from_slice(&answer).map_err(|_| CallFailed::Unreadable)
    }

    /// Sends a document. A good answer says all by its status.
    ///
    /// # Errors
    /// There is no good answer.
    pub async fn post(&self, path: &str, body: &Value) -> Result<(), CallFailed> {
        let body = Bytes::from(body.to_string());
        self.call(Method::POST, path, body).await.map(drop)
    }

    async fn call(&self, method: Method, path: &str, body: Bytes) -> Result<Bytes, CallFailed> {
        let request = self.request(method, path, body)?;
        let exchange = time::timeout(self.timeout, self.send(request));
        let answer = exchange.await.unwrap_or(Err(CallFailed::Timeout))?;
        match answer.status() {
            status if status.is_success() => Ok(answer.into_body()),
            status => Err(CallFailed::Status(status)),
        }
    }

    /// A request with a JSON document.
    ///
    /// # Errors
    /// The path can stand in no URL.
    pub fn request(&self, method: Method, path: &str, body: Bytes) -> Result<Sent, CallFailed> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body));
        request.map_err(|_| CallFailed::Connect)
    }

    /// The whole answer, whatever its status; for who puts a time-out around it.
    ///
    /// # Errors
    /// There is none.
    pub async fn send(&self, request: Sent) -> Result<Response<Bytes>, CallFailed> {
        let answer = self.http.request(request).await;
        let answer = answer.map_err(|error| match error.is_connect() {
            true => CallFailed::Connect,
            false => CallFailed::Reset,
        })?;
        let (head, body) = answer.into_parts();
        let body = match Limited::new(body, ANSWER_BYTES_MAX).collect().await {
            Ok(body) => body.to_bytes(),
            // The status says all.
            Err(_) if !head.status.is_success() => Bytes::new(),
            Err(_) => return Err(CallFailed::Reset),
        };
        Ok(Response::from_parts(head, body))
    }
}

/// A `POST` of a JSON document as a message for [`HttpSink`], by an
/// id that the queue and the other side know a repeat by.
pub fn post_later(path: &str, id: &str, body: impl Into<Bytes>) -> NewMessage {
    NewMessage::new(body)
        .idempotency_key(id)
        .attribute(":path", path)
        .attribute("content-type", "application/json")
        .attribute("idempotency-key", id)
}

/// Sends what is in a queue on to a service, through its circuit.
///
/// # Errors
/// No relay can be had of these.
pub fn post_on(
    queue: &Queue,
    circuit: &'static CircuitBreaker,
    base: Uri,
    timeout: Duration,
) -> Result<RelayHandle, Failed> {
    let sink = HttpSink::builder(base).timeout(timeout);
    Ok(Relay::builder(queue.clone(), circuit)
        .sink(sink.build_http()?)
        // The sink's own time-out comes first: it knows what was sent.
        .timeout(timeout * 2)
        .start()?)
}
