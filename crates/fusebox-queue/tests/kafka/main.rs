//! The Kafka publisher against a broker of Apache Kafka, which each test starts for itself. What
//! arrived is read back with Kafka's own consumer, which has no code in common with librdkafka.
//!
//! `scripts/kafka install`, and then
//! `cargo test -p fusebox-queue --all-features --test kafka`; or `scripts/test --only kafka`. It
//! needs Java; without it or the jars every test fails and says so. Not part of a plain
//! `cargo test`, which needs no service.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // what a test may do
#![allow(clippy::print_stdout)] // the figures of a run
#![allow(clippy::disallowed_methods)] // a broker lives in real time

mod arrived;
mod broker;
mod lives;
mod outage;
mod plain;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fusebox::{CircuitBreaker, Rate};
use fusebox_queue::kafka::{Event, KafkaPublisher, PublishError, Published, Publishing};
use fusebox_queue::relay::Pace;
use fusebox_queue::sink::KafkaSettings;
use fusebox_queue::{Deaths, Queue, QueueSettings, Queues};

/// For everything that is waited for, on a machine that does other work, too.
const BOUND: Duration = Duration::from_secs(300);
const SECOND: Duration = Duration::from_secs(1);
const TOPIC: &str = "events";
const KEYS: u32 = 50;

/// A folder of the test's own, gone with the value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("fusebox-kafka-{}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left of it harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The team's settings of system B, with an opening of a second.
fn breaker() -> Arc<CircuitBreaker> {
    let breaker = CircuitBreaker::builder("orchestrator.kafka_publisher")
        .consecutive_failures(10)
        .open_for(SECOND)
        .backoff(1.0)
        .jitter(Rate::ZERO)
        .half_open_successes(2);
    Arc::new(breaker.build().expect("a breaker"))
}

/// A queue in a file, which outlives its process.
fn queue(folder: &Folder, settings: QueueSettings) -> Queue {
    let queues = Queues::open(folder.0.join("queue.db")).expect("the queue opens");
    queues.queue("events", settings).expect("a fine queue")
}

/// A publisher whose records have two seconds.
fn publisher(servers: &str, queue: &Queue) -> KafkaPublisher {
    let settings = KafkaSettings::new(servers).timeout(2 * SECOND);
    let builder = KafkaPublisher::builder(settings);
    let builder = builder.fallback(breaker(), queue.clone());
    let fast = Pace::default().start(2000.0);
    builder.pace(fast).start().expect("it starts")
}

/// The numbered event: its body is the number, and its key has every fiftieth.
fn event(number: u32) -> Event {
    let event = Event::new(TOPIC, number.to_string()).id(format!("id-{number}"));
    event.key(format!("k{}", number % KEYS))
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(BOUND, future).await;
    done.expect("it took far too long")
}

/// Until nothing waits; nothing died.
async fn is_drained(queue: &Queue) {
    let drained = async {
        let mut changes = queue.changed();
        while queue.stats().depth > 0 {
            changes.next().await;
        }
    };
    soon(drained).await;
    assert_eq!(queue.stats().dead, Deaths::default());
}

/// Every event at least once, and the first of each in the order of its key.
fn check(arrived: &[arrived::Arrived], expected: impl IntoIterator<Item = u32>) -> BTreeSet<u32> {
    let mut seen = BTreeSet::new();
    let mut repeats = BTreeSet::new();
    let mut last: BTreeMap<&str, u32> = BTreeMap::new();
    for one in arrived {
        assert_eq!(one.id, format!("id-{}", one.number));
        assert_eq!(one.key, format!("k{}", one.number % KEYS));
        if !seen.insert(one.number) {
            repeats.insert(one.number);
            continue;
        }
        let before = last.insert(&one.key, one.number);
        assert!(
            before.is_none_or(|before| before < one.number),
            "of {} {} came after {before:?}",
            one.key,
            one.number
        );
    }
    let expected: Vec<_> = expected.into_iter().collect();
    let lost = expected.iter().filter(|number| !seen.contains(number));
    let lost: Vec<_> = lost.collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    repeats
}
