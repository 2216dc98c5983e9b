//! A plain publisher: the breakers are switched off.

use super::*;
use crate::arrived::arrived;
use crate::broker::{Broker, RECORD_BYTES_MAX};

#[tokio::test]
async fn what_is_published_is_read_by_another_client_with_key_headers_and_id() {
    let broker = Broker::start();
    let settings = KafkaSettings::new(broker.servers()).timeout(BOUND);
    // Larger than the broker takes, so that it is the broker that refuses.
    let large = (RECORD_BYTES_MAX * 4).to_string();
    let plain = KafkaPublisher::builder(settings.set("message.max.bytes", large));
    let plain = plain.start().unwrap();

    let sent = soon(plain.publish(event(7).header("trace", "4711"))).await;
    assert!(matches!(sent, Ok(Published::Delivered { .. })), "{sent:?}");
    let large = Event::new(TOPIC, vec![b'x'; RECORD_BYTES_MAX * 2]);
    let refused = soon(plain.publish(large)).await;
    let class = "too_large";
    assert!(
        matches!(&refused, Err(PublishError::Refused { class: told, .. }) if *told == class),
        "{refused:?}"
    );
    soon(plain.close()).await;

    let arrived = arrived(&broker);
    assert_eq!(arrived.len(), 1);
    let one = &arrived[0];
    assert_eq!(one.headers, ["trace:4711", "Idempotency-Key:id-7"]);
    assert_eq!((&*one.key, one.number), ("k7", 7));
}
