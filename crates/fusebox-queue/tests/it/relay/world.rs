//! One time for everything: the queue's clock, the breaker's and tokio's move together, in steps.
//!
//! The queue's threads are real. A blocking task that waits keeps tokio's time from running on by
//! itself while they work; the test moves it once nothing happens any more.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use fusebox::testing::ManualClock;
use fusebox::{Builder, CircuitBreaker, FailureClass, Rate};
use fusebox_queue::relay::{Relay, RelayBuilder, RelayHandle, RelayStats};
use fusebox_queue::sink::{Reply, Sink};
use fusebox_queue::{
    Leased, ManualWallClock, MessageId, NewMessage, Queue, QueueSettings, Queues, Record,
};
use tokio::time::Instant;

use crate::face::begin;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const STEP: Duration = Duration::from_millis(10);

pub(crate) struct World {
    pub(crate) clock: ManualWallClock,
    pub(crate) breaker_clock: ManualClock,
    pub(crate) queues: Queues,
    pub(crate) queue: Queue,
    pub(crate) breaker: Arc<CircuitBreaker>,
    begun: Instant,
    _keeps_time: mpsc::Sender<()>,
}

impl World {
    /// A circuit that opens at the third failure in a row, for ten seconds; one success closes it.
    pub(crate) fn new() -> Self {
        Self::with(|breaker| breaker, QueueSettings::default())
    }

    pub(crate) fn with(set: impl FnOnce(Builder) -> Builder, settings: QueueSettings) -> Self {
        let (keeps_time, waits) = mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || waits.recv());
        let clock = ManualWallClock::new(begin());
        let queues = Queues::builder().clock(clock.clone()).in_memory().unwrap();
        let queue = queues.queue("receipts", settings).unwrap();
        let breaker_clock = ManualClock::new();
        let breaker = CircuitBreaker::builder("ofd")
            .clock(breaker_clock.clone())
            .consecutive_failures(3)
            .open_for(10 * SECOND)
            .backoff(1.0)
            .jitter(Rate::ZERO)
            .half_open_successes(1);
        Self {
            clock,
            breaker_clock,
            queues,
            queue,
            breaker: Arc::new(set(breaker).build().unwrap()),
            begun: Instant::now(),
            _keeps_time: keeps_time,
        }
    }

    pub(crate) fn relay(&self) -> RelayBuilder<Arc<CircuitBreaker>> {
        Relay::builder(self.queue.clone(), Arc::clone(&self.breaker))
    }

    pub(crate) async fn push(&self, key: Option<&str>, body: impl Into<String>) -> MessageId {
        let message = NewMessage {
            key: key.map(str::to_owned),
            ..NewMessage::new(body.into())
        };
        self.queue.push(message).await.unwrap().id
    }

    pub(crate) async fn record(&self, id: MessageId) -> Record {
        self.queues.message(id).await.unwrap().unwrap()
    }

    /// The time since the world began.
    pub(crate) fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Lets so much time pass, and everything happen that falls into it.
    pub(crate) async fn run_for(&self, relay: &RelayHandle, time: Duration) {
        let end = Instant::now() + time;
        self.calm(relay).await;
        while Instant::now() < end {
            self.step(relay).await;
        }
    }

    /// One step of time.
    pub(crate) async fn step(&self, relay: &RelayHandle) {
        self.clock.advance(STEP);
        self.breaker_clock.advance(STEP);
        tokio::time::advance(STEP).await;
        self.calm(relay).await;
    }

    /// Steps until it is so; panics after an hour of virtual time.
    pub(crate) async fn until(&self, relay: &RelayHandle, is_so: impl Fn(&RelayStats) -> bool) {
        let end = Instant::now() + 3600 * SECOND;
        self.calm(relay).await;
        while !is_so(&relay.stats()) {
            assert!(Instant::now() < end, "never: {:?}", relay.stats());
            self.step(relay).await;
        }
    }

    /// Until nothing happens any more at this instant.
    async fn calm(&self, relay: &RelayHandle) {
        let mut before = None;
        loop {
            for _ in 0..5 {
                tokio::task::yield_now().await;
            }
            // What was asked of the writer before this is answered before it.
            let _ = self.queue.lease(0, SECOND).await;
            let stats = self.queue.stats();
            let now = (
                relay.stats(),
                stats.delivered,
                stats.deferred,
                stats.retried,
            );
            if before.as_ref() == Some(&now) {
                return;
            }
            before = Some(now);
        }
    }
}

/// What a sink got: when, since the world began; the key; the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Got {
    pub(crate) at: Duration,
    pub(crate) key: Option<String>,
    pub(crate) body: String,
    pub(crate) id: MessageId,
}

/// How many it has at once, had at most, and has of each key.
type Busy = (usize, usize, BTreeMap<String, usize>);

type Replies = dyn Fn(&Leased, Duration) -> Reply + Send + Sync;

/// A sink that notes what it gets and replies what the test says, after some time.
#[derive(Clone)]
pub(crate) struct Fake {
    begun: Instant,
    takes: Duration,
    got: Arc<Mutex<Vec<Got>>>,
    /// How many it has at once, and had at most; by key too.
    busy: Arc<Mutex<Busy>>,
    reply: Arc<Replies>,
}

impl Fake {
    pub(crate) fn new(
        world: &World,
        takes: Duration,
        reply: impl Fn(&Leased, Duration) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self {
            begun: world.begun,
            takes,
            got: Arc::default(),
            busy: Arc::default(),
            reply: Arc::new(reply),
        }
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        self.got().into_iter().map(|got| got.body).collect()
    }

    pub(crate) fn busy_max(&self) -> usize {
        self.busy.lock().unwrap().1
    }
}

impl Sink for Fake {
    async fn deliver(&self, message: &Leased) -> Reply {
        let now = self.begun.elapsed();
        self.got.lock().unwrap().push(Got {
            at: now,
            key: message.key.clone(),
            body: String::from_utf8(message.body.to_vec()).unwrap(),
            id: message.id,
        });
        {
            let mut busy = self.busy.lock().unwrap();
            busy.0 += 1;
            busy.1 = busy.1.max(busy.0);
            if let Some(key) = &message.key {
                let of_key = busy.2.entry(key.clone()).or_default();
                *of_key += 1;
                assert_eq!(*of_key, 1, "two of {key} at once");
            }
        }
        // Decided when it comes, as a receiver does that is too busy.
        let reply = (self.reply)(message, now);
        // tidy-allow(sleep): in tokio's paused time
        tokio::time::sleep(self.takes).await;
        let mut busy = self.busy.lock().unwrap();
        busy.0 -= 1;
        if let Some(of_key) = message.key.as_ref().and_then(|key| busy.2.get_mut(key)) {
            *of_key -= 1;
        }
        reply
    }
}

/// A failure that surely did not arrive.
pub(crate) fn down() -> Reply {
    Reply::failed(FailureClass::Status, "out of paper")
}
