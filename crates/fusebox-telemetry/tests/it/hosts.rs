//! Breakers to scrape, on a clock that the test moves.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use fusebox::{Builder, CircuitBreaker, ManualClock, Rate, Reading, Source, WindowSize};
use fusebox_telemetry::{Classic, Fact, Facts, Names, OpenMetrics, QueueFact};

pub(crate) const CLASSIC: Classic = Classic::new(Names::Standard);
pub(crate) const OPEN_METRICS: OpenMetrics = OpenMetrics::new(Names::Standard);

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
                durations: breaker.durations().as_ref(),
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

const COMMIT_TIMES: [Duration; 9] = [
    Duration::from_micros(100),
    Duration::from_micros(300),
    Duration::from_millis(1),
    Duration::from_millis(3),
    Duration::from_millis(10),
    Duration::from_millis(30),
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_secs(1),
];

/// A host that knows every fact.
pub(crate) struct Host;

impl Facts for Host {
    fn facts(&self, visit: &mut dyn FnMut(Fact)) {
        let requests = |role, action, code, count| Fact::AdminRequests {
            role,
            action,
            code,
            count,
        };
        let loaded_at = UNIX_EPOCH + Duration::from_millis(1_735_689_000_500);
        visit(Fact::ConfigLastReloadSuccess(false));
        visit(Fact::ConfigLastReload(loaded_at));
        visit(requests("operator", "hold", 200, 3));
        visit(requests("viewer", "hold", 403, 1));
        visit(requests("none", "read", 401, 2));
        visit(Fact::StreamClients(2));
        visit(Fact::StoreWrites(17));
        visit(Fact::StoreFailures(1));
        visit(Fact::StorePending(4));
        visit(Fact::StoreLag(Duration::from_millis(250)));
        visit(Fact::StoreHealthy(true));
        visit(Fact::QueueCommits {
            bounds: &COMMIT_TIMES,
            counts: [0, 3, 40, 2, 0, 0, 1, 0, 0, 1],
            sum: Duration::from_micros(2_250_500),
        });
        visit(Fact::QueueCommitFailures(2));
        visit(Fact::QueueWalBytes(4096));
        visit(Fact::QueueDiskFree(1 << 40));
        visit(Fact::QueueStorageHealthy(true));
    }

    fn queues(&self, visit: &mut dyn FnMut(&str, QueueFact)) {
        let mut receipts = |fact| visit("receipts", fact);
        for (state, messages) in [("waiting", 40), ("leased", 2), ("dead", 1)] {
            receipts(QueueFact::Depth { state, messages });
        }
        receipts(QueueFact::Bytes(51_200));
        receipts(QueueFact::OldestAge(Duration::from_millis(61_500)));
        receipts(QueueFact::LimitMessages(100_000));
        receipts(QueueFact::LimitBytes(1 << 30));
        receipts(QueueFact::Paused(false));
        receipts(QueueFact::PausedGroups(1));
        receipts(QueueFact::Stranded(6));
        receipts(QueueFact::Pushed(9000));
        for (reason, count) in [("messages", 7), ("disk_full", 0)] {
            receipts(QueueFact::Rejected { reason, count });
        }
        receipts(QueueFact::Delivered(8950));
        receipts(QueueFact::Failed(12));
        receipts(QueueFact::Retries(11));
        receipts(QueueFact::Deferred(30));
        receipts(QueueFact::Crashed(1));
        for (reason, count) in [("refused", 4), ("attempts", 1)] {
            receipts(QueueFact::DeadLetters { reason, count });
        }
        receipts(QueueFact::DrainRate(12.5));
        // One that nobody has pushed to yet has no oldest message.
        visit("events", QueueFact::Paused(true));
    }
}
