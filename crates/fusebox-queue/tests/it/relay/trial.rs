use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use fusebox::{Author, HoldKind, HoldRequest, Reason, State};
use fusebox_queue::relay::{Pace, Waits};
use fusebox_queue::sink::Reply;

use super::world::{Fake, SECOND, STEP, World, down};

/// A sink that fails until it is told that it is up.
fn switched(world: &World) -> (Fake, Arc<AtomicBool>) {
    let is_up = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&is_up);
    let sink = Fake::new(world, STEP, move |_, _| {
        if asked.load(SeqCst) {
            Reply::DELIVERED
        } else {
            down()
        }
    });
    (sink, is_up)
}

fn by_hand(world: &World, to: State) {
    let moved = world.breaker.transition(to, &Author::new("test"));
    moved.expect("moves");
}

#[tokio::test(start_paused = true)]
async fn the_trial_is_the_message_that_has_been_due_for_longest() {
    let world = World::new();
    let (sink, is_up) = switched(&world);
    is_up.store(true, SeqCst);
    by_hand(&world, State::Open);
    for body in ["first", "second", "third"] {
        world.push(Some(body), body).await;
        world.clock.advance(STEP);
    }
    let relay = world.relay().sink(sink.clone()).start().unwrap();
    world.run_for(&relay, 9 * SECOND).await;
    assert_eq!(sink.bodies(), Vec::<String>::new(), "sent while open");
    let Waits::Circuit {
        reason: Reason::Open,
        retry_after: Some(left),
    } = relay.stats().waits
    else {
        panic!("{:?}", relay.stats());
    };
    assert!(left <= SECOND && left >= SECOND - 2 * STEP, "{left:?}");
    world.run_for(&relay, SECOND + 2 * STEP).await;
    assert_eq!(sink.bodies()[0], "first");
    world.run_for(&relay, SECOND).await;
    assert_eq!(sink.bodies(), ["first", "second", "third"]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_sees_the_failures_that_trip_it_and_one_trial_for_each_open_time() {
    let world = World::new();
    let (sink, is_up) = switched(&world);
    for number in 0..50 {
        world.push(Some(&number.to_string()), "x").await;
    }
    let relay = world.relay().sink(sink.clone()).start().unwrap();
    world.run_for(&relay, 2 * SECOND).await;
    assert_eq!(world.breaker.state(), State::Open);
    let to_trip = sink.got().len();
    assert_eq!(to_trip, 3, "{:?}", sink.got());
    world.run_for(&relay, 100 * SECOND).await;
    // Every ten seconds one, each when the time was over.
    let trials: Vec<_> = sink.got()[to_trip..].iter().map(|got| got.at).collect();
    assert!((9..=10).contains(&trials.len()), "{trials:?}");
    for pair in trials.windows(2) {
        let apart = pair[1] - pair[0];
        assert!(apart >= 10 * SECOND && apart < 11 * SECOND, "{trials:?}");
    }
    // Only the attempts that were made count: nobody lost a try by waiting.
    is_up.store(true, SeqCst);
    world.until(&relay, |stats| stats.delivered == 50).await;
    let got = u64::try_from(sink.got().len()).unwrap();
    assert_eq!(relay.stats().failed + 50, got);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_leased_under_a_hold_and_its_end_wakes_the_relay() {
    let world = World::new();
    let (sink, is_up) = switched(&world);
    is_up.store(true, SeqCst);
    world.breaker.hold(HoldRequest {
        kind: HoldKind::ForcedOpen,
        reason: "repairs".into(),
        author: Author::new("test"),
        for_: None,
    });
    let id = world.push(None, "x").await;
    let relay = world.relay().sink(sink.clone()).start().unwrap();
    world.run_for(&relay, 60 * SECOND).await;
    let expected = Waits::Circuit {
        reason: Reason::ForcedOpen,
        retry_after: None,
    };
    assert_eq!(relay.stats().waits, expected);
    assert_eq!(world.record(id).await.deferrals, 0, "it was leased");
    let released = world.now();
    world.breaker.release(&Author::new("test"));
    world.run_for(&relay, SECOND).await;
    assert!(sink.got()[0].at <= released + STEP, "{:?}", sink.got());
}

#[tokio::test(start_paused = true)]
async fn a_trial_place_that_live_traffic_has_is_waited_for() {
    let world = World::new();
    let (sink, is_up) = switched(&world);
    is_up.store(true, SeqCst);
    let id = world.push(None, "x").await;
    by_hand(&world, State::HalfOpen);
    let live = world.breaker.acquire_owned().expect("the trial place");
    let relay = world.relay().sink(sink.clone()).start().unwrap();
    world.run_for(&relay, 5 * SECOND).await;
    assert_eq!(sink.got().len(), 0);
    assert!(world.record(id).await.deferrals <= 1);
    // Ignored: the place is free, and no event tells of it.
    live.ignore();
    world.run_for(&relay, SECOND).await;
    assert_eq!(sink.got().len(), 1);
    assert_eq!(world.breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn two_successes_that_are_needed_are_two_trials_one_after_the_other() {
    let set = |breaker: fusebox::Builder| breaker.half_open_successes(2).half_open_calls(5);
    let world = World::with(set, fusebox_queue::QueueSettings::default());
    let sink = Fake::new(&world, SECOND, |_, _| Reply::DELIVERED);
    for _ in 0..5 {
        world.push(None, "x").await;
    }
    by_hand(&world, State::HalfOpen);
    let relay = world.relay().sink(sink.clone()).start().unwrap();
    world.run_for(&relay, SECOND / 2).await;
    assert_eq!((sink.got().len(), relay.stats().waits), (1, Waits::Trial));
    world.run_for(&relay, SECOND).await;
    assert_eq!(sink.got().len(), 2);
    world.run_for(&relay, 3 * SECOND).await;
    assert_eq!(relay.stats().delivered, 5);
}

#[tokio::test(start_paused = true)]
async fn after_closing_the_rate_ramps_up() {
    let world = World::new();
    let (sink, is_up) = switched(&world);
    for _ in 0..2000 {
        world.push(None, "x").await;
    }
    let pace = Pace::default().start(10.0).double_every(2 * SECOND);
    let relay = world.relay().pace(pace).parallel(100);
    let relay = relay.sink(sink.clone()).start().unwrap();
    world.run_for(&relay, 15 * SECOND).await;
    assert_eq!(world.breaker.state(), State::Open);
    is_up.store(true, SeqCst);
    let before = sink.got().len();
    world.until(&relay, |stats| stats.delivered == 1).await;
    let closed = world.now();
    world.run_for(&relay, 12 * SECOND).await;
    let got = sink.got();
    let in_second = |n: u32| {
        let from = closed + n * SECOND;
        let is_in = |at: Duration| at >= from && at < from + SECOND;
        got[before..].iter().filter(|got| is_in(got.at)).count()
    };
    let seconds: Vec<_> = (0..12).map(in_second).collect();
    assert!((8..=16).contains(&seconds[0]), "{seconds:?}");
    assert!(seconds[..4].iter().sum::<usize>() <= 90, "{seconds:?}");
    assert!(seconds[11] > 3 * seconds[2], "{seconds:?}");
    assert!(seconds.is_sorted_by(|a, b| a <= &(b + 1)), "{seconds:?}");
}
