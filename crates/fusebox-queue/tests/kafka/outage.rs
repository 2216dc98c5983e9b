//! A broker that goes away and comes back.

use super::*;
use crate::arrived::arrived;
use crate::broker::Broker;

const EVENTS: u32 = 10_000;
/// So many are published before the broker is killed, and before it is started again.
const KILLED_AT: u32 = 3_000;
const BACK_AT: u32 = 6_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_killed_in_mid_stream_costs_no_event_and_no_order() {
    let mut broker = Broker::start();
    let folder = Folder::new();
    let mut settings = KafkaPublisher::queue_settings();
    settings.messages_max = EVENTS.into();
    let queue = queue(&folder, settings);
    let publisher = publisher(&broker.servers(), &queue);

    let mut window = Window::default();
    for number in 0..KILLED_AT {
        window.publish(&publisher, number).await;
    }
    // With many of them under way.
    broker.kill();
    for number in KILLED_AT..BACK_AT {
        window.publish(&publisher, number).await;
    }
    let starts = tokio::task::spawn_blocking(move || {
        broker.start_again();
        broker
    });
    for number in BACK_AT..EVENTS {
        window.publish(&publisher, number).await;
    }
    window.answered(0).await;
    let broker = soon(starts).await.expect("it starts");
    is_drained(&queue).await;
    let stats = publisher.stats();
    soon(publisher.close()).await;

    let arrived = tokio::task::spawn_blocking(move || arrived(&broker));
    let arrived = soon(arrived).await.expect("read");
    let repeats = check(&arrived, 0..EVENTS);
    for number in &repeats {
        let is_unknown = window.uncertain.contains(number) || was_uncertain(&queue, *number).await;
        assert!(is_unknown, "{number} came twice, and its outcome was known");
    }
    println!(
        "{EVENTS} events: {} live, {} queued, {} unknown; {} records, {} events repeated",
        stats.live,
        stats.queued(),
        stats.unknown,
        arrived.len(),
        repeats.len(),
    );
    assert!(stats.live > 0 && stats.queued() > 0, "{stats:?}");
    assert_eq!(stats.live + stats.queued(), u64::from(EVENTS));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_away_for_longer_than_the_queue_holds_is_an_error_for_the_caller() {
    let mut broker = Broker::not_running();
    let folder = Folder::new();
    // The default: a thousand.
    let queue = queue(&folder, KafkaPublisher::queue_settings());
    let publisher = publisher(&broker.servers(), &queue);
    let (mut kept, mut refused) = (Vec::new(), 0);
    let mut published: Vec<(u32, Publishing)> = Vec::new();
    for number in 0..1_500 {
        published.push((number, publisher.publish(event(number))));
        // Fewer than may be unanswered.
        if number % 500 == 499 {
            for (number, publishing) in published.drain(..) {
                match soon(publishing).await {
                    Ok(Published::Queued { .. }) => kept.push(number),
                    Err(PublishError::NotKept { source, .. }) => {
                        let text = source.to_string();
                        assert!(text.contains("is full"), "{text}");
                        refused += 1;
                    }
                    other => panic!("{number}: {other:?}"),
                }
            }
        }
    }
    assert_eq!((kept.len(), refused), (1_000, 500));
    assert_eq!(publisher.stats().overflowed, 500);

    let broker = tokio::task::spawn_blocking(move || {
        broker.start_again();
        broker
    });
    let broker = soon(broker).await.expect("it starts");
    is_drained(&queue).await;
    // There is room, and nothing waits.
    let later = 1_500..1_600;
    for number in later.clone() {
        let answer = soon(publisher.publish(event(number))).await;
        assert!(answer.is_ok(), "{answer:?}");
    }
    is_drained(&queue).await;
    soon(publisher.close()).await;
    let arrived = tokio::task::spawn_blocking(move || arrived(&broker));
    let arrived = soon(arrived).await.expect("read");
    let known = kept.iter().copied().chain(later);
    let repeats = check(&arrived, known);
    let records = arrived.len();
    println!("1,500 events: 1,000 kept, 500 refused; {records} records, {repeats:?} repeated");
    assert_eq!(records, 1_100 + repeats.len());
}

/// Publishes with many events under way at a time.
#[derive(Default)]
struct Window {
    publishing: std::collections::VecDeque<(u32, Publishing)>,
    uncertain: BTreeSet<u32>,
}

impl Window {
    async fn publish(&mut self, publisher: &KafkaPublisher, number: u32) {
        let publishing = publisher.publish(event(number));
        self.publishing.push_back((number, publishing));
        self.answered(500).await;
    }

    /// Until so many have no answer. Every answer is one that the event is safe.
    async fn answered(&mut self, but: usize) {
        while self.publishing.len() > but {
            let (number, publishing) = self.publishing.pop_front().expect("one");
            match soon(publishing).await {
                Ok(Published::Queued {
                    uncertain: true, ..
                }) => {
                    self.uncertain.insert(number);
                }
                Ok(_) => {}
                Err(error) => panic!("{number}: {error}"),
            }
        }
    }
}

/// Whether nobody knew of an attempt from the queue whether it had arrived.
async fn was_uncertain(queue: &Queue, number: u32) -> bool {
    let record = queue.by_idempotency_key(&format!("id-{number}")).await;
    let record = record.expect("read");
    record.is_some_and(|record| record.uncertain)
}
