//! The pauses as they are now, for who has to know at once.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use crate::record::{Pause, Scope};

/// Set by the writer before anybody is told of a pause, so never behind what was answered.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    known: RwLock<BTreeMap<Scope, Pause>>,
}

impl Pauses {
    pub(super) fn put(&self, pause: Pause) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(pause.scope.clone(), pause);
    }

    pub(super) fn put_all(&self, pauses: Vec<Pause>) {
        let pauses = pauses.into_iter();
        let pauses = pauses.map(|pause| (pause.scope.clone(), pause)).collect();
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = pauses;
    }

    /// How many groups of a queue are paused by themselves.
    pub(super) fn groups(&self, queue: &str) -> u64 {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let is_its = |pause: &&Pause| match &pause.scope {
            Scope::Group(of, _) => of == queue && pause.paused,
            Scope::Everything | Scope::Queue(_) => false,
        };
        let groups = known.values().filter(is_its).count();
        u64::try_from(groups).unwrap_or(u64::MAX)
    }

    /// Whether it is paused, by itself or by a scope around it.
    pub(super) fn cover(&self, scope: &Scope) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let is_paused = |scope: &Scope| known.get(scope).is_some_and(|pause| pause.paused);
        if is_paused(&Scope::Everything) || is_paused(scope) {
            return true;
        }
        match scope {
            Scope::Group(queue, _) => is_paused(&Scope::Queue(queue.clone())),
            Scope::Everything | Scope::Queue(_) => false,
        }
    }
}
