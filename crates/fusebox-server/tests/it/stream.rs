//! A steady stream of calls through the gateway to an upstream that fails for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::house::{BOUND, House, rag};
use crate::stand_in::{Mode, StandIn};

/// How the stream goes. The breaker: 5 failures in a row, no backoff, no jitter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) every: Duration,
    pub(crate) healthy: Duration,
    pub(crate) failing: Duration,
    pub(crate) open_for: Duration,
}

/// What was seen of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) hits_while_failing: u64,
    pub(crate) trials_failed: u64,
    /// From the instant the upstream was well again to the first good answer.
    pub(crate) healed_after: Duration,
}

/// Calls at fixed instants, whether or not earlier ones have been answered, on connections of their
/// own.
pub(crate) async fn streamed(method: &'static str, plan: Plan) -> Seen {
    let upstream = StandIn::start(Mode::Ok).await;
    let open_for = fusebox::duration::format(plan.open_for);
    let breaker = format!(
        "[circuits.rag.breaker]\nconsecutive_failures = 5\n\
        open_for = \"{open_for}\"\nbackoff = 1.0\njitter = \"0%\""
    );
    let house = Arc::new(House::start(&rag(&upstream.url(), &breaker)).await);
    let healed = Arc::new(AtomicBool::new(false));
    let mut calls = JoinSet::new();
    let mut clock = interval(plan.every);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);

    let mut run = async |time: Duration, until_healed: bool| {
        let end = Instant::now() + time;
        while Instant::now() < end && !(until_healed && healed.load(Ordering::SeqCst)) {
            clock.tick().await;
            let (house, healed) = (Arc::clone(&house), Arc::clone(&healed));
            calls.spawn(async move {
                let body = if method == "POST" { "{}" } else { "" };
                let answer = house.ask(method, "/rag/x", body).await;
                if until_healed && answer.status == 200 {
                    healed.store(true, Ordering::SeqCst);
                }
            });
        }
        while calls.join_next().await.is_some() {}
    };
    run(plan.healthy, false).await;
    let before = upstream.hits();
    upstream.turn(Mode::Fail(500));
    run(plan.failing, false).await;
    let hits_while_failing = upstream.hits() - before;
    let trials_failed = house.rag().breaker().snapshot().trials.failed;
    upstream.turn(Mode::Ok);
    let well = Instant::now();
    run(plan.open_for + BOUND, true).await;
    assert!(healed.load(Ordering::SeqCst), "it never healed");
    Seen {
        hits_while_failing,
        trials_failed,
        healed_after: well.elapsed(),
    }
}
