//! The pauses as they are now, for who has to know at once.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::bell::{Bell, Changes};
use crate::record::{Pause, Scope};

/// Set by the writer before anybody is told of a pause, so never behind what was answered.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    known: RwLock<BTreeMap<Scope, Pause>>,
    bell: Arc<Bell>,
}

impl Pauses {
    pub(super) fn put(&self, pauses: &[Pause]) {
        let pauses = pauses
            .iter()
            .map(|pause| (pause.scope.clone(), pause.clone()));
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.extend(pauses);
        drop(known);
        self.bell.ring();
    }

    /// Waits for changes of any pause.
    pub(super) fn listen(&self) -> Changes {
        self.bell.listen()
    }

    pub(super) fn close(&self) {
        self.bell.close();
    }

    /// The last pause of exactly this scope, or its end.
    pub(super) fn last(&self, scope: &Scope) -> Option<Pause> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(scope).cloned()
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

    /// The pause that is in force over a scope: its own, or that of the nearest one around it.
    pub(super) fn over(&self, scope: &Scope) -> Option<Pause> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let paused = |scope: &Scope| known.get(scope).filter(|pause| pause.paused);
        let of_queue = || match scope {
            Scope::Group(queue, _) => paused(&Scope::Queue(queue.clone())),
            Scope::Everything | Scope::Queue(_) => None,
        };
        let nearest = paused(scope).or_else(of_queue);
        nearest.or_else(|| paused(&Scope::Everything)).cloned()
    }
}
