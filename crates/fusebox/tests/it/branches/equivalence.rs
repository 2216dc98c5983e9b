//! A branch does, key by key, what a plain breaker with its settings would do: being quiet,
//! growing into a whole breaker and being laid to rest lose nothing that a call can notice.

use super::life::turn;
use super::twins::Twins;
use crate::cases::cases;
use crate::model::action::plan;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{FileFailurePersistence, TestRunner};
use std::collections::BTreeSet;

pub(super) fn config(count: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/it/branches/regressions.txt",
        ))),
        ..ProptestConfig::with_cases(cases(count))
    }
}

proptest! {
    #![proptest_config(config(3_000))]

    #[test]
    fn a_branch_does_what_a_plain_breaker_does(
        plan in plan(),
        turns in proptest::collection::vec(turn(), 1..120),
    ) {
        let done = Twins::new(plan).run(&turns);
        prop_assert!(done.is_ok(), "{}", done.unwrap_err());
    }
}

proptest! {
    #![proptest_config(config(50))]

    #[test]
    fn a_long_life_of_a_branch_is_that_of_a_plain_breaker(
        plan in plan(),
        turns in proptest::collection::vec(turn(), 800..1_200),
    ) {
        let done = Twins::new(plan).run(&turns);
        prop_assert!(done.is_ok(), "{}", done.unwrap_err());
    }
}

#[test]
fn random_lives_lay_branches_to_rest_with_something_to_remember() {
    let mut runner = TestRunner::deterministic();
    let lives = (plan(), proptest::collection::vec(turn(), 80..120));
    let mut seen = BTreeSet::new();
    for _ in 0..500 {
        let (plan, turns) = lives.new_tree(&mut runner).unwrap().current();
        let mut twins = Twins::new(plan);
        twins.run(&turns).unwrap();
        seen.append(&mut twins.seen);
    }
    let wanted = [
        "laid to rest",
        "quiet after transitions",
        "quiet with a window",
        "quiet within a run",
    ];
    assert_eq!(seen, wanted.into());
}
