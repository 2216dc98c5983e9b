//! What can happen to a breaker, and how often.

use super::plan::{Plan, Span};
use super::told::Said;
use fusebox::{HoldKind, State};
use proptest::prelude::*;
use std::time::Duration;

/// How far the clock moves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    By(Duration),
    /// To the next instant at which something is due.
    UntilDue,
    /// One nanosecond less.
    BeforeDue,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// A whole call that says itself how long it took.
    Call {
        said: Said,
        took: Duration,
        retry_after: Option<Duration>,
    },
    Begin,
    /// Ends the n-th of the calls in flight (modulo their number).
    End {
        which: usize,
        said: Said,
        retry_after: Option<Duration>,
    },
    Drop {
        which: usize,
    },
    /// A quiet one is not followed by a look at the breaker: what was due is found by
    /// whatever comes next.
    Advance {
        step: Step,
        quiet: bool,
    },
    Transition(State),
    Hold {
        kind: HoldKind,
        expires_after: Option<Duration>,
    },
    Release,
    Reset,
    Change(Box<Plan>),
    BeginShutdown,
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn one_of(durations: &'static [u64]) -> impl Strategy<Value = Duration> {
    proptest::sample::select(durations).prop_map(ms)
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![5 => Just(Said::Failure), 4 => Just(Said::Success), 1 => Just(Said::Ignored)]
}

/// Only failures ask to be left alone, and few do.
fn ending() -> impl Strategy<Value = (Said, Option<Duration>)> {
    let pause = prop_oneof![9 => Just(None), 1 => one_of(&[1, 3_000, 90_000]).prop_map(Some)];
    (said(), pause).prop_map(|(said, pause)| (said, pause.filter(|_| said == Said::Failure)))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => one_of(&[1, 100, 300, 500, 1_000, 2_000, 5_000, 9_500, 10_000, 70_000])
            .prop_map(Step::By),
        1 => Just(Step::By(Duration::from_nanos(1))),
        2 => Just(Step::UntilDue),
        1 => Just(Step::BeforeDue),
    ]
}

fn hold() -> impl Strategy<Value = Action> {
    let kind = proptest::sample::select(
        &[HoldKind::ForcedOpen, HoldKind::Disabled, HoldKind::Observe][..],
    );
    let expires_after = prop_oneof![Just(None), one_of(&[1, 700, 4_000]).prop_map(Some)];
    (kind, expires_after).prop_map(|(kind, expires_after)| Action::Hold {
        kind,
        expires_after,
    })
}

/// One action.
pub(crate) fn action() -> impl Strategy<Value = Action> {
    let took = prop_oneof![3 => Just(Duration::ZERO), 1 => one_of(&[99, 100, 101, 900])];
    let state = proptest::sample::select(&[State::Closed, State::Open, State::HalfOpen][..]);
    prop_oneof![
        36 => (ending(), took).prop_map(|((said, retry_after), took)| {
            Action::Call { said, took, retry_after }
        }),
        12 => Just(Action::Begin),
        10 => (0..8_usize, ending()).prop_map(|(which, (said, retry_after))| {
            Action::End { which, said, retry_after }
        }),
        4 => (0..8_usize).prop_map(|which| Action::Drop { which }),
        18 => (step(), proptest::bool::weighted(0.4))
            .prop_map(|(step, quiet)| Action::Advance { step, quiet }),
        3 => state.prop_map(Action::Transition),
        3 => hold(),
        2 => Just(Action::Release),
        1 => Just(Action::Reset),
        2 => plan().prop_map(|plan| Action::Change(Box::new(plan))),
        1 => prop_oneof![9 => Just(Action::Begin), 1 => Just(Action::BeginShutdown)],
    ]
}

type Policies = (
    Option<u32>,
    Option<u32>,
    Option<u32>,
    Option<(u32, Duration)>,
);

/// Policies: at least one of the three that count failures.
fn policies() -> impl Strategy<Value = Policies> {
    let rate = proptest::sample::select(
        &[
            2_000_u32, 200_000, 333_333, 333_334, 500_000, 666_667, 1_000_000,
        ][..],
    );
    let slow = (rate.clone(), one_of(&[100, 900]));
    use proptest::option::weighted;
    (
        weighted(0.5, 1..5_u32),
        weighted(0.5, rate),
        weighted(0.3, 1..5_u32),
        weighted(0.3, slow),
    )
        .prop_map(|(consecutive, rate, count, slow)| {
            let none = consecutive.is_none() && rate.is_none() && count.is_none();
            (if none { Some(2) } else { consecutive }, rate, count, slow)
        })
}

/// Settings within the table's ranges, small enough that their edges are met.
pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let span = prop_oneof![
        (1..13_u32).prop_map(Span::Calls),
        one_of(&[1_000, 10_000, 10_000, 10_000]).prop_map(Span::Time),
    ];
    let open_for = (
        one_of(&[1_000, 2_000, 5_000]),
        one_of(&[0, 3_000, 60_000]),
        proptest::sample::select(&[1.0, 1.5, 2.0, 3.0][..]),
    );
    let trials = (1..4_u32, 1..4_u32, 1..4_u32, one_of(&[500, 3_000, 30_000]));
    let rest = (
        proptest::option::of(one_of(&[300, 1_000, 3_000])),
        prop_oneof![3 => Just(Duration::ZERO), 1 => one_of(&[2_000, 10_000])],
        proptest::bool::weighted(0.15),
    );
    (policies(), span, 1..13_u32, open_for, trials, rest).prop_map(
        |(policies, span, minimum, (open_for, more, backoff), trials, rest)| {
            let most = if let Span::Calls(n) = span { n } else { 12 };
            let (consecutive_failures, failure_rate, failure_count, slow_calls) = policies;
            Plan {
                consecutive_failures,
                failure_rate,
                failure_count: failure_count.map(|n| n.min(most)),
                slow_calls,
                span,
                minimum_calls: minimum.min(most),
                open_for,
                open_for_max: open_for + more,
                backoff,
                half_open_calls: trials.0,
                half_open_successes: trials.1,
                half_open_failures: trials.2,
                half_open_timeout: trials.3,
                abandoned_after: rest.0,
                ramp: rest.1,
                manual: rest.2,
            }
        },
    )
}
