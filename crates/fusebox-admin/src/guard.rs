//! The layer around all routes: who is let in, what is written down, and headers for every answer.

use axum::extract::{FromRequestParts, MatchedPath, NestedPath, RawPathParams, Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::access::{Need, Refused, need};
use crate::desk::Desk;
use crate::problem::Problem;

/// Nothing here is to be guessed at, kept, framed, or loaded from.
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
    let circuit = asked.circuit.as_deref();
    let mut response = match desk.door.admit(&parts, asked.need, circuit, now) {
        Ok(caller) => {
            caller.map(|caller| parts.extensions.insert(caller));
            next.run(Request::from_parts(parts, body)).await
        }
        Err(refused) => told(refused),
    };
    for (name, value) in HEADERS {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

/// Which route a request goes to, and what that asks of its caller.
struct Asked {
    need: Need,
    /// The circuit that the path names, decoded as the handler will decode it.
    circuit: Option<String>,
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
        let params = RawPathParams::from_request_parts(parts, &()).await.ok();
        let circuit = params.as_ref().and_then(|params| {
            let mut named = params.iter().filter(|(key, _)| *key == "name");
            named.next().map(|(_, name)| name.to_owned())
        });
        Self { need, circuit }
    }
}

fn told(refused: Refused) -> Response {
    let (detail, challenge) = match refused {
        Refused::Other(problem) => return problem.into_response(),
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
