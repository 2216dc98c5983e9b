//! The layer around all routes: who is let in, what is written down, and headers for every answer.

use axum::extract::{FromRequestParts, MatchedPath, NestedPath, RawPathParams, Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::access::{Need, Of, Refused, need};
use crate::audit::{Deed, Subject};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::queues;

/// Nothing here is to be guessed at, kept, framed, or loaded from; the console says for itself what
/// it keeps and loads.
const HEADERS: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
];

/// Lets in who may, and tells the routes who it is.
pub(crate) async fn guard(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let asked = Asked::by(&mut parts).await;
    let now = desk.registry.main().clock().now();
    let need = asked.need;
    let (registry, journal) = (&desk.registry, &desk.journal);
    let mut deed = need
        .action
        .map(|action| Deed::begin(registry, journal, &parts, action, asked.subject()));
    let circuit = asked.circuit.as_deref();
    let mut role = None;
    let mut response = match desk.door.admit(&parts, need, circuit, now) {
        Ok(caller) => {
            if let Some(caller) = caller {
                role = Some(caller.role());
                let ear = deed.as_mut().map(|deed| deed.is_by(&caller));
                ear.map(|ear| parts.extensions.insert(ear));
                parts.extensions.insert(caller);
            }
            next.run(Request::from_parts(parts, body)).await
        }
        Err(refused) => {
            if let Some(caller) = refused.caller() {
                role = Some(caller.role());
                if let Some(deed) = &mut deed {
                    deed.is_by(caller);
                }
            }
            told(refused)
        }
    };
    if let Some(deed) = deed {
        deed.answered(&mut response).await;
    }
    let code = response.status().as_u16();
    desk.requests.count(role, need.action, code);
    harden(&mut response);
    response
}

/// The headers for every answer.
pub(crate) fn harden(response: &mut Response) {
    for (name, value) in HEADERS {
        let value = HeaderValue::from_static(value);
        response.headers_mut().entry(name).or_insert(value);
    }
}

/// Which route a request goes to, and what that asks of its caller.
struct Asked {
    need: Need,
    /// The circuit that the path names, or whose queue it names, decoded as the handler will do
    /// it.
    circuit: Option<String>,
    /// The key of a branch of it.
    key: Option<String>,
    /// The queue or the message that the path names.
    queued: Option<String>,
    /// Whether it goes to the queues at all.
    is_of_queues: bool,
}

impl Asked {
    async fn by(parts: &mut Parts) -> Self {
        let prefix = NestedPath::from_request_parts(parts, &()).await.ok();
        let pattern = parts.extensions.get::<MatchedPath>();
        let pattern = pattern.map(|pattern| {
            let prefix = prefix.as_ref().map_or("", NestedPath::as_str);
            pattern.as_str().strip_prefix(prefix).unwrap_or_default()
        });
        let need = need(&parts.method, pattern);
        let is_of_queues = pattern.is_some_and(queues::is_of_queues);
        let params = RawPathParams::from_request_parts(parts, &()).await.ok();
        let param = |called: &str| {
            let mut params = params.as_ref()?.iter();
            let found = params.find(|(name, _)| *name == called);
            found.map(|(_, value)| value.to_owned())
        };
        Self {
            need,
            circuit: param("name").or_else(|| param("queue")),
            key: param("key"),
            queued: param("queue").or_else(|| param("id")),
            is_of_queues,
        }
    }

    /// What the audit log tells of.
    fn subject(&self) -> Subject {
        if self.is_of_queues {
            return Subject::Queued(self.queued.clone());
        }
        match (self.circuit.clone(), self.key.clone()) {
            (Some(circuit), Some(key)) => Subject::Branch(circuit, key),
            (Some(circuit), None) => Subject::Circuit(circuit),
            (None, _) if self.need.of == Of::Named => Subject::Circuit("\u{fffd}".to_owned()),
            (None, _) => Subject::All,
        }
    }
}

fn told(refused: Refused) -> Response {
    let (detail, challenge) = match refused {
        Refused::Other(problem) | Refused::Forbidden(_, problem) => {
            return problem.into_response();
        }
        Refused::Unauthorised { token_was_shown } if token_was_shown => (
            "the token is not known or has expired",
            "Bearer error=\"invalid_token\"",
        ),
        Refused::Unauthorised { .. } => (
            "send a token as `Authorization: Bearer fbx_…`; in a query it is not read",
            "Bearer",
        ),
    };
    let status = StatusCode::UNAUTHORIZED;
    let problem = Problem::new(status, "unauthorised", "A token is needed", detail);
    let mut response = problem.into_response();
    let challenge = HeaderValue::from_static(challenge);
    let headers = response.headers_mut();
    headers.insert(header::WWW_AUTHENTICATE, challenge);
    response
}
