//! How often each kind of fallback answered in place of a call.

use crate::sync::{AtomicBool, Mutex, Ordering, lock};

/// Kinds that are told apart; what comes later is counted as [`OTHER`]. A kind becomes the label
/// of a metric.
const KINDS_MAX: usize = 16;
const OTHER: &str = "other";

#[derive(Debug)]
pub(crate) struct Fallbacks {
    enabled: AtomicBool,
    counts: Mutex<Vec<(&'static str, u64)>>,
}

impl Fallbacks {
    pub(crate) fn new() -> Self {
        Self {
            enabled: AtomicBool::new(true),
            counts: Mutex::new(Vec::new()),
        }
    }

    // Relaxed, here and below: a switch that guards no data.
    pub(crate) fn enable(&self, enabled: bool) {
        self.enabled.store(enabled, Ordering::Relaxed);
    }

    pub(crate) fn are_enabled(&self) -> bool {
        self.enabled.load(Ordering::Relaxed)
    }

    /// A lock, because a fallback is no part of the path that R22 speaks of.
    pub(crate) fn count(&self, kind: &'static str) {
        let mut counts = lock(&self.counts);
        let known = counts.iter().any(|(known, _)| *known == kind);
        let kind = if known || counts.len() < KINDS_MAX {
            kind
        } else {
            OTHER
        };
        match counts.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((kind, 1)),
        }
    }

    pub(crate) fn counts(&self) -> Vec<(&'static str, u64)> {
        lock(&self.counts).clone()
    }
}
