//! Breakers to scrape, on a clock that the test moves.

use std::sync::Arc;
use std::time::Duration;

use fusebox::{Builder, CircuitBreaker, ManualClock, Rate, Reading, Source, WindowSize};

/// Breakers of one service, each with the same fallbacks.
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) breakers: Vec<Arc<CircuitBreaker>>,
    pub(crate) fallbacks: Vec<(&'static str, u64)>,
}

impl Source for Service {
    fn read(&self, visit: &mut dyn FnMut(&Reading<'_>)) {
        for breaker in &self.breakers {
            let snapshot = breaker.snapshot();
            let (service, fallbacks) = (self.name, self.fallbacks.as_slice());
            visit(&Reading {
                service,
                snapshot: &snapshot,
                fallbacks,
                durations: None,
            });
        }
    }
}

/// Opens at 2 failures in a row for 10 s, doubling; slow above 2 s; rates from 4 calls on.
pub(crate) fn breaker(name: &str, clock: &ManualClock) -> Builder {
    CircuitBreaker::builder(name)
        .consecutive_failures(2)
        .slow_call_rate(percent(80.0))
        .slow_call_duration(secs(2))
        .window(WindowSize::Calls(10))
        .minimum_calls(4)
        .open_for(secs(10))
        .jitter(percent(0.0))
        .half_open_successes(1)
        .clock(clock.clone())
}

pub(crate) fn built(builder: Builder) -> Arc<CircuitBreaker> {
    Arc::new(builder.build().expect("settings that are right"))
}

pub(crate) fn percent(percent: f64) -> Rate {
    Rate::percent(percent).expect("a rate")
}

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}
