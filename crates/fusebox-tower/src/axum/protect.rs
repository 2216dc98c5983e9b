//! A breaker around the handlers of a router.

use super::Rejected;
use crate::body::SettlingBody;
use crate::classify::{ByStatus, Classify};
use crate::error::BreakerError;
use crate::layer::BreakerLayer;
use crate::permit_source::PermitSource;
use crate::service::Breaker;
use crate::wants_body::WantsBody;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use fusebox::{CircuitBreaker, Handle};
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tower_layer::Layer;
use tower_service::Service;

/// Puts a circuit breaker around handlers, for `Router::layer` and its kin.
///
/// A call that is not admitted reaches no handler and is answered with 503, as the
/// [module](crate::axum) says. All others are judged by the handler's own answer: by default, 5xx
/// is a failure ([`ByStatus`]). A handler that answers [`Rejected`] is ignored: its circuit is
/// judged where it stands. A client that goes away counts as ignored, also when it leaves the
/// body unread: it is the server that drops the answer then. A handler that panics is a failure;
/// catching the panic is left to others.
///
/// ```
/// use axum::{Router, body::Body, http::{Request, StatusCode}, routing::get};
/// use fusebox::CircuitBreaker;
/// use fusebox_tower::axum::protect;
/// use std::sync::Arc;
/// use tower::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let reports = Arc::new(CircuitBreaker::builder("reports").consecutive_failures(2).build()?);
///
/// let router: Router = Router::new()
///     .route("/report", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
///     .layer(protect(reports)) // what was added so far is protected ...
///     .route("/about", get(|| async { "about us" })); // ... and this is not
///
/// for expected in [500, 500, 503] {
///     let answer = router.clone().oneshot(Request::get("/report").body(Body::empty())?).await?;
///     assert_eq!(answer.status(), expected);
/// }
/// let answer = router.oneshot(Request::get("/about").body(Body::empty())?).await?;
/// assert_eq!(answer.status(), 200);
/// # Ok(())
/// # }
/// ```
///
/// To answer rejections in another way, use [`BreakerLayer`] itself under axum's
/// `HandleErrorLayer`:
///
/// ```
/// use axum::{Router, error_handling::HandleErrorLayer, http::StatusCode, routing::get};
/// use fusebox::CircuitBreaker;
/// use fusebox_tower::{BreakerError, BreakerLayer};
/// use std::{convert::Infallible, sync::Arc};
///
/// async fn answer(error: BreakerError<Infallible>) -> (StatusCode, String) {
///     (StatusCode::SERVICE_UNAVAILABLE, error.to_string())
/// }
///
/// let reports = Arc::new(CircuitBreaker::builder("reports").build()?);
/// let layers = (HandleErrorLayer::new(answer), BreakerLayer::new(reports));
/// let router: Router = Router::new().route("/report", get(|| async { "done" })).layer(layers);
/// # let _ = router;
/// # Ok::<(), fusebox::SettingsError>(())
/// ```
pub fn protect<B: Clone>(circuit: B) -> Protect<B> {
    Protect {
        circuit: circuit.clone(),
        layer: BreakerLayer::new(circuit),
    }
}

/// A layer made by [`protect`].
#[derive(Clone, Copy, Debug)]
pub struct Protect<B, C = ByStatus> {
    circuit: B,
    layer: BreakerLayer<B, C>,
}

impl<B, C> Protect<B, C> {
    /// Judges answers with another classifier; see [`BreakerLayer::classify`].
    pub fn classify<D>(self, classifier: D) -> Protect<B, D> {
        Protect {
            circuit: self.circuit,
            layer: self.layer.classify(classifier),
        }
    }

    /// How long after the head a body that still flows makes its call a success; by default 5 s.
    /// See [`BreakerLayer::settle_after`].
    #[must_use]
    pub fn settle_after(mut self, settle_after: Duration) -> Self {
        self.layer = self.layer.settle_after(settle_after);
        self
    }
}

impl<S, B: Clone, C: Clone> Layer<S> for Protect<B, C> {
    type Service = Protected<S, B, C>;

    fn layer(&self, inner: S) -> Self::Service {
        Protected {
            inner: self.layer.layer(inner),
            circuit: self.circuit.clone(),
        }
    }
}

/// Handlers behind a breaker that answers for itself; made by [`protect`].
#[derive(Clone, Copy, Debug)]
pub struct Protected<S, B, C = ByStatus> {
    inner: Breaker<S, B, C>,
    circuit: B,
}

impl<S, B, C, R, T> Service<R> for Protected<S, B, C>
where
    S: Service<R, Response = http::Response<T>>,
    T: http_body::Body<Data = Bytes> + Send + 'static,
    T::Error: Into<axum::BoxError>,
    R: WantsBody,
    B: PermitSource<R> + Clone,
    B::Handle: Send + 'static,
    C: Classify<S::Error, T::Error> + Clone + Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Answer<<Breaker<S, B, C> as Service<R>>::Future, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        match ready!(self.inner.poll_ready(cx)) {
            Err(BreakerError::Inner(error)) => Poll::Ready(Err(error)),
            // A breaker rejects calls, not readiness.
            Ok(()) | Err(BreakerError::Rejected(_)) => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, request: R) -> Self::Future {
        Answer {
            circuit: self.circuit.clone(),
            circuit_of: <B as PermitSource<R>>::circuit,
            inner: self.inner.call(request),
        }
    }
}

pin_project! {
    /// The answer of [`Protected`] handlers, or of their breaker.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any point, like [`ResponseFuture`](crate::ResponseFuture).
    #[derive(Debug)]
    pub struct Answer<F, B> {
        #[pin]
        inner: F,
        circuit: B,
        // Chosen where the type of the request was still known.
        circuit_of: fn(&B) -> &CircuitBreaker,
    }
}

impl<F, B, H, C, T, E> Future for Answer<F, B>
where
    F: Future<Output = Result<http::Response<SettlingBody<T, H, C>>, BreakerError<E>>>,
    T: http_body::Body<Data = Bytes> + Send + 'static,
    T::Error: Into<axum::BoxError>,
    H: Handle + Send + 'static,
    C: Send + 'static,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        Poll::Ready(match ready!(this.inner.poll(cx)) {
            Ok(response) => Ok(response.map(Body::new)),
            Err(BreakerError::Rejected(rejection)) => {
                let circuit = (this.circuit_of)(this.circuit);
                Ok(Rejected::of(circuit, rejection).into_response())
            }
            Err(BreakerError::Inner(error)) => Err(error),
        })
    }
}
