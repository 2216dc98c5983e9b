use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fusebox::FailureClass;
use fusebox_queue::QueueSettings;
use fusebox_queue::sink::Reply;

use super::world::{Fake, SECOND, STEP, World};

/// What a receiver can take: so many in any second; what is more fails.
#[derive(Debug)]
struct Limit {
    per_second: usize,
    came: VecDeque<Duration>,
    above_since: Option<Duration>,
    longest_above: Duration,
}

impl Limit {
    fn new(per_second: usize) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self {
            per_second,
            came: VecDeque::new(),
            above_since: None,
            longest_above: Duration::ZERO,
        }))
    }

    fn look(&mut self, now: Duration) {
        while self.came.front().is_some_and(|at| *at + SECOND <= now) {
            self.came.pop_front();
        }
        if self.came.len() > self.per_second {
            let since = *self.above_since.get_or_insert(now);
            self.longest_above = self.longest_above.max(now - since);
        } else {
            self.above_since = None;
        }
    }

    fn takes(&mut self, now: Duration) -> bool {
        self.came.push_back(now);
        self.look(now);
        self.came.len() <= self.per_second
    }
}

fn reply(takes: bool) -> Reply {
    if takes {
        Reply::DELIVERED
    } else {
        Reply::failed(FailureClass::Status, "too much")
    }
}

fn calm_breaker() -> World {
    let mut settings = QueueSettings::default();
    settings.attempts_max = Some(1000);
    // Storages in memory go through all that they remember.
    settings.remember_for = Duration::ZERO;
    World::with(|breaker| breaker.consecutive_failures(1000), settings)
}

/// A backlog that does not end.
async fn top_up(world: &World, step: u64) {
    if step.is_multiple_of(100) {
        for _ in world.queue.stats().depth..300 {
            world.push(None, "x").await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_fails_above_50_per_second_is_not_driven_above_it_for_longer_than_the_bound() {
    let world = calm_breaker();
    let limit = Limit::new(50);
    let receiver = Arc::clone(&limit);
    let answers_in = 10 * STEP;
    let sink = Fake::new(&world, answers_in, move |_, now| {
        reply(receiver.lock().unwrap().takes(now))
    });
    let relay = world
        .relay()
        .parallel(64)
        .sink(sink.clone())
        .start()
        .unwrap();
    let time = 120;
    for step in 0..time * 100 {
        top_up(&world, step).await;
        world.step(&relay).await;
        limit.lock().unwrap().look(world.now());
    }
    let (stats, limit) = (relay.stats(), limit.lock().unwrap());
    // The bound of the pace: a round trip and the second that the receiver looks back.
    let bound = answers_in + SECOND;
    assert!(
        limit.longest_above <= bound,
        "{:?} {stats:?}",
        limit.longest_above
    );
    assert!(stats.delivered >= time * 50 / 2, "{stats:?}");
    assert!(stats.failed * 20 <= stats.delivered, "{stats:?}");
    println!("above for {:?} at most, {stats:?}", limit.longest_above);
}

#[tokio::test(start_paused = true)]
async fn live_traffic_keeps_its_share() {
    let world = calm_breaker();
    let limit = Limit::new(100);
    let receiver = Arc::clone(&limit);
    let sink = Fake::new(&world, 5 * STEP, move |_, now| {
        reply(receiver.lock().unwrap().takes(now))
    });
    let relay = world
        .relay()
        .parallel(64)
        .sink(sink.clone())
        .start()
        .unwrap();
    let (mut live, mut live_failed, mut before) = (0_u64, 0_u64, relay.stats());
    let mut calls = VecDeque::new();
    for step in 0..120 * 100_u64 {
        top_up(&world, step).await;
        // 40 live calls a second, through the same breaker, each of 50 ms.
        if step % 5 < 2 {
            let takes = limit.lock().unwrap().takes(world.now());
            live += 1;
            live_failed += u64::from(!takes);
            calls.push_back((step, takes, world.breaker.acquire_owned().unwrap()));
        }
        world.step(&relay).await;
        while calls.front().is_some_and(|call| call.0 + 5 <= step) {
            let (_, takes, permit) = calls.pop_front().unwrap();
            if takes {
                permit.success();
            } else {
                permit.failure(FailureClass::Status);
            }
        }
        if step == 30 * 100 {
            (live, live_failed, before) = (0, 0, relay.stats());
        }
    }
    let stats = relay.stats();
    let sent = stats.delivered - before.delivered + stats.failed - before.failed;
    assert!(sent <= 90 * 52, "more than its half: {sent}, {stats:?}");
    assert!(sent >= 90 * 20, "hardly anything: {sent}, {stats:?}");
    assert!(live_failed * 100 <= live, "{live_failed} of {live} failed");
    println!("{sent} sent in 90 s beside {live} live calls, {live_failed} failed");
}
