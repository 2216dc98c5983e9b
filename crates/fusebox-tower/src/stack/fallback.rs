//! What answers in place of the service.

use super::StackError;
use crate::limit::Limited;
use fusebox::Rejection;
use http::Response;
use http::response::Parts;
use http_body::Body;
use std::fmt;
use std::pin::Pin;
use tower::ServiceExt;
use tower_service::Service;

/// What a fallback may come to.
pub type Answering<T> = Pin<Box<dyn Future<Output = Option<Response<Instead<T>>>> + Send>>;

/// The body of an answer that a fallback gives for a service whose bodies are `T`.
#[derive(Debug)]
pub enum Instead<T: Body> {
    /// The whole of it in one piece.
    Whole(T::Data),
    /// A body like those of the service, which may stream.
    Body(T),
}

/// Why a fallback is asked.
#[derive(Debug)]
pub enum Trouble<'a, E> {
    /// The breaker rejected.
    Rejected(Rejection),
    /// The limit refused.
    Limited(Limited),
    /// No head came in time.
    TimedOut,
    /// An error that the classifier calls a failure.
    Error(&'a E),
    /// A response that the classifier calls a failure: its head.
    Failed(&'a Parts),
}

/// The kinds of trouble, to say for which a fallback is asked
/// ([`Stack::fallback_on`](crate::stack::Stack::fallback_on)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FallbackOn {
    /// The breaker rejected.
    Rejected = 1,
    /// The limit refused.
    Limited = 2,
    /// No head came in time.
    TimedOut = 4,
    /// An error that the classifier calls a failure.
    Error = 8,
    /// A response that the classifier calls a failure, such as a 500, or one that a Fusebox breaker
    /// further on rejected. It holds no place in the limit while the fallback is asked; its body is
    /// dropped if that answers, and passed on if not.
    Failed = 16,
}

/// A set of them; `None`, so that nobody is asked, until there is a fallback or a wish.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked(Option<u8>);

impl Asked {
    pub(super) fn new(kinds: &[FallbackOn]) -> Self {
        Self(Some(kinds.iter().fold(0, |set, kind| set | *kind as u8)))
    }

    /// What was wished for, or else what a fallback is asked for by default.
    pub(super) fn or_default(self) -> Self {
        let default = [
            FallbackOn::Rejected,
            FallbackOn::TimedOut,
            FallbackOn::Error,
        ];
        self.0
            .map_or_else(|| Self::new(&default), |set| Self(Some(set)))
    }

    pub(super) fn is_empty(self) -> bool {
        self.0.unwrap_or(0) == 0
    }

    pub(super) fn has(self, kind: FallbackOn) -> bool {
        self.0.unwrap_or(0) & kind as u8 != 0
    }
}

impl<'a, E> Trouble<'a, E> {
    /// The trouble in an error; an inner one is the caller's own unless it is a failure.
    pub(super) fn of(error: &'a StackError<E>, failure: impl FnOnce(&E) -> bool) -> Option<Self> {
        match error {
            StackError::Rejected(rejection) => Some(Self::Rejected(*rejection)),
            StackError::Limited(limited) => Some(Self::Limited(*limited)),
            StackError::TimedOut => Some(Self::TimedOut),
            StackError::Inner(error) => failure(error).then_some(Self::Error(error)),
        }
    }

    pub(super) fn kind(&self) -> FallbackOn {
        match self {
            Self::Rejected(_) => FallbackOn::Rejected,
            Self::Limited(_) => FallbackOn::Limited,
            Self::TimedOut => FallbackOn::TimedOut,
            Self::Error(_) => FallbackOn::Error,
            Self::Failed(_) => FallbackOn::Failed,
        }
    }
}

/// Answers in place of a service with requests `R`, errors `E` and bodies `T`.
///
/// It stands outside of breaker and limit: what it does is no call to the service, is recorded
/// nowhere but in the number of fallbacks, and has no time-out other than its own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no fallback for requests of type `{R}` and bodies of type `{T}`",
    label = "cannot answer in place of this service",
    note = "the data of a `FixedResponse` or `fallback_fn` is the `Body::Data` of the service",
    note = "`FallbackService` needs requests that are `Clone`, and a service with the same bodies"
)]
pub trait Fallback<R, E, T: Body> {
    /// What it needs of the request, kept from before the call.
    type Kept;

