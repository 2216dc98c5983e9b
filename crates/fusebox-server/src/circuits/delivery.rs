//! A call as a message, and its way to the upstream when its turn has come.

use std::pin::pin;
use std::sync::Weak;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use fusebox::{FailureClass, Outcome};
use fusebox_queue::sink::{Reply, Sink};
use fusebox_queue::{Attributes, Leased, NewMessage, Response as Kept};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, COOKIE, HOST, HeaderName, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request};
use http_body_util::BodyExt;
use tower_service::Service;

use super::upstream::{RequestBody, UpstreamBody, UpstreamError};
use super::{BranchOf, Circuit, Circuits};
use crate::settings::CircuitSettings;

const METHOD: &str = ":method";
const PATH: &str = ":path";
const BRANCH: &str = ":branch";
/// Names the call to the upstream; the client's own, if it sent one.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A call that is here with every byte, so that it can be sent now and kept for later.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) head: Parts,
    pub(crate) body: Bytes,
    /// The key of its order.
    pub(crate) key: Option<Box<str>>,
}

impl Call {
    /// To be sent now.
    pub(crate) fn request(&self) -> Request<RequestBody> {
        Request::from_parts(self.head.clone(), RequestBody::held(self.body.clone()))
    }

    /// To be kept. Secrets stay out, unless the settings name their headers.
    pub(crate) fn message(&self, secrets_kept: &[HeaderName], uncertain: bool) -> NewMessage {
        let is_secret = |name: &HeaderName| [AUTHORIZATION, COOKIE].contains(name);
        // Said anew when it is sent.
        let is_ours = |name: &HeaderName| [HOST, CONTENT_LENGTH].contains(name);
        let headers = self.head.headers.iter().filter(|(name, _)| {
            !is_ours(name) && (!is_secret(name) || secrets_kept.contains(name))
        });
        let path = self.head.uri.path_and_query();
        let path = path.map_or("/", http::uri::PathAndQuery::as_str);
        let mut attributes: Attributes = vec![
            (METHOD.to_owned(), self.head.method.to_string()),
            (PATH.to_owned(), path.to_owned()),
        ];
        if let Some(BranchOf(key)) = self.head.extensions.get() {
            attributes.push((BRANCH.to_owned(), key.to_string()));
        }
        attributes.extend(headers.map(|(name, value)| (name.to_string(), text(value))));
        let own = self.head.headers.get(IDEMPOTENCY_KEY);
        NewMessage {
            key: self.key.as_deref().map(str::to_owned),
            idempotency_key: own.map(text),
            attributes,
            body: self.body.clone(),
            uncertain,
            ..NewMessage::default()
        }
    }
}

/// The key of a message's branch.
pub(crate) fn branch_of(message: &Leased) -> Option<&str> {
    let mut attributes = message.attributes.iter();
    let branch = attributes.find(|(name, _)| name == BRANCH);
    branch.map(|(_, key)| key.as_str())
}

/// Header values are bytes, attributes are texts: a byte is the character of its number, so that
/// every value comes back as it was.
fn text(value: &HeaderValue) -> String {
    value
        .as_bytes()
        .iter()
        .map(|byte| char::from(*byte))
        .collect()
}

fn value(text: &str) -> Option<HeaderValue> {
    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
    HeaderValue::from_bytes(&bytes?).ok()
}

/// Delivers the messages of one circuit to its upstream, as its settings are by then.
#[derive(Debug)]
pub(crate) struct Delivery {
    circuits: Weak<Circuits>,
    circuit: String,
}

impl Delivery {
    pub(crate) fn new(circuits: Weak<Circuits>, circuit: impl Into<String>) -> Self {
        Self {
            circuits,
            circuit: circuit.into(),
        }
    }
}

