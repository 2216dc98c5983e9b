//! The end-to-end evidence, with time scaled: how much of a stream reaches an upstream that fails.
//! The same stream at full length is in `tests/long.rs`.

use std::time::Duration;

use crate::house::House;
use crate::stand_in::StandIn;
use crate::stream::{Plan, streamed};

/// Wall clock: 1 s of failure and up to half a second of healing.
#[tokio::test]
async fn a_failing_upstream_sees_five_calls_and_one_a_trial() {
    let plan = Plan {
        every: Duration::from_millis(10),
        healthy: Duration::from_millis(100),
        failing: Duration::from_millis(1000),
        open_for: Duration::from_millis(400),
    };
    // GET and POST at once, each against an upstream and a circuit of its own.
    let (get, post) = tokio::join!(streamed("GET", plan), streamed("POST", plan));
    for seen in [get, post] {
        assert!(seen.trials_failed >= 1, "{seen:?}");
        assert!(
            seen.hits_while_failing <= 5 + seen.trials_failed,
            "{seen:?}"
        );
        assert!(seen.trials_failed <= 3, "{seen:?}");
        // One trial interval, and a quarter of a second for a busy machine.
        assert!(
            seen.healed_after <= plan.open_for + Duration::from_millis(250),
            "{seen:?}"
        );
    }
}

#[tokio::test]
async fn the_stand_in_counts_what_reaches_it() {
    let upstream = StandIn::start(crate::stand_in::Mode::Ok).await;
    let house = House::start(&crate::house::rag(&upstream.url(), "")).await;
    for _ in 0..3 {
        house.get("/rag/x").await;
    }
    assert_eq!(upstream.hits(), 3);
}