    /// The kind of fallback, for metrics: a word such as `fixed`. There should be few of them.
    fn kind(&self) -> &'static str;

    /// Takes what it needs of a request before that is sent.
    fn keep(&self, request: &R) -> Self::Kept;

    /// The answer; `None`: none either, and the trouble goes on to the caller.
    fn answer(&self, kept: Self::Kept, trouble: &Trouble<'_, E>) -> Answering<T>;
}

/// No fallback: troubles go on to the caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoFallback;

impl<R, E, T: Body> Fallback<R, E, T> for NoFallback {
    type Kept = ();

    fn kind(&self) -> &'static str {
        "none"
    }

    fn keep(&self, _: &R) {}

    fn answer(&self, (): (), _: &Trouble<'_, E>) -> Answering<T> {
        Box::pin(async { None })
    }
}

/// Always the same response; its kind is `fixed`.
#[derive(Clone, Debug)]
pub struct FixedResponse<D>(Response<D>);

impl<D> FixedResponse<D> {
    /// Answers with a copy of this response.
    pub const fn new(response: Response<D>) -> Self {
        Self(response)
    }
}

#[diagnostic::do_not_recommend]
impl<R, E, T, D> Fallback<R, E, T> for FixedResponse<D>
where
    T: Body<Data = D> + Send + 'static,
    D: Clone + Send + 'static,
{
    type Kept = ();

    fn kind(&self) -> &'static str {
        "fixed"
    }

    fn keep(&self, _: &R) {}

    fn answer(&self, (): (), _: &Trouble<'_, E>) -> Answering<T> {
        let response = self.0.clone().map(Instead::Whole);
        Box::pin(std::future::ready(Some(response)))
    }
}

/// What another service answers: a cache, an older version, a second provider. See
/// [`FallbackService::new`].
#[derive(Clone, Debug)]
pub struct FallbackService<S> {
    kind: &'static str,
    service: S,
}

impl<S> FallbackService<S> {
    /// Sends a copy of the request to another service, or to a closure by way of
    /// [`tower::service_fn`]. If it fails too, the first trouble goes on to the caller.
    pub const fn new(kind: &'static str, service: S) -> Self {
        Self { kind, service }
    }
}

#[diagnostic::do_not_recommend]
impl<S, R, E, T> Fallback<R, E, T> for FallbackService<S>
where
    R: Clone + Send + 'static,
    T: Body + Send + 'static,
    S: Service<R, Response = Response<T>> + Clone + Send + 'static,
    S::Future: Send,
{
    type Kept = R;

    fn kind(&self) -> &'static str {
        self.kind
    }

    fn keep(&self, request: &R) -> R {
        request.clone()
    }

    fn answer(&self, request: R, _: &Trouble<'_, E>) -> Answering<T> {
        let call = self.service.clone().oneshot(request);
        Box::pin(async { call.await.ok().map(|response| response.map(Instead::Body)) })
    }
}

/// What a closure makes of the trouble; see [`fallback_fn`].
#[derive(Clone, Copy)]
pub struct FallbackFn<F> {
    kind: &'static str,
    answer: F,
}

/// Answers with what a closure makes of the trouble; `None` lets it go on to the caller.
pub fn fallback_fn<E, D, F>(kind: &'static str, answer: F) -> FallbackFn<F>
where
    F: Fn(&Trouble<'_, E>) -> Option<Response<D>>,
{
    FallbackFn { kind, answer }
}

impl<R, E, T, D, F> Fallback<R, E, T> for FallbackFn<F>
where
    F: Fn(&Trouble<'_, E>) -> Option<Response<D>>,
    T: Body<Data = D> + Send + 'static,
    D: Send + 'static,
{
    type Kept = ();

    fn kind(&self) -> &'static str {
        self.kind
    }

    fn keep(&self, _: &R) {}

    fn answer(&self, (): (), trouble: &Trouble<'_, E>) -> Answering<T> {
        let answer = (self.answer)(trouble).map(|response| response.map(Instead::Whole));
        Box::pin(std::future::ready(answer))
    }
}

impl<F> fmt::Debug for FallbackFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallbackFn")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