impl Sink for Delivery {
    async fn deliver(&self, message: &Leased) -> Reply {
        let circuits = self.circuits.upgrade();
        let Some(circuit) = circuits.and_then(|circuits| circuits.get(&self.circuit)) else {
            return Reply::throttled("the circuit is gone", None);
        };
        let Some(request) = request(message, &circuit) else {
            let error = "the message is no HTTP request".to_owned();
            return Reply::Unsendable { error };
        };
        match circuit.upstream().call(request).await {
            Ok(response) => {
                let bytes_max = circuit
                    .queue()
                    .map_or(0, |queue| queue.settings().response_bytes_max);
                let (head, body) = response.into_parts();
                let status = head.status.as_u16();
                let retry_after = fusebox_tower::retry_after(&head.headers);
                let (body, broke) = cut(body, bytes_max).await;
                let kept = Kept {
                    status,
                    headers: kept_headers(&head.headers),
                    body,
                };
                match (judged(circuit.set(), kept, retry_after), broke) {
                    // Nobody knows what the rest would have said.
                    (Reply::Delivered(_), Some(error)) => failed(&error),
                    (reply, _) => reply,
                }
            }
            Err(error) => failed(&error),
        }
    }
}

/// The first bytes of a body, and what broke it off before them. The rest is not read: nobody knows
/// how much there is.
async fn cut(body: UpstreamBody, max: usize) -> (Bytes, Option<UpstreamError>) {
    let mut body = pin!(body);
    let mut kept = BytesMut::new();
    while kept.len() < max {
        let data = match body.frame().await {
            None => break,
            Some(Err(error)) => return (kept.freeze(), Some(error)),
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
        };
        kept.extend_from_slice(&data[..data.len().min(max - kept.len())]);
    }
    (kept.freeze(), None)
}

/// Judges an answer as that to a live call. A status below 400 has arrived, and so has one that
/// `classify` calls a success; any other one that does not speak against the upstream is its
/// refusal.
fn judged(set: &CircuitSettings, kept: Kept, retry_after: Option<Duration>) -> Reply {
    let has_arrived = kept.status < 400 || set.classified(kept.status) == Some(Outcome::Success);
    let error = format!("the upstream answered {}", kept.status);
    match set.outcome_of(kept.status) {
        Outcome::Failure(class) => Reply::Failed {
            class,
            error,
            retry_after,
            uncertain: false,
        },
        Outcome::Ignored => Reply::throttled(error, retry_after),
        Outcome::Success if has_arrived => Reply::Delivered(Some(kept)),
        Outcome::Success => Reply::Refused {
            class: "status".into(),
            error,
            response: Some(kept),
        },
    }
}

fn failed(error: &UpstreamError) -> Reply {
    let class = match error.outcome() {
        Outcome::Failure(class) => class,
        Outcome::Success | Outcome::Ignored => FailureClass::Other,
    };
    Reply::Failed {
        class,
        error: error.to_string(),
        retry_after: None,
        uncertain: class != FailureClass::Connect,
    }
}

fn request(message: &Leased, circuit: &Circuit) -> Option<Request<RequestBody>> {
    let mut request = Request::new(RequestBody::held(message.body.clone()));
    let mut headers = HeaderMap::new();
    for (name, text) in &message.attributes {
        match name.as_str() {
            METHOD => *request.method_mut() = text.parse().ok()?,
            PATH => *request.uri_mut() = text.parse().ok()?,
            BRANCH => {}
            name => {
                let name: HeaderName = name.parse().ok()?;
                headers.append(name, value(text)?);
            }
        }
    }
    headers.insert(HOST, circuit.upstream_host().clone());
    if !headers.contains_key(IDEMPOTENCY_KEY) {
        headers.insert(IDEMPOTENCY_KEY, value(&message.id.to_string())?);
    }
    *request.headers_mut() = headers;
    Some(request)
}

fn kept_headers(headers: &HeaderMap) -> Attributes {
    let kept = headers.iter().filter(|(name, _)| **name != SET_COOKIE);
    kept.map(|(name, value)| (name.to_string(), text(value)))
        .collect()
}
