//! What is left to live traffic: a share of what the receiver can take.
//!
//! What it can take is known when there is trouble: then it is the greatest rate, live calls and
//! the relay's together, that went well lately. For a minute after trouble the relay keeps to its
//! share of that; as long as there was none, it doubles up to its share of what has gone well and
//! probes beyond, so that a trickle of live calls does not hold a backlog for days.

use std::time::Duration;

use super::{Ended, count_of};

/// Live traffic flows while its last call is not older.
const FLOWS_FOR: Duration = Duration::from_secs(10);
/// How long trouble is remembered as the receiver's limit.
const KNOWN_FOR: Duration = Duration::from_secs(60);
/// What went well counts less with every look: to a half after 14.
const FADES: f64 = 0.95;

#[derive(Debug)]
pub(super) struct Live {
    /// The relay's share.
    share: f64,
    /// The greatest rate that went well lately, live and own.
    well: f64,
    /// The same when there was trouble: all that the receiver can take.
    limit: f64,
    limit_until: Duration,
    seen_at: Option<Duration>,
}

impl Live {
    pub(super) fn new(live_share: f64, now: Duration) -> Self {
        Self {
            share: 1.0 - live_share,
            well: 0.0,
            limit: 0.0,
            limit_until: now,
            seen_at: None,
        }
    }

    pub(super) fn seen(&mut self, now: Duration, ended: Ended) {
        if ended.live_good + ended.live_bad > 0 {
            self.seen_at = Some(now);
        }
    }

    /// Without trouble in this span. A span in which nothing ended tells nothing.
    pub(super) fn went_well(&mut self, span: Duration, ended: Ended) {
        let good = ended.live_good + ended.own_good;
        if good > 0 && !span.is_zero() {
            let rate = count_of(good) / span.as_secs_f64();
            self.well = rate.max(self.well * FADES);
        }
    }

    pub(super) fn troubled(&mut self, now: Duration) {
        if self.well > 0.0 {
            self.limit = self.well;
            self.limit_until = now + KNOWN_FOR;
        }
    }

    /// What the relay may send at most; `None`: no live traffic flows, or no limit is known.
    pub(super) fn share(&self, now: Duration) -> Option<f64> {
        let is_limited = now < self.limit_until && self.flows(now);
        is_limited.then(|| self.limit.max(self.well) * self.share)
    }

    /// The relay's share of what has gone well so far; `None`: no live traffic flows.
    pub(super) fn known(&self, now: Duration) -> Option<f64> {
        self.flows(now).then_some(self.well * self.share)
    }

    fn flows(&self, now: Duration) -> bool {
        let is_recent = |at: Duration| now.saturating_sub(at) < FLOWS_FOR;
        self.seen_at.is_some_and(is_recent)
    }
}
