//! How fast the relay may send: a slow start, then up gently and down by halves.
//!
//! Pure: time comes in as an argument, counted from the relay's start. How the rate moves:
//!
//! - It begins at [`Pace::start`], and begins there again after the circuit was open and after
//!   half a minute in which nothing was sent.
//! - It doubles every [`Pace::double_every`], steadily, until the first trouble; from half of the
//!   rate that had trouble on it only probes: a sixteenth of itself in the same time, at least
//!   [`Pace::start`], and a thirty-second while it is near the rate that had
//!   trouble. It grows only while it is what holds the relay back and is used: a rate that nobody
//!   tried is no knowledge.
//! - Trouble is a failure, a throttle, or a failure of live traffic. It halves the rate, once per
//!   round trip: what was sent before the last halving says nothing about the rate after it. There
//!   is no growth until an interval has passed without trouble. One failure in a hundred good
//!   answers is forgiven: a receiver that refuses one odd message is not overloaded.
//!
//! **The bound.** A receiver that fails what is above R per second, measured over a time w, and
//! answers within d, is not driven above R for longer than d + w and the time of two failures;
//! meanwhile the rate is at most `R * 2^(t / double_every)`, t being that same time. One that
//! becomes weaker at once, so that it can take R of the rate r, is relieved after
//! `log2(r / R) + 1` round trips and w.

mod live;

use std::time::Duration;

use thiserror::Error;

use live::Live;

/// How fast a relay may send.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Pace {
    /// Messages per second at the start and after an outage. Default 10; above 0.
    pub start: f64,
    /// The time in which the rate doubles until the first trouble. Default 2 s; above 0.
    pub double_every: Duration,
    /// Messages per second at most. Default none; at least `start`.
    pub rate_max: Option<f64>,
    /// The share of what the receiver can take that is left to live traffic through the same
    /// breaker, while there is some. Default 0.5; 0 to 1.
    pub live_share: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            start: 10.0,
            double_every: Duration::from_secs(2),
            rate_max: None,
            live_share: 0.5,
        }
    }
}

/// A pace that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("pace: {field}: {allowed}")]
pub struct PaceError {
    /// The field.
    pub field: &'static str,
    /// What is allowed.
    pub allowed: &'static str,
}

impl Pace {
    /// Sets the rate at the start.
    #[must_use]
    pub const fn start(mut self, per_second: f64) -> Self {
        self.start = per_second;
        self
    }

    /// Sets the time in which the rate doubles.
    #[must_use]
    pub const fn double_every(mut self, time: Duration) -> Self {
        self.double_every = time;
        self
    }

    /// Sets the greatest rate.
    #[must_use]
    pub const fn rate_max(mut self, per_second: f64) -> Self {
        self.rate_max = Some(per_second);
        self
    }

    /// Sets what is left to live traffic.
    #[must_use]
    pub const fn live_share(mut self, share: f64) -> Self {
        self.live_share = share;
        self
    }

    /// Whether it can be.
    ///
    /// # Errors
    /// The first field that cannot.
    pub fn check(&self) -> Result<(), PaceError> {
        let refuse = |field, allowed| Err(PaceError { field, allowed });
        if !(self.start > 0.0 && self.start <= RATE_MAX) {
            return refuse("start", "above 0, at most 1e9");
        }
        if self.double_every.is_zero() {
            return refuse("double_every", "above 0");
        }
        // As a range, so that what is no number is refused too.
        let may_be = self.start..=f64::INFINITY;
        if self.rate_max.is_some_and(|max| !may_be.contains(&max)) {
            return refuse("rate_max", "at least start");
        }
        if !(0.0..=1.0).contains(&self.live_share) {
            return refuse("live_share", "0 to 1");
        }
        Ok(())
    }
}

