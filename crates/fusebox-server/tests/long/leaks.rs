//! 50 calls a second, 25 s of failure, "5 failures, open 10 s".

use std::time::Duration;

use crate::on_a_runtime;
use crate::stream::{Plan, streamed};

pub(crate) fn run() {
    let plan = Plan {
        every: Duration::from_millis(20),
        healthy: Duration::from_secs(2),
        failing: Duration::from_secs(25),
        open_for: Duration::from_secs(10),
    };
    let (get, post) =
        on_a_runtime(async { tokio::join!(streamed("GET", plan), streamed("POST", plan)) });
    for (method, seen) in [("GET", get), ("POST", post)] {
        println!("  {method}: {seen:?}");
        assert!(seen.trials_failed == 2, "25 s hold two trials: {seen:?}");
        assert!(
            seen.hits_while_failing <= 5 + seen.trials_failed,
            "{seen:?}"
        );
        assert!(
            seen.healed_after <= plan.open_for + Duration::from_millis(250),
            "{seen:?}"
        );
    }
}
