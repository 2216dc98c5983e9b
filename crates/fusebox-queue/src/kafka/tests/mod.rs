//! The publisher against librdkafka's mock cluster, for the classes of faults; against a broker of
//! Apache Kafka: `tests/kafka`.

mod ends;
mod faults;
mod lanes;
mod queued;

use std::sync::Arc;
use std::time::Duration;

use fusebox::{Author, CircuitBreaker, State};
use rdkafka::ClientConfig;
use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::{Event, KafkaPublisher, KafkaPublisherBuilder, PublishError, Published, Publishing};
use crate::relay::Pace;
use crate::sink::KafkaSettings;
use crate::{Queue, QueueSettings, Queues};

/// Far more than anything here takes.
const SOON: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);
const TOPIC: &str = "t";

/// A cluster of one broker with one topic of one partition, a circuit and a queue.
struct World {
    cluster: MockCluster<'static, DefaultProducerContext>,
    breaker: Arc<CircuitBreaker>,
    queue: Queue,
}

impl World {
    fn new() -> Self {
        Self::with(KafkaPublisher::queue_settings())
    }

    fn with(settings: QueueSettings) -> Self {
        let cluster = MockCluster::new(1).expect("a cluster");
        cluster.create_topic(TOPIC, 1, 1).expect("a topic");
        let queues = Queues::in_memory().expect("a queue");
        let breaker = CircuitBreaker::builder("kafka").consecutive_failures(3);
        Self {
            cluster,
            breaker: Arc::new(breaker.build().expect("a breaker")),
            queue: queues.queue("events", settings).expect("a queue"),
        }
    }

    /// Records have more time than anything here takes.
    fn settings(&self) -> KafkaSettings {
        KafkaSettings::new(self.cluster.bootstrap_servers()).timeout(SOON)
    }

    /// Records have little time.
    fn impatient(&self) -> KafkaSettings {
        self.settings().timeout(2 * SECOND)
    }

    fn plain(&self) -> KafkaPublisherBuilder {
        KafkaPublisher::builder(self.settings())
    }

    fn builder(&self, settings: KafkaSettings) -> KafkaPublisherBuilder<Arc<CircuitBreaker>> {
        let fast = Pace::default().start(1000.0);
        let builder = KafkaPublisher::builder(settings);
        builder
            .fallback(Arc::clone(&self.breaker), self.queue.clone())
            .pace(fast)
    }

    fn publisher(&self) -> KafkaPublisher {
        self.builder(self.settings()).start().expect("it starts")
    }

    /// A publisher that is connected and whose records have little time from now on.
    async fn impatient_publisher(&self) -> KafkaPublisher {
        let publisher = self.builder(self.impatient()).start().expect("it starts");
        let is_warm =
            async { while !delivered(&publisher.publish(Event::new(TOPIC, "warm")).await) {} };
        soon(is_warm).await;
        publisher
    }

    /// The circuit lets nothing pass, and the relay sends nothing.
    fn open(&self) {
        self.turn(State::Open);
    }

    fn close(&self) {
        self.turn(State::Closed);
    }

    fn turn(&self, to: State) {
        let turned = self.breaker.transition(to, &Author::new("test"));
        turned.expect("nothing stands against it");
    }

    fn failures(&self) -> u64 {
        self.breaker.snapshot().totals.failure
    }

    /// Until the queue is empty.
    async fn is_drained(&self) {
        let drained = async {
            let mut changes = self.queue.changed();
            while self.queue.stats().depth > 0 {
                changes.next().await;
            }
        };
        soon(drained).await;
    }

    /// What is in the topic, in order.
    fn read(&self, count: usize) -> Vec<String> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", self.cluster.bootstrap_servers())
            .set("group.id", "g")
            .create()
            .expect("a consumer");
        let mut partitions = TopicPartitionList::new();
        let begin = partitions.add_partition_offset(TOPIC, 0, Offset::Beginning);
        begin.expect("a place");
        consumer.assign(&partitions).expect("assigned");
        let read = (0..count).map(|_| {
            let message = consumer.poll(SOON).expect("a record in time");
            let message = message.expect("a record");
            String::from_utf8(message.payload().expect("a payload").to_vec()).expect("text")
        });
        read.collect()
    }
}

/// Events of one key, numbered.
fn events(key: &str, numbers: std::ops::Range<u32>) -> Vec<Event> {
    let event = |number: u32| Event::new(TOPIC, number.to_string()).key(key);
    numbers.map(event).collect()
}

fn texts(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| number.to_string()).collect()
}

/// Publishes all, and waits for all answers.
async fn publish(
    publisher: &KafkaPublisher,
    events: Vec<Event>,
) -> Vec<Result<Published, PublishError>> {
    let publishing: Vec<_> = events
        .into_iter()
        .map(|event| publisher.publish(event))
        .collect();
    answers(publishing).await
}

async fn answers(publishing: Vec<Publishing>) -> Vec<Result<Published, PublishError>> {
    let mut answers = Vec::new();
    for one in publishing {
        answers.push(soon(one).await);
    }
    answers
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(SOON, future).await;
    done.expect("it took far too long")
}

/// Whether an event was queued, and then whether it may have arrived.
fn queued(answer: &Result<Published, PublishError>) -> Option<bool> {
    match answer {
        Ok(Published::Queued { uncertain, .. }) => Some(*uncertain),
        _ => None,
    }
}

fn delivered(answer: &Result<Published, PublishError>) -> bool {
    matches!(answer, Ok(Published::Delivered { .. }))
}
