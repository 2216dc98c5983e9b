//! What queues and relays tell in the metrics.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use fusebox_queue::relay::RelayWatch;
use fusebox_queue::{Queue, QueuesStats};
use fusebox_telemetry::{Fact, Facts, QueueFact};

use crate::desk::FindQueues;

/// The queues of the host.
pub(crate) struct Queued(pub(crate) FindQueues);

impl Facts for Queued {
    fn facts(&self, visit: &mut dyn FnMut(Fact)) {
        let Some(queues) = (self.0)() else {
            return;
        };
        let stats = queues.stats();
        visit(Fact::QueueCommits {
            bounds: &QueuesStats::COMMIT_TIMES,
            counts: stats.commit_times,
            sum: stats.commit_time,
        });
        visit(Fact::QueueCommitFailures(stats.failures));
        visit(Fact::QueueWalBytes(stats.wal_bytes));
        if let Some(free) = stats.free_bytes {
            visit(Fact::QueueDiskFree(free));
        }
        visit(Fact::QueueStorageHealthy(stats.is_healthy));
    }

    fn queues(&self, visit: &mut dyn FnMut(&str, QueueFact)) {
        if let Some(queues) = (self.0)() {
            for queue in queues.list() {
                tell(&queue, &mut |fact| visit(queue.name(), fact));
            }
        }
    }
}

fn tell(queue: &Queue, visit: &mut dyn FnMut(QueueFact)) {
    let (stats, settings) = (queue.stats(), queue.settings());
    // Both are of about now, not of one instant.
    let waiting = stats.depth.saturating_sub(stats.in_flight);
    for (state, messages) in [
        ("waiting", waiting),
        ("leased", stats.in_flight),
        ("dead", stats.dead_letters),
    ] {
        visit(QueueFact::Depth { state, messages });
    }
    visit(QueueFact::Bytes(stats.bytes));
    if let Some(oldest) = stats.oldest {
        let now = u64::try_from(queue.now()).unwrap_or_default();
        let now = UNIX_EPOCH + Duration::from_millis(now);
        let age = now.duration_since(oldest).unwrap_or_default();
        visit(QueueFact::OldestAge(age));
    }
    visit(QueueFact::LimitMessages(settings.messages_max));
    visit(QueueFact::LimitBytes(settings.bytes_max));
    visit(QueueFact::Paused(queue.is_paused()));
    visit(QueueFact::PausedGroups(stats.paused_groups));
    visit(QueueFact::Pushed(stats.pushed));
    let rejected = stats.rejected;
    for (reason, count) in [
        ("messages", rejected.messages),
        ("bytes", rejected.bytes),
        ("too_large", rejected.too_large),
        ("mismatch", rejected.mismatch),
        ("disk_full", rejected.disk_full),
        ("busy", rejected.busy),
        ("failed", rejected.failed),
    ] {
        visit(QueueFact::Rejected { reason, count });
    }
    visit(QueueFact::Delivered(stats.delivered));
    visit(QueueFact::Retries(stats.retried));
    visit(QueueFact::Deferred(stats.deferred));
    visit(QueueFact::Crashed(stats.crashed));
    let dead = stats.dead;
    for (reason, count) in [
        ("refused", dead.refused),
        ("attempts", dead.attempts),
        ("crashes", dead.crashes),
        ("expired", dead.expired),
        ("corrupt", dead.corrupt),
    ] {
        visit(QueueFact::DeadLetters { reason, count });
    }
}

/// Finds the relays of the host.
pub(crate) type FindRelays = Arc<dyn Fn() -> Vec<RelayWatch> + Send + Sync>;

/// The relays that drain them.
pub(crate) struct Relayed(pub(crate) FindRelays);

impl Facts for Relayed {
    fn facts(&self, _: &mut dyn FnMut(Fact)) {}

    fn queues(&self, visit: &mut dyn FnMut(&str, QueueFact)) {
        for relay in (self.0)() {
            let stats = relay.stats();
            visit(&stats.queue, QueueFact::Failed(stats.failed));
            visit(&stats.queue, QueueFact::DrainRate(stats.rate));
        }
    }
}
