//! What the head of a response decides about its call.

use crate::classify::Classify;
use crate::retry_after::retry_after;
use crate::wants_body::WantsBody;
use fusebox::{Outcome, Reason};
use http::header::CONTENT_TYPE;
use http::response::Parts;
use http::{HeaderMap, HeaderName, StatusCode};
use http_body::Body;
use std::time::Duration;

/// R1's default: a body that has flowed for so long has shown that the service works.
const SETTLE_AFTER: Duration = Duration::from_secs(5);

/// Set by every Fusebox gateway on the answers that it made itself.
const FUSEBOX_REASON: HeaderName = HeaderName::from_static("fusebox-reason");

/// The time from admission to the head of the response, exact by the breaker's clock. In the
/// extensions of a response if [`took_in_extensions`](crate::BreakerLayer::took_in_extensions) is
/// on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Took(pub Duration);

/// How a layer settles its calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settling {
    pub(crate) after: Duration,
    pub(crate) took_in_extensions: bool,
    /// What the drop of a body that nobody began to read says: a success, or that the caller left.
    pub(crate) unread_is_success: bool,
}

impl Default for Settling {
    fn default() -> Self {
        Self {
            after: SETTLE_AFTER,
            took_in_extensions: false,
            unread_is_success: false,
        }
    }
}

impl Settling {
    /// The same, but at the head where the request asks for no body.
    #[inline]
    pub(crate) fn for_request<R: WantsBody>(mut self, request: &R) -> Self {
        if !request.wants_body() {
            self.after = Duration::ZERO;
        }
        self
    }
}

/// What is known once the head is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The call is judged, with what the service asks for by `Retry-After`.
    Now(Outcome, Option<Duration>),
    /// A success, unless the body fails.
    AtEnd,
}

/// Judges a head and what can be told of its body without reading it.
pub(crate) fn verdict<E, T, C>(head: &Parts, body: &T, classifier: &C, after: Duration) -> Verdict
where
    T: Body,
    C: Classify<E, T::Error>,
{
    if rejected_further_on(&head.headers) {
        return Verdict::Now(Outcome::Ignored, None);
    }
    match classifier.head(head) {
        Outcome::Success if after.is_zero() || without_end(head) || ended(body) => {
            Verdict::Now(Outcome::Success, None)
        }
        Outcome::Success => Verdict::AtEnd,
        Outcome::Ignored => Verdict::Now(Outcome::Ignored, None),
        failure @ Outcome::Failure(_) => Verdict::Now(failure, retry_after(&head.headers)),
    }
}

/// Whether nothing is left to read. A reader may stop here without asking for the end, as hyper
/// does.
pub(crate) fn ended<T: Body>(body: &T) -> bool {
    body.is_end_stream() || body.size_hint().exact() == Some(0)
}

/// Whether a Fusebox breaker further on rejected the call. Its circuit is judged there; counted
/// here too, one open circuit would open every one before it.
///
/// Only the reasons of a rejection count: a gateway that could not connect says so in the same
/// header, and that is a failure.
pub(crate) fn rejected_further_on(headers: &HeaderMap) -> bool {
    headers
        .get(FUSEBOX_REASON)
        .is_some_and(|said| Reason::ALL.iter().any(|reason| said == reason.as_str()))
}

/// Whether there is no body by definition, or one that is a conversation of its own, whose length
/// and end say nothing about the call.
fn without_end(head: &Parts) -> bool {
    match head.status {
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => true,
        status => status.is_informational() || is_event_stream(&head.headers),
    }
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("text/event-stream"))
}
