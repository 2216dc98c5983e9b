//! A Kafka of one broker that can go away and come back: librdkafka's mock cluster, over sockets.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serde_json::Value;

const TOPICS: [&str; 2] = ["essay.assessed", "batch.pipeline_resolved"];

pub(crate) struct Kafka(MockCluster<'static, DefaultProducerContext>);

impl Kafka {
    pub(crate) fn start() -> Self {
        let cluster = MockCluster::new(1).unwrap();
        for topic in TOPICS {
            cluster.create_topic(topic, 1, 1).unwrap();
        }
        Self(cluster)
    }

    pub(crate) fn servers(&self) -> String {
        self.0.bootstrap_servers()
    }

    pub(crate) fn goes_down(&self) {
        self.0.broker_down(1).unwrap();
    }

    pub(crate) fn comes_back(&self) {
        self.0.broker_up(1).unwrap();
    }

    /// So many events of a topic, from its beginning.
    pub(crate) fn read(&self, topic: &str, count: usize) -> Vec<Value> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", self.servers())
            .set("group.id", "reader")
            .create()
            .unwrap();
        let mut partitions = TopicPartitionList::new();
        partitions
            .add_partition_offset(topic, 0, Offset::Beginning)
            .unwrap();
        consumer.assign(&partitions).unwrap();
        let read = (0..count).map(|place| {
            let message = consumer.poll(Duration::from_secs(30));
            let message = message.unwrap_or_else(|| panic!("{topic} has no event {place}"));
            serde_json::from_slice(message.unwrap().payload().unwrap()).unwrap()
        });
        read.collect()
    }
}
