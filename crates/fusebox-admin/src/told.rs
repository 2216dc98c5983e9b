//! What the admin interface tells of itself in the metrics.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use fusebox_store::Keeper;
use fusebox_telemetry::{Fact, Facts};

use crate::access::Role;
use crate::stream::Feed;

/// A request that changes nothing.
const READ: &str = "read";
/// Nobody was recognised.
const NOBODY: &str = "none";

/// Answered requests. Role, action and status are words of ours, so that there are few of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Requests(Arc<Mutex<Counts>>);

type Counts = BTreeMap<(&'static str, &'static str, u16), u64>;

impl Requests {
    /// One was answered.
    pub(crate) fn count(&self, role: Option<Role>, action: Option<&'static str>, code: u16) {
        let role = role.map_or(NOBODY, Role::as_str);
        // Counts stay right whatever panics elsewhere.
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts
            .entry((role, action.unwrap_or(READ), code))
            .or_default() += 1;
    }
}

impl Facts for Requests {
    fn facts(&self, visit: &mut dyn FnMut(Fact)) {
        // A copy: what is visited may take its time.
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = counts.clone();
        for ((role, action, code), count) in counts {
            visit(Fact::AdminRequests {
                role,
                action,
                code,
                count,
            });
        }
    }
}

impl Facts for Feed {
    fn facts(&self, visit: &mut dyn FnMut(Fact)) {
        visit(Fact::StreamClients(self.clients()));
    }
}

/// How a keeper is.
pub(crate) struct Kept(pub(crate) Keeper);

impl Facts for Kept {
    fn facts(&self, visit: &mut dyn FnMut(Fact)) {
        let stats = self.0.stats();
        visit(Fact::StoreWrites(stats.writes));
        visit(Fact::StoreFailures(stats.failures));
        visit(Fact::StorePending(
            stats.pending.try_into().unwrap_or(u64::MAX),
        ));
        visit(Fact::StoreLag(stats.lag));
        visit(Fact::StoreHealthy(stats.healthy));
    }
}
