//! Several sinks behind one relay.

use std::time::Duration;

use fusebox_queue::sink::{Reply, Routes, Sink};
use fusebox_queue::{Leased, NewMessage, QueueSettings, Queues};

fn by_name(message: &Leased) -> Option<&str> {
    message.attribute("service")
}

#[tokio::test]
async fn each_message_goes_to_the_sink_that_it_names() {
    let queues = Queues::in_memory().unwrap();
    let queue = queues.queue("jobs", QueueSettings::default()).unwrap();
    for name in ["apollo", "perplexity", "nobody"] {
        let message = NewMessage::new("").attribute("service", name);
        queue.push(message).await.unwrap();
    }
    queue.push(NewMessage::new("")).await.unwrap();
    let sink = |answer: &'static str| {
        move |_: Leased| std::future::ready(Reply::refused(answer, "by that one"))
    };
    let routes = Routes::by(by_name).to("apollo", sink("a"));
    // Of one type, as the sinks of a service are.
    let both = routes.clone().to("perplexity", sink("p"));
    let leases = queue.lease(10, Duration::from_secs(60)).await.unwrap();
    let mut replies = Vec::new();
    for leased in &leases.leased {
        replies.push(both.deliver(leased).await);
    }
    let unsendable = |name: &str| Reply::Unsendable {
        error: format!("there is no sink {name:?}"),
    };
    let expected = [
        Reply::refused("a", "by that one"),
        Reply::refused("p", "by that one"),
        unsendable("nobody"),
        unsendable(""),
    ];
    assert_eq!(replies, expected);
    assert_eq!(
        routes.deliver(&leases.leased[1]).await,
        unsendable("perplexity")
    );
}
