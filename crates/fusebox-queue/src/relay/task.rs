//! What is done with one leased message, in a task of its own.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use fusebox::{Handle, Keyed, Outcome, PermitOf, Settled};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::builder::Set;
use super::delivery::{AnySink, send, tell_of_no_reply};
use super::settle::settle;
use super::stats::{Counts, RelayWatch};
use super::verdict::{self, Kind, Verdict};
use crate::clock::Millis;
use crate::message::Leased;
use crate::queue::Queue;
use crate::storage::Ending;

/// What all tasks of a relay share.
pub(super) struct Shared {
    pub(super) queue: Queue,
    pub(super) sink: Arc<dyn AnySink>,
    pub(super) set: Set,
    pub(super) watch: RelayWatch,
    pub(super) told: mpsc::UnboundedSender<Told>,
    pub(super) break_off: watch::Sender<bool>,
}

/// The sink has ended with a message: the relay hears it before it is written down.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) sent_at: Instant,
    pub(super) kind: Kind,
    pub(super) rest: Option<Duration>,
}

impl Shared {
    /// Sends a message, settles its permit, tells the relay, and writes it down. A sink that does
    /// not reply hears of that first: what it stops is stopped before the relay goes on.
    pub(super) async fn carry<H: Handle>(
        self: Arc<Self>,
        leased: Leased,
        mut permit: PermitOf<Keyed<H>>,
    ) {
        let sent_at = Instant::now();
        let break_off = self.break_off.subscribe();
        let (sink, timeout) = (self.sink.as_ref(), self.set.timeout);
        let sent = send(sink, &leased, &mut permit, timeout, break_off).await;
        let took = sent_at.elapsed();
        tell_of_no_reply(sink, &leased, &sent).await;
        let verdict = verdict::of(sent, &leased, &self.queue, permit.is_trial());
        let counts = self.watch.counts();
        settle_permit(permit, &verdict, took, counts);
        counts.in_flight.fetch_sub(1, Relaxed);
        count(counts, verdict.kind);
        // Where each key has a circuit of its own, it is the key that rests.
        let is_own_rest = self.set.branch(&leased).is_some();
        // Nobody listens any more once the relay has ended.
        let _ = self.told.send(Told {
            sent_at,
            kind: verdict.kind,
            rest: verdict.rest.filter(|_| !is_own_rest),
        });
        self.write_down(&leased, verdict.ending).await;
    }

    /// Gives a message back that was not sent.
    pub(super) async fn put_off(self: Arc<Self>, leased: Leased, due: Option<Millis>) {
        self.watch.counts().deferred.fetch_add(1, Relaxed);
        let ending = Ending::Deferred {
            due,
            uncertain: false,
        };
        self.write_down(&leased, ending).await;
    }

    async fn write_down(&self, leased: &Leased, ending: Ending) {
        // Counted from now: rather a try too many than a message sent twice.
        let until = Instant::now() + self.set.lease_for();
        settle(&self.queue, leased, ending, &self.watch, until).await;
    }
}

/// The own call is counted before the breaker counts it, and taken back if it did not: see
/// `live_calls`.
fn settle_permit<H: Handle>(
    permit: PermitOf<Keyed<H>>,
    verdict: &Verdict,
    took: Duration,
    counts: &Counts,
) {
    let own: Option<&AtomicI64> = match verdict.outcome {
        Outcome::Success => Some(&counts.own_good),
        Outcome::Failure(_) => Some(&counts.own_bad),
        Outcome::Ignored => None,
    };
    if let Some(own) = own {
        own.fetch_add(1, Relaxed);
    }
    let settled = permit.settle(verdict.settlement().took(took));
    if let Some(own) = own
        && settled != Settled::Recorded
    {
        own.fetch_sub(1, Relaxed);
    }
}

fn count(counts: &Counts, kind: Kind) {
    let add = |count: &std::sync::atomic::AtomicU64| {
        count.fetch_add(1, Relaxed);
    };
    match kind {
        Kind::Delivered => add(&counts.delivered),
        Kind::Failed => add(&counts.failed),
        Kind::Exhausted => {
            add(&counts.failed);
            add(&counts.exhausted);
        }
        Kind::Panicked => {
            add(&counts.failed);
            add(&counts.panics);
        }
        Kind::Refused => add(&counts.refused),
        Kind::Throttled => add(&counts.throttled),
        Kind::BrokenOff => add(&counts.deferred),
    }
}
