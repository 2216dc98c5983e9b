//! The way of entries into the store.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use fusebox::Tick;
use fusebox_store::{AuditDraft, Keeper, StoreError};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::strangers::Strangers;

/// So long an action waits for its entry and its new state. Whoever acts wants to know that it
/// holds, and must not be kept from the next step by a store that hangs.
const DURABLE_WITHIN: Duration = Duration::from_secs(2);

/// Where entries go; a clone is the same.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    /// `None`: it could not be started, and the log is all there is.
    keeper: Option<Keeper>,
    strangers: Arc<Strangers>,
}

/// How the wait for an entry ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// The entry and the state that it tells of are durable.
    Durable,
    /// They are not yet; the log has the entry.
    InVain,
}

impl Journal {
    /// Into what this keeper keeps.
    pub(crate) fn new(keeper: Option<Keeper>) -> Self {
        let strangers = Arc::default();
        Self { keeper, strangers }
    }

    /// Hands the entry over at once. The future resolves when it is durable, or after a bounded
    /// time.
    ///
    /// # Cancel safety
    /// Dropped, the entry is written all the same, and told to the log if it cannot be.
    pub(super) fn write(&self, draft: AuditDraft) -> impl Future<Output = Waited> + Send + use<> {
        let keeper = self.keeper.as_ref();
        let told = keeper.map(|keeper| (keeper.record(draft.clone()), keeper.flushed()));
        let durable = async move {
            let both = async {
                let (entry, state) = told.ok_or(StoreError::Closed)?;
                entry.await?;
                state.await
            };
            let after = DURABLE_WITHIN;
            let slow = |_| Err(StoreError::Slow { after });
            match timeout(after, both).await.unwrap_or_else(slow) {
                Ok(()) => Waited::Durable,
                Err(error) => {
                    told_in_full(&draft, &error);
                    Waited::InVain
                }
            }
        };
        // On its own, so that nobody who leaves takes the wait, and with it the line, along.
        let waiting = Handle::try_current().map(|runtime| runtime.spawn(durable));
        async move {
            match waiting {
                Ok(waiting) => waiting.await.unwrap_or(Waited::InVain),
                Err(_) => Waited::InVain,
            }
        }
    }

    /// See [`Strangers::admit`].
    pub(super) fn admit_stranger(&self, now: Tick) -> Option<u64> {
        self.strangers.admit(now)
    }
}

/// The last place where an entry can go to.
fn told_in_full(draft: &AuditDraft, error: &StoreError) {
    let entry = serde_json::to_string(draft).unwrap_or_default();
    tracing::error!(%error, entry, "an entry of the audit log is not durable yet");
}
