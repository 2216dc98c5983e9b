//! The service: admission.

use crate::body::SettlingBody;
use crate::circuit::Circuit;
use crate::classify::{ByStatus, Classify};
use crate::error::BreakerError;
use crate::future::{Call, ResponseFuture};
use crate::head::Settling;
use crate::permit_source::PermitSource;
use crate::wants_body::WantsBody;

use fusebox::CircuitBreaker;
use http::Response;
use http_body::Body;
use std::task::{Context, Poll};
use tower_service::Service;

/// A service behind a circuit breaker; made by [`BreakerLayer`](crate::BreakerLayer).
///
/// Admission happens in `call`. `poll_ready` only passes on the readiness of the inner service: it
/// holds no place in the breaker. So an open circuit rejects only once the inner service is ready;
/// a stack (feature `stack`) is always ready, and rejects at once. A rejected call leaves the
/// readiness of the inner service unused, for the next call. Errors of the inner `poll_ready`
/// belong to no call and are not recorded.
#[derive(Clone, Copy, Debug)]
pub struct Breaker<S, B, C = ByStatus> {
    inner: S,
    circuit: B,
    classifier: C,
    settling: Settling,
}

impl<S, B, C> Breaker<S, B, C> {
    pub(crate) fn new(inner: S, circuit: B, classifier: C, settling: Settling) -> Self {
        Self {
            inner,
            circuit,
            classifier,
            settling,
        }
    }

    /// The service behind the breaker.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service behind the breaker. Calls made on it directly pass the breaker by.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service without its breaker.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B: Circuit, C> Breaker<S, B, C> {
    /// The breaker.
    pub fn circuit(&self) -> &CircuitBreaker {
        &self.circuit
    }
}

impl<S, B, C, R, T> Service<R> for Breaker<S, B, C>
where
    S: Service<R, Response = Response<T>>,
    T: Body,
    R: WantsBody,
    B: PermitSource<R>,
    C: Classify<S::Error, T::Error> + Clone,
{
    type Response = Response<SettlingBody<T, B::Handle, C>>;
    type Error = BreakerError<S::Error>;
    type Future = ResponseFuture<S::Future, B::Handle, C>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(BreakerError::Inner)
    }

    fn call(&mut self, request: R) -> Self::Future {
        match self.circuit.acquire(&request) {
            Ok(permit) => {
                // Both are held across the inner `call`: a panic in there drops the permit.
                let settling = self.settling.for_request(&request);
                let call = Call::new(permit, self.classifier.clone(), settling);
                ResponseFuture::admitted(self.inner.call(request), call)
            }
            Err(rejection) => ResponseFuture::rejected(rejection),
        }
    }
}
