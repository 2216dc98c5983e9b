//! How the last reading of the settings went: facts for the metrics.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use fusebox_telemetry::{Fact, Facts};

/// Whether the last reading was taken over, and when one was.
#[derive(Debug)]
pub(super) struct ReloadOutcome(Mutex<(bool, SystemTime)>);

impl ReloadOutcome {
    /// The reading at the start, without which there is no process.
    pub(super) fn taken() -> Self {
        Self(Mutex::new((true, SystemTime::now())))
    }

    /// One was taken over now.
    pub(super) fn take(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (true, SystemTime::now());
    }

    /// One was refused; the settings before stay.
    pub(super) fn refuse(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 = false;
    }
}

impl Facts for ReloadOutcome {
    fn facts(&self, visit: &mut dyn FnMut(Fact)) {
        let (success, at) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        visit(Fact::ConfigLastReloadSuccess(success));
        visit(Fact::ConfigLastReload(at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(outcome: &ReloadOutcome) -> Vec<Fact> {
        let mut seen = Vec::new();
        outcome.facts(&mut |fact| seen.push(fact));
        seen
    }

    #[test]
    fn a_refused_reading_keeps_the_time_of_the_one_in_force() {
        let outcome = ReloadOutcome::taken();
        let before = seen(&outcome);
        assert_eq!(before[0], Fact::ConfigLastReloadSuccess(true));
        outcome.refuse();
        assert_eq!(
            seen(&outcome),
            [Fact::ConfigLastReloadSuccess(false), before[1]]
        );
        outcome.take();
        assert_eq!(seen(&outcome)[0], Fact::ConfigLastReloadSuccess(true));
    }
}
