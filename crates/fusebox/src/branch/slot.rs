//! One branch as the table keeps it: 96 bytes, and a breaker only while something is to be
//! remembered.

use super::key::Key;
use super::quiet::{Quiet, Rule};
use crate::breaker::CircuitBreaker;
use crate::clock::Tick;
use crate::word::State;
use std::sync::Arc;

/// No slot.
pub(super) const NONE: u32 = u32::MAX;

/// How dear a branch is to the table when it is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Closed: the first to go.
    Closed,
    /// Open or half-open: goes only when there is no closed one.
    Open,
    /// Held: never goes.
    Held,
}

impl Class {
    pub(super) const ALL: [Self; 3] = [Self::Closed, Self::Open, Self::Held];

    /// The class of a breaker, as far as its word knows.
    pub(super) fn of(breaker: &CircuitBreaker) -> Self {
        let word = breaker.word();
        match (word.hold(), word.state()) {
            (Some(_), _) => Self::Held,
            (None, State::Closed) => Self::Closed,
            (None, _) => Self::Open,
        }
    }
}

#[derive(Debug)]
pub(super) struct Slot {
    pub(super) key: Key,
    /// `None` while the branch is quiet.
    pub(super) full: Option<Arc<CircuitBreaker>>,
    pub(super) touched: Tick,
    pub(super) quiet: Quiet,
    /// Raised whenever the slot changes its owner: a permit of an evicted branch finds nobody.
    pub(super) owner: u32,
    /// Generation and run of a quiet branch.
    pub(super) generation: u32,
    pub(super) run: u32,
    /// Neighbours in the list of the slot's class; the next free slot in a free one.
    pub(super) newer: u32,
    pub(super) older: u32,
    pub(super) class: Class,
    /// Hands that are moving the branch at this instant: as a held one, it stays.
    pub(super) hands: u16,
    /// Whether the table's list of whole breakers has this slot, which it may have from an
    /// earlier owner.
    pub(super) is_listed: bool,
}

impl Slot {
    pub(super) const fn free(next: u32) -> Self {
        Self {
            key: Key::EMPTY,
            full: None,
            touched: Tick::ZERO,
            quiet: Quiet::EMPTY,
            owner: 0,
            generation: 0,
            run: 0,
            newer: NONE,
            older: next,
            class: Class::Closed,
            hands: 0,
            is_listed: false,
        }
    }

    /// The branch is used: its time goes on.
    pub(super) fn touch(&mut self, rule: &Rule, now: Tick) {
        // The coarse clock stands for milliseconds, and another thread may have read it later.
        if now <= self.touched {
            return;
        }
        if self.full.is_none() {
            self.quiet.roll(rule.span, self.touched, now);
        }
        self.touched = now;
    }

    /// A quick success of a quiet branch. `false`: there is no room for it here.
    pub(super) fn succeed(&mut self, rule: &Rule, now: Tick) -> bool {
        self.touch(rule, now);
        let recorded = self.quiet.succeed(rule.span, self.touched);
        if recorded {
            self.run = 0;
        }
        recorded
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_small() {
        assert!(size_of::<Slot>() <= 96, "{}", size_of::<Slot>());
    }
}
