//! A publisher whose process is killed: with the broker there, and with the broker away.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::*;
use crate::arrived::arrived;
use crate::broker::Broker;

const FOLDER: &str = "FUSEBOX_KAFKA_FOLDER";
const SERVERS: &str = "FUSEBOX_KAFKA_SERVERS";
/// The first number that this life publishes.
const FROM: &str = "FUSEBOX_KAFKA_FROM";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_outlives_the_process_whether_kafka_was_there_or_not() {
    let mut broker = Broker::start();
    let folder = Folder::new();
    let settings = KafkaPublisher::queue_settings;
    let mut safe = live(&folder, &broker, 0, 1_000);
    broker.kill();
    let later = live(&folder, &broker, 1_000_000, 1_500);
    safe.extend(&later);
    let waiting = queue(&folder, large(settings()));
    assert!(waiting.stats().depth >= 1_000, "{:?}", waiting.stats());

    let broker = tokio::task::spawn_blocking(move || {
        broker.start_again();
        broker
    });
    let broker = soon(broker).await.expect("it starts");
    let publisher = publisher(&broker.servers(), &waiting);
    is_drained(&waiting).await;
    soon(publisher.close()).await;
    let arrived = tokio::task::spawn_blocking(move || arrived(&broker));
    let arrived = soon(arrived).await.expect("read");
    let repeats = check(&arrived, safe.iter().copied());
    println!(
        "two lives: {} events answered; {} records, {} events repeated",
        safe.len(),
        arrived.len(),
        repeats.len()
    );
}

/// One life of a publisher, killed once so many events are safe. Tells which are.
fn live(folder: &Folder, broker: &Broker, from: u32, until: usize) -> BTreeSet<u32> {
    let program = std::env::current_exe().expect("this program");
    let mut child = Command::new(program)
        .args(["--exact", "lives::publishes_until_it_is_killed"])
        .arg("--nocapture")
        .env(FOLDER, &folder.0)
        .env(SERVERS, broker.servers())
        .env(FROM, from.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let told = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut safe = BTreeSet::new();
    let mut is_killed = false;
    // What is in the pipe outlives it.
    for line in told {
        let line = line.expect("told");
        if let Some(number) = line.strip_prefix("safe ") {
            safe.insert(number.parse().expect("a number"));
        }
        if safe.len() >= until && !is_killed {
            child.kill().expect("killed");
            is_killed = true;
        }
    }
    let status = child.wait().expect("ended");
    assert!(
        is_killed && status.code().is_none(),
        "it ended by itself: {status}"
    );
    safe
}

/// Not a test of its own: the publisher, when the test above starts it.
#[tokio::test(flavor = "multi_thread")]
async fn publishes_until_it_is_killed() {
    let [Ok(folder), Ok(servers), Ok(from)] = [FOLDER, SERVERS, FROM].map(std::env::var) else {
        return;
    };
    // Ends the line that the harness has begun.
    println!();
    let folder = std::mem::ManuallyDrop::new(Folder(PathBuf::from(folder)));
    let queue = queue(&folder, large(KafkaPublisher::queue_settings()));
    let publisher = publisher(&servers, &queue);
    let mut publishing = std::collections::VecDeque::new();
    for number in from.parse::<u32>().expect("a number").. {
        publishing.push_back((number, publisher.publish(event(number))));
        if publishing.len() > 200 {
            let (number, publishing) = publishing.pop_front().expect("one");
            soon(publishing).await.expect("safe");
            println!("safe {number}");
        }
    }
}

fn large(mut settings: QueueSettings) -> QueueSettings {
    settings.messages_max = 1_000_000;
    settings
}
