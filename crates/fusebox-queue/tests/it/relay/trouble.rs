use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use fusebox_queue::sink::Reply;
use fusebox_queue::{Ending, MessageState};

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
