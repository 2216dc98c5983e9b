//! Random lives of a breaker against the model. `FUSEBOX_LONG=1` lives fifty times as many.

use super::action::{action, plan};
use super::sequencer::Sequencer;
use crate::cases::cases;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

fn config(count: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/it/model/regressions.txt",
        ))),
        ..ProptestConfig::with_cases(cases(count))
    }
}

proptest! {
    #![proptest_config(config(4_000))]

    #[test]
    fn the_breaker_does_what_the_model_does(
        plan in plan(),
        actions in proptest::collection::vec(action(), 1..60),
    ) {
        let done = Sequencer::new(plan, true).run(&actions);
        prop_assert!(done.is_ok(), "{}", done.unwrap_err());
    }
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn between_nine_tenths_and_the_whole_window_either_count_is_right(
        plan in plan(),
        actions in proptest::collection::vec(action(), 1..60),
    ) {
        let done = Sequencer::new(plan, false).run(&actions);
        prop_assert!(done.is_ok(), "{}", done.unwrap_err());
    }
}

proptest! {
    #![proptest_config(config(100))]

    #[test]
    fn a_long_life_ends_as_the_model_says(
        plan in plan(),
        actions in proptest::collection::vec(action(), 500..800),
    ) {
        let done = Sequencer::new(plan, true).run(&actions);
        prop_assert!(done.is_ok(), "{}", done.unwrap_err());
    }
}
