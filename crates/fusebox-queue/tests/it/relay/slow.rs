//! A delivery is slow when it passes the limit, not when it ends (R3).

use fusebox::{Builder, Cause, Rate, State};
use fusebox_queue::QueueSettings;
use fusebox_queue::sink::Reply;

use super::world::{Fake, SECOND, STEP, World};

/// Slow after two seconds; opens at half of at least four calls, never by failures.
fn watchful(builder: Builder) -> Builder {
    let half = Rate::percent(50.0).unwrap();
    builder
        .slow_call_rate(half)
        .slow_call_duration(2 * SECOND)
        .minimum_calls(4)
        .consecutive_failures(1000)
}

fn by_hand(world: &World, to: State) {
    let moved = world.breaker.transition(to, &fusebox::Author::new("test"));
    moved.expect("moves");
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_hangs_opens_the_circuit_at_the_slow_limit_not_at_the_time_out() {
    let world = World::with(watchful, QueueSettings::default());
    let sink = Fake::new(&world, 20 * SECOND, |_, _| Reply::DELIVERED);
    for _ in 0..8 {
        world.push(None, "x").await;
    }
    let relay = world
        .relay()
        .parallel(4)
        .sink(sink.clone())
        .start()
        .unwrap();
    world.run_for(&relay, SECOND).await;
    // The pace lets them go one after the other; the minimum is full with the last one.
    let begun: Vec<_> = sink.got().iter().map(|got| got.at).collect();
    assert_eq!(begun.len(), 4);
    let limit = begun[3] + 2 * SECOND;
    world.run_for(&relay, limit - 2 * STEP - world.now()).await;
    assert_eq!(world.breaker.state(), State::Closed);
    world.run_for(&relay, 4 * STEP).await;
    assert_eq!(world.breaker.state(), State::Open);
    let why = world.breaker.snapshot().why.expect("it opened");
    assert_eq!(why.cause, Cause::SlowCallRate);
    assert_eq!(relay.stats().in_flight, 4, "they are still under way");
    // Late for the breaker, and arrived all the same.
    world.until(&relay, |stats| stats.delivered == 4).await;
    assert_eq!(world.breaker.snapshot().totals.late, 4);
}

#[tokio::test(start_paused = true)]
async fn a_trial_that_hangs_fails_at_the_slow_limit() {
    let world = World::with(watchful, QueueSettings::default());
    let sink = Fake::new(&world, 20 * SECOND, |_, _| Reply::DELIVERED);
    world.push(None, "x").await;
    by_hand(&world, State::HalfOpen);
    let relay = world.relay().sink(sink).start().unwrap();
    world.run_for(&relay, 2 * SECOND - 2 * STEP).await;
    assert_eq!(world.breaker.state(), State::HalfOpen);
    world.run_for(&relay, 4 * STEP).await;
    assert_eq!(world.breaker.state(), State::Open);
    assert_eq!(relay.stats().in_flight, 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_limit_that_shrinks_under_way_is_heard_before_the_old_one() {
    let patient = |builder: Builder| watchful(builder).slow_call_duration(60 * SECOND);
    let world = World::with(patient, QueueSettings::default());
    // Polled once after the change, and no more.
    let sink = |_| async {
        // tidy-allow(sleep): in tokio's paused time
        tokio::time::sleep(3 * SECOND).await;
        std::future::pending().await
    };
    world.push(None, "x").await;
    by_hand(&world, State::HalfOpen);
    let relay = world.relay().sink(sink).start().unwrap();
    world.run_for(&relay, SECOND).await;
    let half = Rate::percent(50.0).unwrap();
    let set = fusebox::Settings::builder();
    let set = set.slow_call_rate(half).slow_call_duration(2 * SECOND);
    let by = fusebox::Author::new("test");
    let changed = world.breaker.change_settings(set.build().unwrap(), &by);
    changed.expect("changed");
    world.run_for(&relay, SECOND).await;
    assert_eq!(world.breaker.state(), State::HalfOpen);
    world.run_for(&relay, SECOND + 4 * STEP).await;
    assert_eq!(world.breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn without_a_slow_limit_a_long_trial_goes_on() {
    let world = World::with(
        |builder| builder.half_open_timeout(600 * SECOND),
        QueueSettings::default(),
    );
    let sink = Fake::new(&world, 20 * SECOND, |_, _| Reply::DELIVERED);
    world.push(None, "x").await;
    by_hand(&world, State::HalfOpen);
    let relay = world.relay().sink(sink).start().unwrap();
    world.run_for(&relay, 19 * SECOND).await;
    assert_eq!(world.breaker.state(), State::HalfOpen);
    world.until(&relay, |stats| stats.delivered == 1).await;
    assert_eq!(world.breaker.state(), State::Closed);
}
