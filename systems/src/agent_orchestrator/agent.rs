//! One service behind its circuit: a call with its tries inside one time-out, and the answer in its
//! place.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, Method, Response, Uri};
use bytes::Bytes;
use fusebox::{CallError, CircuitBreaker, Outcome, State, fallback_fn};
use fusebox_tower::Classify;
use fusebox_tower::stack::{RepeatFn, Retry, Stack, StackError};
use http_body_util::Empty;
use serde::Serialize;
use serde_json::{Map, Value};
use tower::{Layer, Service, service_fn};

use super::services::Callee;
use crate::call::{CallFailed, Client, Counted, Sent};

/// What a call gave.
pub(super) type Answer = Result<Value, CallError<CallFailed>>;

/// Makes the request of a further try.
type Copier = fn(&Sent) -> Option<Sent>;

/// One of the services.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) service: &'static Callee,
    pub(super) circuit: &'static CircuitBreaker,
    client: Arc<Client>,
    stack: Stack<&'static CircuitBreaker, ByClass, RepeatFn<Copier>>,
}

/// One step of the flow, as the caller reads it.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    status: Status,
    pub(super) fallback_used: bool,
    circuit: &'static str,
    pub(super) result: Value,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Success,
    Fallback,
    /// There was no answer and none in its place.
    Failed,
}

/// A failed call counts by its class; answers count by their status.
#[derive(Clone, Debug)]
struct ByClass;

impl Classify<CallFailed, Infallible> for ByClass {
    fn error(&self, error: &CallFailed) -> Outcome {
        Outcome::Failure(error.class())
    }
}

impl Agent {
    /// Every call may be sent again: a notification has a key that the notifier knows repeats by,
    /// and the others only ask.
    pub(super) fn new(
        service: &'static Callee,
        circuit: &'static CircuitBreaker,
        base: &Uri,
        timeout: Duration,
    ) -> Self {
        let again: Copier = |request| Some(request.clone());
        Self {
            service,
            circuit,
            client: Arc::new(Client::new(base, timeout, Counted::default())),
            stack: Stack::new(circuit)
                .classify(ByClass)
                .total_timeout(timeout)
                // A try reads it.
                .unread_body_is_success()
                .retry(Retry::default().requests(again)),
        }
    }

    /// What the service says to a document.
    pub(super) async fn ask(&self, key: &str, body: &Value) -> Answer {
        let body = Bytes::from(body.to_string());
        let request = self.client.request(Method::POST, self.service.path, body);
        let mut request = request.map_err(CallError::Failed)?;
        // It was looked at when it came.
        if let Ok(key) = HeaderValue::try_from(key) {
            request.headers_mut().insert("idempotency-key", key);
        }
        // In two steps: what holds a circuit by reference cannot be waited for on any thread.
        let call = self
            .stack
            .layer(tries(Arc::clone(&self.client)))
            .call(request);
        let mut answer = call.await.map_err(|error| match error {
            StackError::Rejected(no) => CallError::Rejected(no),
            StackError::Inner(error) => CallError::Failed(error),
            StackError::TimedOut | StackError::Limited(_) => CallError::Failed(CallFailed::Timeout),
        })?;
        let failed = CallFailed::Status(answer.status());
        let document = answer.extensions_mut().remove();
        document.ok_or(CallError::Failed(failed))
    }

    /// The step that an answer makes, or `fallback` in its place.
    pub(super) fn step(&self, answer: Answer, kind: &'static str, fallback: Option<Value>) -> Step {
        let fallback_used = answer.is_err();
        if let Err(error) = &answer {
            // Its class alone: no address, and nothing that was asked or said.
            tracing::warn!(service = self.service.circuit, %error, "no answer of a service");
        }
        let fallback = fallback_fn(kind, move |_: &CallError<CallFailed>| fallback.clone());
        let answer = self.circuit.or_fallback(&fallback, answer);
        let status = match (&answer, fallback_used) {
            (Ok(_), false) => Status::Success,
            (Ok(_), true) => Status::Fallback,
            (Err(_), _) => Status::Failed,
        };
        Step {
            status,
            fallback_used: fallback_used && answer.is_ok(),
            circuit: self.service.circuit,
            result: answer.unwrap_or_default(),
        }
    }

    /// The step that the first of two equal requests had.
    pub(super) fn repeated(&self) -> Step {
        self.circuit.fell_back("queued");
        Step {
            status: Status::Fallback,
            fallback_used: true,
            circuit: self.service.circuit,
            result: (self.service.fallback)(),
        }
    }

    /// The state that callers feel.
    pub(super) fn state(&self) -> State {
        self.circuit.snapshot().effective_state()
    }
}

/// Single tries: the document of a good answer in its extensions. One that nobody can read is a
/// failure, as it is for the caller.
fn tries(
    client: Arc<Client>,
) -> impl Service<Sent, Response = Response<Empty<Bytes>>, Error = CallFailed, Future: Send> + Clone
{
    service_fn(move |request| {
        let client = Arc::clone(&client);
        async move {
            let (mut head, body) = client.send(request).await?.into_parts();
            if head.status.is_success() {
                // To say nothing is allowed.
                let body: &[u8] = if body.is_empty() { b"{}" } else { &body };
                let document = serde_json::from_slice::<Map<String, Value>>(body);
                let document = document.map_err(|_| CallFailed::Unreadable)?;
                head.extensions.insert(Value::Object(document));
            }
            Ok(Response::from_parts(head, Empty::new()))
        }
    })
}
