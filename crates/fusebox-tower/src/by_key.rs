//! Permits for the branch that a request belongs to (R19).

use crate::circuit::Circuit;
use crate::permit_source::PermitSource;
use fusebox::{CircuitBreaker, Keyed, PermitOf, Rejection};
use std::borrow::Cow;
use std::fmt;

/// A handle to a keyed circuit with a closure that takes the branch's key from the request: a host,
/// a shard, a tenant.
///
/// Stands wherever a plain handle does: in [`BreakerLayer::new`](crate::BreakerLayer::new) and in
/// `Stack::new`. A request without a key counts for the circuit alone, and so does every request as
/// long as the circuit has no branches.
///
/// ```
/// use fusebox::{BranchSettings, CircuitBreaker};
/// use fusebox_tower::{BreakerLayer, ByKey};
/// use http::Request;
/// use std::sync::Arc;
///
/// let upstream = CircuitBreaker::builder("upstream").branches(BranchSettings::default());
/// let by_host = ByKey::new(Arc::new(upstream.build()?), |request: &Request<()>| {
///     request.uri().host().map(Into::into)
/// });
/// let layer = BreakerLayer::new(by_host);
/// # let _ = layer;
/// # Ok::<(), fusebox::SettingsError>(())
/// ```
#[derive(Clone, Copy)]
pub struct ByKey<B, K> {
    circuit: B,
    key: K,
}

impl<B, K> ByKey<B, K> {
    /// Takes the key by this closure, which runs on the call path: a key that it borrows from the
    /// request is not copied. Keys are bounded by the circuit's `keys_max`; still, take none that a
    /// stranger can make up freely.
    pub const fn new<R>(circuit: B, key: K) -> Self
    where
        K: Fn(&R) -> Option<Cow<'_, str>>,
    {
        Self { circuit, key }
    }
}

impl<R, B, K> PermitSource<R> for ByKey<B, K>
where
    B: Circuit,
    K: Fn(&R) -> Option<Cow<'_, str>>,
{
    type Handle = Keyed<B>;

    fn circuit(&self) -> &CircuitBreaker {
        &self.circuit
    }

    fn acquire(&self, request: &R) -> Result<PermitOf<Keyed<B>>, Rejection> {
        let key = (self.key)(request);
        CircuitBreaker::acquire_key_from(self.circuit.clone(), key.as_deref())
    }

    fn branch<'a>(&self, request: &'a R) -> Option<Cow<'a, str>> {
        (self.key)(request)
    }
}

impl<B: Circuit, K> fmt::Debug for ByKey<B, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByKey")
            .field("circuit", &self.circuit.name())
            .finish_non_exhaustive()
    }
}
