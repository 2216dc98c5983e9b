//! The layer: what is the same for every call through a breaker.

use crate::classify::ByStatus;
use crate::head::Settling;
use crate::service::Breaker;
use std::time::Duration;
use tower_layer::Layer;

/// Puts a circuit breaker around a service.
///
/// `B` is the handle to the breaker (see [`Circuit`](crate::Circuit)), `C` the classifier. Layers
/// of one circuit share its breaker, so several services may be judged as one.
#[derive(Clone, Copy, Debug)]
pub struct BreakerLayer<B, C = ByStatus> {
    circuit: B,
    classifier: C,
    settling: Settling,
}

impl<B> BreakerLayer<B> {
    /// A layer that classifies by status ([`ByStatus`]).
    pub fn new(circuit: B) -> Self {
        Self {
            circuit,
            classifier: ByStatus,
            settling: Settling::default(),
        }
    }
}

impl<B, C> BreakerLayer<B, C> {
    /// Judges answers with another classifier: a [`Classify`](crate::Classify), or a closure by way
    /// of [`classify_fn`](crate::classify_fn).
    pub fn classify<D>(self, classifier: D) -> BreakerLayer<B, D> {
        BreakerLayer {
            circuit: self.circuit,
            classifier,
            settling: self.settling,
        }
    }

    /// How long after the head a body that still flows makes its call a success; by default 5 s.
    /// What happens to the body later is not recorded. Zero settles every good call at its head.
    #[must_use]
    pub fn settle_after(mut self, settle_after: Duration) -> Self {
        self.settling.after = settle_after;
        self
    }

    /// Counts a good answer as a success if its body is dropped before anybody began to read it.
    ///
    /// Off by default: such a drop is ignored (R11), since in a gateway or behind a server it means
    /// that the client went away. **Switch it on where callers only look at the status.** Without
    /// it, and without reading their bodies, they report no success ever: failures count at their
    /// heads, nothing ends a run of them, and a half-open circuit never closes.
    ///
    /// A body that was read in part is not unread; to drop it stays the caller's leaving.
    #[must_use]
    pub fn unread_body_is_success(mut self) -> Self {
        self.settling.unread_is_success = true;
        self
    }

    /// Puts [`Took`](crate::Took) into the extensions of every response, for histograms further
    /// out. Off by default: an extension allocates. The breaker is told the same time without it.
    #[must_use]
    pub fn took_in_extensions(mut self) -> Self {
        self.settling.took_in_extensions = true;
        self
    }
}

impl<S, B: Clone, C: Clone> Layer<S> for BreakerLayer<B, C> {
    type Service = Breaker<S, B, C>;

    fn layer(&self, inner: S) -> Self::Service {
        Breaker::new(
            inner,
            self.circuit.clone(),
            self.classifier.clone(),
            self.settling,
        )
    }
}