/// No rate is greater: keeps the arithmetic far from infinity.
const RATE_MAX: f64 = 1e9;
/// How much may go at once after a pause of any length: 20 ms' worth, so that a burst is no rate.
const BURST_SECONDS: f64 = 0.02;
/// Unused for so long, a rate is no knowledge any more.
const STALE_AFTER: Duration = Duration::from_secs(30);
/// The rate is never below this part of the start: the relay always finds out again.
const FLOOR: f64 = 0.1;
/// It grows only if so much of it was used lately. A steady backlog that doubles its rate uses
/// `1 / (1 + ln 2)`, 59 %, of it by this measure, which lags behind.
const USED: f64 = 0.4;
/// The part of itself that a probing rate grows by while it would have doubled.
const PROBE: f64 = 1.0 / 16.0;
/// What is near the rate that had trouble last, as parts of it.
const STRAIN: (f64, f64) = (0.95, 1.25);
/// So many good answers make up for one failure.
const FORGIVEN_PER_GOOD: f64 = 0.01;

/// What ended since the last look, as the breaker counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ended {
    /// Live calls that went well.
    pub(super) live_good: u64,
    /// Live calls that failed.
    pub(super) live_bad: u64,
    /// The relay's own that went well.
    pub(super) own_good: u64,
}

/// The rate and what it was learned from.
#[derive(Debug)]
pub(super) struct Pacer {
    pace: Pace,
    rate: f64,
    /// Up to this rate it doubles, from here on it probes.
    threshold: f64,
    /// The rate that had trouble last; 0: none had.
    strained: f64,
    tokens: f64,
    filled_at: Duration,
    /// More was wanted than the rate allowed.
    is_pressed: bool,
    /// What was sent per second, a mean that forgets within `double_every`.
    used: f64,
    sent_at: Duration,
    cut_at: Option<Duration>,
    troubled_at: Option<Duration>,
    rests_until: Duration,
    forgiveness: f64,
    live: Live,
}

impl Pacer {
    /// Begins at `now`, slowly.
    pub(super) fn new(pace: Pace, now: Duration) -> Self {
        Self {
            pace,
            rate: pace.start,
            threshold: RATE_MAX,
            strained: 0.0,
            tokens: 1.0,
            filled_at: now,
            is_pressed: false,
            used: pace.start,
            sent_at: now,
            cut_at: None,
            troubled_at: None,
            rests_until: now,
            forgiveness: 0.0,
            live: Live::new(pace.live_share, now),
        }
    }

    /// Messages per second that are allowed.
    pub(super) fn rate(&self) -> f64 {
        self.rate
    }

    /// Begins again slowly: the receiver was away, and what it can take now nobody knows.
    pub(super) fn restart(&mut self, now: Duration) {
        // What it had come to without new trouble is safe to double up to.
        self.threshold = self.threshold.max(self.rate);
        self.rate = self.pace.start;
        self.tokens = 1.0;
        self.is_pressed = false;
        self.used = self.pace.start;
        self.filled_at = now;
        self.sent_at = now;
    }

    /// How many of `want` may go now. They count as sent.
    pub(super) fn take(&mut self, now: Duration, want: usize) -> usize {
        if now.saturating_sub(self.sent_at) >= STALE_AFTER {
            self.restart(now);
        }
        self.fill(now);
        if now < self.rests_until {
            return 0;
        }
        let there = self.tokens.floor().max(0.0);
        let taken = whole(there).min(want);
        self.tokens -= count(taken);
        self.used += self.share_of_mean(taken);
        self.is_pressed = taken < want;
        if taken > 0 {
            self.sent_at = now;
        }
        taken
    }

    /// So many of those taken had no message: it is not the rate that holds the relay back.
    pub(super) fn give_back(&mut self, unused: usize) {
        if unused > 0 {
            self.tokens = (self.tokens + count(unused)).min(self.burst());
            self.used = (self.used - self.share_of_mean(unused)).max(0.0);
            self.is_pressed = false;
        }
    }

    /// How long until one more may go.
    pub(super) fn wait(&self, now: Duration) -> Duration {
        let rests = self.rests_until.saturating_sub(now);
        let missing = (1.0 - self.tokens).max(0.0) / self.rate;
        let since = now.saturating_sub(self.filled_at);
        rests.max(Duration::from_secs_f64(missing.min(3600.0)).saturating_sub(since))
    }

    /// One that was sent arrived.
    pub(super) fn good(&mut self) {
        self.forgive(1);
    }

    /// One that was sent at `sent_at` failed.
    pub(super) fn failed(&mut self, sent_at: Duration, now: Duration) {
        if self.forgiveness >= 1.0 {
            self.forgiveness -= 1.0;
        } else {
            self.trouble(sent_at, now);
        }
    }

