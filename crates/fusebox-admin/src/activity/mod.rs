//! How much was called in the last hour, how it ended and how long it took: what the charts of the
//! console are drawn from.
//!
//! Every ten seconds the background thread takes the difference of each circuit's counters. Calls
//! pay nothing for it, no call is missed, and it needs neither a recorder nor a metrics server.

mod line;
mod quantiles;
mod routes;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fusebox::{Registry, Tick};

use line::Line;
pub(crate) use routes::routes;

/// One point of a chart.
const EVERY: Duration = Duration::from_secs(10);
/// An hour of them: some 20 KiB for each circuit.
const POINTS_MAX: usize = 360;

/// The last hour of all circuits. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Activity(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    taken_at: Option<Tick>,
    lines: HashMap<&'static str, Line>,
}

impl Activity {
    /// Takes a point of every circuit, when it is time.
    pub(crate) fn tick(&self, registry: &Registry) {
        let now = registry.main().clock().now();
        let mut inner = self.lock();
        let is_due = |then| now.saturating_since(then) >= EVERY;
        if inner.taken_at.is_none_or(is_due) {
            inner.take(registry, now);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn take(&mut self, registry: &Registry, now: Tick) {
        self.taken_at = Some(now);
        let mut old = std::mem::take(&mut self.lines);
        self.lines = registry
            .circuits()
            .into_iter()
            .map(|circuit| {
                let line = old.remove(circuit.name()).map(|mut line| {
                    line.take(circuit, now);
                    line
                });
                let line = line.unwrap_or_else(|| Line::begin(circuit, now));
                (circuit.name(), line)
            })
            .collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusebox::{Author, FailureClass, ManualClock};

    #[test]
    fn a_point_tells_what_was_counted_since_the_one_before() {
        let clock = ManualClock::new();
        let registry = Registry::builder().clock(clock.clone()).build();
        let rag = registry.circuit("rag").expect("a circuit");
        rag.acquire().expect("a call").success();
        let activity = Activity::default();
        activity.tick(&registry);
        for ten_seconds in 0..400 {
            rag.acquire().expect("a call").success();
            if ten_seconds == 399 {
                rag.acquire().expect("a call").failure(FailureClass::Status);
            }
            clock.advance(EVERY);
            activity.tick(&registry);
        }
        clock.advance(EVERY / 2);
        activity.tick(&registry);
        let inner = activity.lock();
        let points: Vec<_> = inner.lines["rag"].points().collect();
        assert_eq!(points.len(), POINTS_MAX, "an hour, and no half point");
        assert_eq!((points[0].success, points[0].failure), (1, 0));
        assert_eq!((points[359].success, points[359].failure), (1, 1));
        assert_eq!(points[359].took, EVERY);
    }

    #[test]
    fn a_circuit_that_is_gone_has_no_line() {
        let clock = ManualClock::new();
        let registry = Registry::builder().clock(clock.clone()).build();
        registry.circuit("rag").expect("a circuit");
        let activity = Activity::default();
        activity.tick(&registry);
        registry.remove("rag", &Author::new("test"));
        clock.advance(EVERY);
        activity.tick(&registry);
        assert!(activity.lock().lines.is_empty());
    }
}
