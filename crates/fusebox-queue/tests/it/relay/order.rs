use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use fusebox_queue::QueueSettings;
use fusebox_queue::relay::{Pace, Waits};
use fusebox_queue::sink::Reply;

use super::world::{Fake, SECOND, STEP, World, down};

fn fast() -> Pace {
    Pace::default().start(10_000.0)
}

#[tokio::test(start_paused = true)]
async fn each_key_arrives_in_order_while_every_third_attempt_fails() {
    let settings = QueueSettings::default();
    let world = World::with(|breaker| breaker.consecutive_failures(1000), settings);
    let attempts = AtomicUsize::new(0);
    let arrived = std::sync::Arc::new(std::sync::Mutex::new(BTreeMap::<String, Vec<u32>>::new()));
    let noted = std::sync::Arc::clone(&arrived);
    let sink = Fake::new(&world, 3 * STEP, move |message, _| {
        if attempts.fetch_add(1, SeqCst) % 3 == 2 {
            return down();
        }
        let body = std::str::from_utf8(&message.body).unwrap();
        let key = message.key.clone().unwrap();
        let number = body.parse().unwrap();
        noted.lock().unwrap().entry(key).or_default().push(number);
        Reply::DELIVERED
    });
    for number in 0..20 {
        for key in ["a", "b", "c", "d", "e"] {
            world.push(Some(key), number.to_string()).await;
        }
    }
    let relay = world
        .relay()
        .pace(fast())
        .sink(sink.clone())
        .start()
        .unwrap();
    world.until(&relay, |stats| stats.delivered == 100).await;
    let arrived = arrived.lock().unwrap();
    assert_eq!(arrived.len(), 5);
    for (key, numbers) in &*arrived {
        assert_eq!(*numbers, (0..20).collect::<Vec<_>>(), "{key}");
    }
    assert!(relay.stats().failed >= 40, "{:?}", relay.stats());
    assert!(sink.busy_max() > 1, "keys wait for each other");
}

#[tokio::test(start_paused = true)]
async fn keys_go_in_parallel_up_to_the_limit() {
    let world = World::new();
    let sink = Fake::new(&world, SECOND, |_, _| Reply::DELIVERED);
    for key in 0..20 {
        world.push(Some(&key.to_string()), "x").await;
    }
    let relay = world.relay().pace(fast()).parallel(7);
    let relay = relay.sink(sink.clone()).start().unwrap();
    world.run_for(&relay, SECOND / 2).await;
    let stats = relay.stats();
    assert_eq!((sink.busy_max(), stats.in_flight), (7, 7));
    assert_eq!(stats.waits, Waits::Parallel);
    world.run_for(&relay, 3 * SECOND).await;
    assert_eq!((sink.busy_max(), relay.stats().delivered), (7, 20));
    assert_eq!(relay.stats().waits, Waits::Idle);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_pushed_is_sent_at_once() {
    let world = World::new();
    let sink = Fake::new(&world, STEP, |_, _| Reply::DELIVERED);
    let relay = world.relay().sink(sink.clone()).start().unwrap();
    world.run_for(&relay, 2 * SECOND).await;
    let pushed = world.now();
    world.push(None, "x").await;
    world.run_for(&relay, SECOND).await;
    assert!(sink.got()[0].at <= pushed + STEP, "{:?}", sink.got());
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_paused_queue_is_sent_and_it_goes_on_at_once() {
    use fusebox_queue::Scope;
    let world = World::new();
    let sink = Fake::new(&world, STEP, |_, _| Reply::DELIVERED);
    let pause = world
        .queues
        .pause(Scope::Everything, "night", "me")
        .await
        .unwrap();
    world.push(None, "x").await;
    let relay = world.relay().sink(sink.clone()).start().unwrap();
    world.run_for(&relay, 20 * SECOND).await;
    assert_eq!((sink.got().len(), relay.stats().waits), (0, Waits::Paused));
    let resumed = world
        .queues
        .resume(Scope::Everything, Some(pause.epoch), "day", "me");
    resumed.await.unwrap();
    world.run_for(&relay, 2 * STEP).await;
    assert_eq!(sink.got().len(), 1);
}
