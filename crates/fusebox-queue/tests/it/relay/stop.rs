use fusebox_queue::MessageState;
use fusebox_queue::relay::Waits;
use fusebox_queue::sink::Reply;

use super::world::{Fake, SECOND, STEP, World};

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_what_is_under_way_and_leases_no_more() {
    let world = World::new();
    let sink = Fake::new(&world, 3 * SECOND, |_, _| Reply::DELIVERED);
    for _ in 0..3 {
        world.push(None, "x").await;
    }
    let relay = world
        .relay()
        .parallel(1)
        .sink(sink.clone())
        .start()
        .unwrap();
    world.run_for(&relay, SECOND).await;
    let watch = relay.watch();
    let stopping = tokio::spawn(relay.stop());
    for _ in 0..300 {
        tokio::time::advance(STEP).await;
        let _ = world.queue.lease(0, SECOND).await;
    }
    stopping.await.unwrap();
    let stats = watch.stats();
    assert_eq!((stats.delivered, stats.waits), (1, Waits::Stopped));
    assert_eq!(sink.got().len(), 1);
    let left = world.queue.lease(9, SECOND).await.unwrap().leased;
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|leased| leased.crashes == 0));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_end_in_time_is_given_back_as_perhaps_arrived_and_is_no_crash() {
    let world = World::new();
    let sink = Fake::new(&world, 1000 * SECOND, |_, _| Reply::DELIVERED);
    let id = world.push(Some("k"), "x").await;
    let relay = world.relay().timeout(600 * SECOND).drain_for(2 * SECOND);
    let relay = relay.sink(sink).start().unwrap();
    world.run_for(&relay, SECOND).await;
    let stopping = tokio::spawn(relay.stop());
    for _ in 0..100 {
        tokio::time::advance(STEP).await;
        let _ = world.queue.lease(0, SECOND).await;
    }
    assert!(!stopping.is_finished(), "it did not wait");
    for _ in 0..110 {
        tokio::time::advance(STEP).await;
        let _ = world.queue.lease(0, SECOND).await;
    }
    stopping.await.unwrap();
    let record = world.record(id).await;
    assert_eq!(record.state, MessageState::Pending);
    assert_eq!(
        (record.attempts, record.crashes, record.deferrals),
        (0, 0, 1)
    );
    assert!(record.uncertain, "it may have arrived");
    // Nobody can tell, so the breaker hears nothing.
    let totals = world.breaker.snapshot().totals;
    assert_eq!((totals.failure, totals.success, totals.ignored), (0, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_queues_ends_the_relay() {
    let world = World::new();
    let sink = Fake::new(&world, STEP, |_, _| Reply::DELIVERED);
    let relay = world.relay().sink(sink).start().unwrap();
    world.run_for(&relay, SECOND).await;
    world.queues.close(10 * SECOND).unwrap();
    let watch = relay.watch();
    // Without being asked: dropping the handle would ask.
    for _ in 0..100 {
        tokio::time::advance(STEP).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(watch.stats().waits, Waits::Stopped);
    drop(relay);
}
