//! What arrived, read with Kafka's own programs.

use std::process::Command;

use crate::TOPIC;
use crate::broker::{Broker, java};

/// One record.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) headers: Vec<String>,
    pub(crate) key: String,
    /// Its `Idempotency-Key`.
    pub(crate) id: String,
    pub(crate) number: u32,
}

/// All records of the topic: those of a partition, and so of a key, in their order.
pub(crate) fn arrived(broker: &Broker) -> Vec<Arrived> {
    let count = count(broker);
    if count == 0 {
        return Vec::new();
    }
    let mut consumer = java("org.apache.kafka.tools.consumer.ConsoleConsumer");
    consumer
        .args(["--bootstrap-server", &broker.servers(), "--topic", TOPIC])
        .args(["--from-beginning", "--max-messages", &count.to_string()])
        // Without an end it would wait for ever for what is not there.
        .args(["--timeout-ms", "120000"]);
    for printed in ["key", "headers"] {
        consumer.args(["--property", &format!("print.{printed}=true")]);
    }
    let records: Vec<_> = said(consumer).lines().map(record).collect();
    assert_eq!(
        records.len(),
        count,
        "the consumer read others than there are"
    );
    records
}

/// How many records the topic has.
fn count(broker: &Broker) -> usize {
    let mut offsets = java("org.apache.kafka.tools.GetOffsetShell");
    offsets.args(["--bootstrap-server", &broker.servers(), "--topic", TOPIC]);
    let said = said(offsets);
    // "events:0:17" for each partition.
    let counts = said.lines().map(|line| {
        let (_, count) = line.rsplit_once(':').expect("three parts");
        count.parse::<usize>().expect("a number")
    });
    counts.sum()
}

/// "name:value,name:value", the key and the body, with tabs.
fn record(line: &str) -> Arrived {
    let mut parts = line.split('\t');
    let mut part = || parts.next().expect("three parts").to_owned();
    let (headers, key, body) = (part(), part(), part());
    let headers: Vec<_> = headers.split(',').map(str::to_owned).collect();
    let id = headers
        .iter()
        .find_map(|header| header.strip_prefix("Idempotency-Key:"));
    Arrived {
        id: id.expect("an id").to_owned(),
        key,
        number: body.parse().expect("a number"),
        headers,
    }
}

fn said(mut program: Command) -> String {
    let done = program.output().expect("Java runs");
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{errors}");
    String::from_utf8(done.stdout).expect("text")
}