    /// One that was sent at `sent_at` came too fast for the receiver; it says so itself.
    pub(super) fn throttled(&mut self, sent_at: Duration, now: Duration) {
        self.trouble(sent_at, now);
    }

    /// Nothing goes until then: the receiver asked for it.
    pub(super) fn rest(&mut self, until: Duration) {
        self.rests_until = self.rests_until.max(until);
    }

    /// What ended in the `span` before `now`.
    pub(super) fn ended(&mut self, now: Duration, span: Duration, ended: Ended) {
        self.forgive(ended.live_good);
        self.live.seen(now, ended);
        let begin = now.saturating_sub(span);
        for _ in 0..ended.live_bad.min(100) {
            // When they began nobody knows: at most one halving in each span.
            self.failed(begin, now);
        }
        let is_well = self.troubled_at.is_none_or(|at| at < begin);
        if is_well {
            self.live.went_well(span, ended);
        }
        self.keep_share(now);
    }

    fn trouble(&mut self, sent_at: Duration, now: Duration) {
        self.fill(now);
        self.troubled_at = Some(now);
        self.forgiveness = 0.0;
        if self.cut_at.is_some_and(|cut| sent_at < cut) {
            return;
        }
        self.cut_at = Some(now);
        self.live.troubled(now);
        self.strained = self.rate;
        self.rate = (self.rate / 2.0).max(self.floor());
        self.threshold = self.rate;
        self.tokens = self.tokens.min(1.0);
        self.keep_share(now);
    }

    fn keep_share(&mut self, now: Duration) {
        if let Some(share) = self.live.share(now) {
            self.rate = self.rate.min(share.max(self.floor()));
        }
    }

    fn forgive(&mut self, good: u64) {
        let more = count_of(good) * FORGIVEN_PER_GOOD;
        self.forgiveness = (self.forgiveness + more).min(1.0);
    }

    fn fill(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.filled_at);
        self.filled_at = self.filled_at.max(now);
        self.grow(now, passed);
        self.used *= (-self.intervals(passed)).exp();
        let filled = self.tokens + self.rate * passed.as_secs_f64();
        self.tokens = filled.min(self.burst());
    }

    fn grow(&mut self, now: Duration, passed: Duration) {
        let every = self.pace.double_every;
        let is_calm = |at: Duration| now.saturating_sub(at) >= every;
        let is_tried = self.is_pressed && self.used >= self.rate * USED;
        if !is_tried || !self.troubled_at.is_none_or(is_calm) {
            return;
        }
        let doublings = self.intervals(passed);
        let doubles_to = self.live.known(now).map_or(self.threshold, |share| {
            self.threshold.min(share.max(self.pace.start))
        });
        if self.rate < doubles_to {
            self.rate = (self.rate * doublings.exp2()).min(doubles_to);
        } else {
            let is_near = STRAIN.0 * self.strained..=STRAIN.1 * self.strained;
            let step = if is_near.contains(&self.rate) {
                self.rate * PROBE / 2.0
            } else {
                (self.rate * PROBE).max(self.pace.start)
            };
            self.rate += step * doublings;
        }
        let max = self.pace.rate_max.unwrap_or(RATE_MAX);
        self.rate = self.rate.min(max);
        self.keep_share(now);
    }

    fn intervals(&self, time: Duration) -> f64 {
        time.as_secs_f64() / self.pace.double_every.as_secs_f64()
    }

    fn share_of_mean(&self, messages: usize) -> f64 {
        count(messages) / self.pace.double_every.as_secs_f64()
    }

    fn burst(&self) -> f64 {
        (self.rate * BURST_SECONDS).max(1.0)
    }

    fn floor(&self) -> f64 {
        self.pace.start * FLOOR
    }
}

/// A count as the arithmetic of rates needs it: exact far beyond any number of messages at once.
#[allow(clippy::cast_precision_loss)]
fn count(messages: usize) -> f64 {
    messages as f64
}

#[allow(clippy::cast_precision_loss)]
fn count_of(calls: u64) -> f64 {
    calls as f64
}

/// A whole number of tokens; never negative, at most a burst.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole(tokens: f64) -> usize {
    tokens as usize
}

#[cfg(test)]
mod tests;
