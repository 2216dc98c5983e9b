use std::future::{pending, ready};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fusebox_queue::sink::{Reply, Sink};
use fusebox_queue::{Ending, Leased, MessageState, QueueSettings};

use tokio::time::Instant;

use super::world::{Fake, SECOND, STEP, World};

#[tokio::test(start_paused = true)]
async fn a_sink_that_panics_costs_an_attempt_and_nothing_else() {
    let world = World::new();
    let calls = AtomicUsize::new(0);
    let sink = Fake::new(&world, STEP, move |_, _| {
        assert!(calls.fetch_add(1, SeqCst) > 0, "a mistake of the sink");
        Reply::DELIVERED
    });
    let id = world.push(None, "x").await;
    let relay = world.relay().sink(sink).start().unwrap();
    world.run_for(&relay, 5 * STEP).await;
    let record = world.record(id).await;
    assert_eq!((record.state, record.attempts), (MessageState::Pending, 1));
    assert_eq!((record.crashes, record.uncertain), (0, true));
    assert_eq!(record.history[0].class, "panic");
    assert!(
        record.history[0].error.contains("a mistake of the sink"),
        "{record:?}"
    );
    assert_eq!(world.breaker.snapshot().totals.failure, 1);
    world.until(&relay, |stats| stats.delivered == 1).await;
    let stats = relay.stats();
    assert_eq!((stats.panics, stats.failed, stats.in_flight), (1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_always_panics_with_one_message_waits_ever_longer_and_its_key_goes_on() {
    let mut settings = QueueSettings::default();
    settings.attempts_max = Some(4);
    let world = World::with(|breaker| breaker.consecutive_failures(100), settings);
    let times = Arc::<Mutex<Vec<Duration>>>::default();
    let (seen, begun) = (Arc::clone(&times), Instant::now());
    let sink = move |message: Leased| {
        if message.body == "poison" {
            seen.lock().unwrap().push(begun.elapsed());
            panic!("a mistake of the sink");
        }
        ready(Reply::DELIVERED)
    };
    let poison = world.push(Some("till"), "poison").await;
    let behind = world.push(Some("till"), "behind").await;
    let other = world.push(Some("other"), "other").await;
    let relay = world.relay().sink(sink).start().unwrap();
    world.until(&relay, |stats| stats.delivered == 2).await;
    for id in [behind, other] {
        assert_eq!(world.record(id).await.state, MessageState::Delivered);
    }
    let record = world.record(poison).await;
    assert_eq!((record.state, record.attempts), (MessageState::Dead, 4));
    let stats = relay.stats();
    assert_eq!((stats.panics, stats.failed, stats.in_flight), (4, 4, 0));
    let times = times.lock().unwrap();
    let waits: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits.is_sorted() && waits[0] > 2 * STEP, "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_panics_when_it_is_told_of_a_time_out_holds_nothing_up() {
    struct Clumsy;
    impl Sink for Clumsy {
        async fn deliver(&self, message: &Leased) -> Reply {
            match message.attempts {
                0 => pending().await,
                _ => Reply::DELIVERED,
            }
        }

        async fn had_no_reply(&self, _: &Leased, class: &'static str, _: &str) {
            panic!("told of a {class}");
        }
    }
    let world = World::new();
    world.push(None, "x").await;
    let relay = world.relay().parallel(1).timeout(SECOND).sink(Clumsy);
    let relay = relay.start().unwrap();
    world.until(&relay, |stats| stats.delivered == 1).await;
    assert_eq!((relay.stats().failed, relay.stats().in_flight), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_never_hears_of_a_time_out_holds_nothing_up_for_long() {
    struct Deaf;
    impl Sink for Deaf {
        async fn deliver(&self, message: &Leased) -> Reply {
            match message.attempts {
                0 => pending().await,
                _ => Reply::DELIVERED,
            }
        }

        async fn had_no_reply(&self, _: &Leased, _: &'static str, _: &str) {
            pending::<()>().await;
        }
    }
    let world = World::new();
    world.push(None, "x").await;
    let relay = world.relay().parallel(1).timeout(SECOND).sink(Deaf);
    let relay = relay.start().unwrap();
    world.until(&relay, |stats| stats.delivered == 1).await;
    let stats = relay.stats();
    assert_eq!((stats.failed, stats.lost, stats.in_flight), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_was_lost_is_counted_and_the_message_is_not_touched() {
    let world = World::new();
    let sink = Fake::new(&world, 2 * SECOND, |_, _| Reply::DELIVERED);
    let id = world.push(None, "x").await;
    let relay = world
        .relay()
        .timeout(5 * SECOND)
        .sink(sink)
        .start()
        .unwrap();
    world.run_for(&relay, SECOND).await;
    // The wall clock jumps by more than the lease, and somebody else takes the message.
    world.clock.advance(100 * SECOND);
    let leases = world.queue.lease(1, 1000 * SECOND).await.unwrap();
    assert_eq!(leases.leased[0].id, id);
    assert_eq!(leases.leased[0].crashes, 1);
    world.run_for(&relay, 3 * SECOND).await;
    let stats = relay.stats();
    assert_eq!((stats.lost, stats.delivered), (1, 1));
    assert_eq!(world.record(id).await.state, MessageState::Delivering);
    let ours = Ending::Delivered { response: None };
    assert!(world.queue.settle(&leases.leased[0], ours).await.unwrap());
}
