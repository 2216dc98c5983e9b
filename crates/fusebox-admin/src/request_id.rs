//! Every request has an id: the client's, or one of ours. Answer, errors, log and audit tell it.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::access::holds_token;
use crate::problem::Problem;

/// The header, in requests and answers.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Room for any usual form of id.
const CHARS_MAX: usize = 128;

/// The id of a request, among its extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// Letters, digits, `.`, `_` and `-`.
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// The client's id where it has one that can be written anywhere; a strange one is not taken
    /// over in part.
    fn of(headers: &HeaderMap) -> Self {
        let mut given = headers.get_all(HEADER).iter();
        match (given.next(), given.next()) {
            (Some(id), None) if is_plain(id) => Self(id.clone()),
            _ => Self::made(),
        }
    }

    /// Unlike all others of this process, and, by its first part, of other processes.
    fn made() -> Self {
        static PROCESS: OnceLock<u64> = OnceLock::new();
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let process = PROCESS.get_or_init(|| RandomState::new().hash_one(0));
        // Relaxed: the numbers only have to differ.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let id = format!("{process:016x}-{number}");
        Self(HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("unknown")))
    }
}

fn is_plain(id: &HeaderValue) -> bool {
    let is_plain = |c: &u8| c.is_ascii_alphanumeric() || b"._-".contains(c);
    let is_short = (1..=CHARS_MAX).contains(&id.len());
    // A token is made of the same characters.
    let is_token = id.to_str().is_ok_and(holds_token);
    is_short && id.as_bytes().iter().all(is_plain) && !is_token
}

/// The outermost layer: gives the request its id, and writes out errors, which tell it.
pub(crate) async fn identify(mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    let is_head = request.method() == Method::HEAD;
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let written = problem.answer(id.as_str());
        let (head, body) = written.into_parts();
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response.headers_mut().extend(head.headers);
        *response.body_mut() = if is_head { Body::empty() } else { body };
    }
    response.headers_mut().insert(HEADER, id.0);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ids: &[&'static [u8]]) -> String {
        let mut headers = HeaderMap::new();
        for id in ids {
            headers.append(HEADER, HeaderValue::from_bytes(id).expect("a header"));
        }
        RequestId::of(&headers).as_str().to_owned()
    }

    #[test]
    fn a_plain_id_is_taken_over() {
        for id in ["a", "0", "A-b_c.9", "x".repeat(CHARS_MAX).leak()] {
            assert_eq!(of(&[id.as_bytes()]), id);
        }
    }

    #[test]
    fn any_other_is_replaced_by_one_that_is_new() {
        let long: &[u8] = "x".repeat(CHARS_MAX + 1).leak().as_bytes();
        let strange: [&[&'static [u8]]; 7] = [
            &[],
            &[b""],
            &[b"a b"],
            &[b"a\tb"],
            &[b"a", b"a"],
            &[b"\xff"],
            &[long],
        ];
        let made: std::collections::HashSet<_> = strange.map(of).into_iter().collect();
        assert_eq!(made.len(), strange.len(), "{made:?}");
        assert!(made.iter().all(|id| id.len() > 16 && !id.contains(' ')));
    }
}
