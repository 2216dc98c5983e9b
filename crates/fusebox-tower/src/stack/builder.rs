//! Putting a stack together.

use super::fallback::{Asked, FallbackOn, NoFallback};
use super::plan::{Plan, Times};
use super::repeat::Never;
use super::retry::Retry;
use super::service::Stacked;
use super::timed::{Inward, Judge, Timed};
use crate::classify::ByStatus;
use crate::head::Settling;
use crate::limit::LimitLayer;
use crate::service::Breaker;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tower_layer::Layer;

/// One circuit with everything around it, in one order. A tower [`Layer`].
///
/// See [the module](crate::stack) for the order and its reasons. Every part but the breaker is
/// absent until it is named; whatever order they are named in, they stand in the same one.
///
/// `P` is the handle to the breaker or a [`ByKey`](crate::ByKey), `C` the classifier, `N` what may
/// be repeated, `G` the fallback.
pub struct Stack<P, C = ByStatus, N = Never, G = NoFallback> {
    plan: Plan<P, C, N, G>,
    limit: LimitLayer,
    settling: Settling,
}

impl<P> Stack<P> {
    /// A stack of nothing but the breaker, which classifies by status.
    pub fn new(circuit: P) -> Self {
        Self {
            plan: Plan {
                source: circuit,
                classifier: ByStatus,
                retry: Retry::never(),
                fallback: NoFallback,
                asked: Asked::default(),
                times: Times::default(),
            },
            limit: LimitLayer::unlimited(),
            settling: Settling::default(),
        }
    }
}

impl<P, C, N, G> Stack<P, C, N, G> {
    /// How long one attempt may take until its head is there; waiting until the service is ready is
    /// a part of it. A time-out is a failure of class `Timeout`. Without it, and without a total
    /// one, an attempt may take for ever.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.plan.times.each = Some(timeout);
        self
    }

    /// How long a call may take until its head is there, with all its attempts and the waits
    /// between them. It is handed inwards as a deadline: an attempt gets the less of `timeout` and
    /// what is left, and no wait begins that would end after it. Neither a fallback nor a body is
    /// bounded by it.
    #[must_use]
    pub fn total_timeout(mut self, total_timeout: Duration) -> Self {
        self.plan.times.total = Some(total_timeout);
        self
    }

    /// Tries calls again; by default (`Retry::default()`) those with idempotent methods.
    pub fn retry<M>(self, retry: Retry<M>) -> Stack<P, C, M, G> {
        let plan = self.plan;
        Stack {
            plan: Plan {
                retry,
                source: plan.source,
                classifier: plan.classifier,
                fallback: plan.fallback,
                asked: plan.asked,
                times: plan.times,
            },
            limit: self.limit,
            settling: self.settling,
        }
    }

    /// At most so many attempts in flight, each until its body ends; the others are refused at
    /// once. All services that this stack makes share the places.
    #[must_use]
    pub fn concurrency_limit(self, max: usize) -> Self {
        self.limit(LimitLayer::new(max))
    }

    /// The same with a limit that other stacks share, or that somebody watches.
    #[must_use]
    pub fn limit(mut self, limit: LimitLayer) -> Self {
        self.limit = limit;
        self
    }

    /// Answers in place of the service: after a rejection, a time-out, or an error that counts as a
    /// failure, unless [`fallback_on`](Self::fallback_on) says otherwise.
    pub fn fallback<F>(self, fallback: F) -> Stack<P, C, N, F> {
        let plan = self.plan;
        Stack {
            plan: Plan {
                fallback,
                source: plan.source,
                classifier: plan.classifier,
                retry: plan.retry,
                asked: plan.asked.or_default(),
                times: plan.times,
            },
            limit: self.limit,
            settling: self.settling,
        }
    }

    /// The troubles that the fallback is asked for.
    #[must_use]
    pub fn fallback_on(mut self, kinds: &[FallbackOn]) -> Self {
        self.plan.asked = Asked::new(kinds);
        self
    }

    /// Judges answers with another classifier: a [`Classify`](crate::Classify), or a closure by way
    /// of [`classify_fn`](crate::classify_fn). What it calls a failure is recorded, tried again,
    /// and may be answered by the fallback.
    pub fn classify<D>(self, classifier: D) -> Stack<P, D, N, G> {
        let plan = self.plan;
        Stack {
            plan: Plan {
                classifier,
                source: plan.source,
                retry: plan.retry,
                fallback: plan.fallback,
                asked: plan.asked,
                times: plan.times,
            },
            limit: self.limit,
            settling: self.settling,
        }
    }

    /// As [`BreakerLayer::settle_after`](crate::BreakerLayer::settle_after).
    #[must_use]
    pub fn settle_after(mut self, settle_after: Duration) -> Self {
        self.settling.after = settle_after;
        self
    }

    /// As [`BreakerLayer::unread_body_is_success`](crate::BreakerLayer::unread_body_is_success):
    /// for callers who only look at the status.
    #[must_use]
    pub fn unread_body_is_success(mut self) -> Self {
        self.settling.unread_is_success = true;
        self
    }

    /// As [`BreakerLayer::took_in_extensions`](crate::BreakerLayer::took_in_extensions): the time
    /// of the attempt that answered.
    #[must_use]
    pub fn took_in_extensions(mut self) -> Self {
        self.settling.took_in_extensions = true;
        self
    }
}

impl<S, P, C, N, G> Layer<S> for Stack<P, C, N, G>
where
    P: Clone,
    C: Clone,
    N: Clone,
    G: Clone,
{
    type Service = Stacked<S, P, C, N, G>;

    fn layer(&self, inner: S) -> Self::Service {
        let plan = &self.plan;
        let breaker = Breaker::new(
            Timed(inner),
            Inward(plan.source.clone()),
            Judge(plan.classifier.clone()),
            self.settling,
        );
        Stacked {
            attempts: self.limit.layer(breaker),
            plan: Arc::new(plan.clone()),
        }
    }
}

impl<P: Clone, C: Clone, N: Clone, G: Clone> Clone for Stack<P, C, N, G> {
    fn clone(&self) -> Self {
        Self {
            plan: self.plan.clone(),
            limit: self.limit.clone(),
            settling: self.settling,
        }
    }
}

impl<P, C, N, G> fmt::Debug for Stack<P, C, N, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack")
            .field("timeout", &self.plan.times.each)
            .field("total_timeout", &self.plan.times.total)
            .field("retry", &self.plan.retry)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
