//! Random lives of a breaker against the model. `FUSEBOX_LONG=1` lives fifty times as many.

use super::action::{action, plan};
use super::sequencer::Sequencer;
use crate::cases::cases;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{FileFailurePersistence, TestRunner};
use std::collections::BTreeSet;

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

/// Answers, settlements and events that a breaker can make. That the lives above hold proves
/// something only if they get here.
const CORNERS: &str = "
open true; open false; half_open true; ramp false; forced_open true; forced_open false
Recorded Success; Recorded Failure; Recorded Ignored; Late Success; Late Failure; Late Ignored
Uncounted Success; Uncounted Failure; Uncounted Ignored
closed to open by consecutive_failures; closed to open by failure_rate
closed to open by failure_count; closed to open by slow_call_rate; closed to open by hand
half_open to open by trial_failed; half_open to open by trial_timed_out; half_open to open by hand
half_open to closed by trials_succeeded; half_open to closed by hand; half_open to closed by reset
half_open to closed by hold_set; half_open to closed by hold_ended
open to half_open by open_time_over; open to half_open by hold_ended; open to half_open by hand
open to closed by hand; open to closed by reset; open to closed by hold_set
open to closed by hold_ended; closed to half_open by hand; closed to half_open by hold_ended
set forced_open; set disabled; set observe; end forced_open true; end forced_open false
end disabled true; end disabled false; end observe true; end observe false; reset; settings
would open by consecutive_failures; would open by failure_rate; would open by failure_count
would open by slow_call_rate";

#[test]
fn random_lives_reach_every_corner() {
    let mut runner = TestRunner::deterministic();
    let lives = (plan(), proptest::collection::vec(action(), 40..60));
    let mut seen = BTreeSet::new();
    for _ in 0..3_000 {
        let (plan, actions) = lives.new_tree(&mut runner).unwrap().current();
        let mut sequencer = Sequencer::new(plan, true);
        sequencer.run(&actions).unwrap();
        seen.append(&mut sequencer.seen);
    }
    let wanted = CORNERS
        .split([';', '\n'])
        .map(str::trim)
        .filter(|word| !word.is_empty());
    let missed: Vec<&str> = wanted.filter(|word| !seen.remove(*word)).collect();
    assert!(
        missed.is_empty(),
        "never seen: {missed:?}; not in the list: {seen:?}"
    );
    assert!(seen.is_empty(), "not in the list: {seen:?}");
}
