//! One live circuit: breaker, counters, and the protected way to its upstream.

use std::borrow::Cow;
use std::sync::Arc;

use fusebox::{CircuitBreaker, Keyed};
use fusebox_queue::Queue;
use fusebox_tower::{Breaker, BreakerLayer, ByKey, SettlingBody};
use http::{HeaderValue, Request};
use tower_layer::Layer;

use super::upstream::{RequestBody, Upstream, UpstreamBody};
use super::{CircuitStats, Judgement};
use crate::settings::CircuitSettings;

/// The upstream behind the breaker: the one way by which a request reaches it.
pub type Protected = Breaker<Upstream, ByKey<&'static CircuitBreaker, KeyOf>, Judgement>;

/// An upstream's body; the call is settled by it.
pub type Forwarded = SettlingBody<UpstreamBody, Keyed<&'static CircuitBreaker>, Judgement>;

/// Takes the key of its branch from a request.
type KeyOf = for<'r> fn(&'r Request<RequestBody>) -> Option<Cow<'r, str>>;

/// The key of a request's branch, among its extensions: the request that the upstream gets has
/// another path and other headers than the client's, in which the key stands.
#[derive(Clone, Debug)]
pub(crate) struct BranchOf(pub(crate) Box<str>);

fn key_of(request: &Request<RequestBody>) -> Option<Cow<'_, str>> {
    let branch: &BranchOf = request.extensions().get()?;
    Some(Cow::Borrowed(&branch.0))
}

/// One circuit under one version of its settings. A reload makes another `Circuit` that shares
/// breaker and counters with this one; requests under way keep this one.
#[derive(Debug)]
pub struct Circuit {
    settings: Arc<CircuitSettings>,
    breaker: &'static CircuitBreaker,
    stats: Arc<CircuitStats>,
    protected: Protected,
    queue: Option<Queue>,
}

impl Circuit {
    pub(super) fn new(
        settings: Arc<CircuitSettings>,
        breaker: &'static CircuitBreaker,
        stats: Arc<CircuitStats>,
        upstream: Upstream,
        queue: Option<Queue>,
    ) -> Self {
        let protected = BreakerLayer::new(ByKey::new(breaker, key_of as KeyOf))
            .classify(Judgement::new(Arc::clone(&settings)))
            .settle_after(settings.settle_after)
            .layer(upstream);
        Self {
            settings,
            breaker,
            stats,
            protected,
            queue,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> Arc<CircuitSettings> {
        Arc::clone(&self.settings)
    }

    /// Its breaker.
    #[must_use]
    pub fn breaker(&self) -> &'static CircuitBreaker {
        self.breaker
    }

    /// What was counted since the circuit came.
    #[must_use]
    pub fn stats(&self) -> &CircuitStats {
        &self.stats
    }

    /// A handle for one call to the upstream through the breaker.
    #[must_use]
    pub fn protected(&self) -> Protected {
        self.protected.clone()
    }

    /// The settings, borrowed: for the call path, which clones no more than it must.
    pub(crate) fn set(&self) -> &CircuitSettings {
        &self.settings
    }

    /// Where calls wait that the upstream cannot take; `None`: nowhere.
    pub(crate) fn queue(&self) -> Option<&Queue> {
        self.queue.as_ref()
    }

    /// The way to the upstream past the breaker, for who has a permit already.
    pub(crate) fn upstream(&self) -> Upstream {
        self.protected.get_ref().clone()
    }

    /// The `Host` header that the upstream is called by.
    pub(crate) fn upstream_host(&self) -> &HeaderValue {
        self.protected.get_ref().host()
    }

    pub(super) fn shared(&self) -> (Arc<CircuitStats>, &Upstream) {
        (Arc::clone(&self.stats), self.protected.get_ref())
    }
}
