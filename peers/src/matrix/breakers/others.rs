//! The breakers of other languages. Their adapters are in `peers/others/`, and are built by
//! `peers/others/build`.

use super::piped::Piped;
use crate::peer::{Described, Feature, Trials};
use std::path::Path;
use std::process::Command;

pub(crate) fn gobreaker(built: &Path) -> Described {
    let built = built.join("gobreaker");
    Described {
        name: "gobreaker 2.4.0",
        language: "Go",
        promises: &[
            (
                Feature::Run,
                "`Settings.ReadyToTrip` with `Counts.ConsecutiveFailures`",
            ),
            (
                Feature::TimeRate,
                "`Settings.BucketPeriod`: \"the rolling window strategy\"",
            ),
            (Feature::Wait, "`Settings.Timeout`"),
            (Feature::Limit, "`Settings.MaxRequests`"),
            (
                Feature::Ignored,
                "`Settings.IsExcluded`: \"neither counted as a success nor as a failure\"",
            ),
        ],
        trials: Trials::Quota,
        trials_where: "`Settings.MaxRequests`",
        lazy: false,
        whole_seconds: false,
        not_promised: &[],
        make: Box::new(move |settings| Piped::start(Command::new(&built), settings)),
    }
}

pub(crate) fn resilience4j(built: &Path) -> Described {
    let built = built.join("resilience4j");
    Described {
        name: "Resilience4j 2.4.0",
        language: "Java",
        promises: &[
            (
                Feature::CountRate,
                "CircuitBreaker, Count-based sliding window",
            ),
            (
                Feature::TimeRate,
                "CircuitBreaker, Time-based sliding window",
            ),
            (
                Feature::SuccessJudges,
                "CircuitBreaker, Failure rate: after the minimum of calls",
            ),
            (
                Feature::Slow,
                "CircuitBreaker, Failure rate and slow call rate thresholds",
            ),
            (Feature::Told, "`CircuitBreaker.onSuccess(duration, unit)`"),
            (Feature::Wait, "CircuitBreaker: `waitDurationInOpenState`"),
            (
                Feature::Limit,
                "CircuitBreaker: `permittedNumberOfCallsInHalfOpenState`",
            ),
            (
                Feature::Backoff,
                "`waitIntervalFunctionInOpenState`, `IntervalFunction`",
            ),
            (
                Feature::Ignored,
                "CircuitBreaker: `ignoreExceptions`, \"neither count as a failure nor success\"",
            ),
            (
                Feature::Leave,
                "`CircuitBreaker.releasePermission`: \"the number of allowed test calls is \
                 increased by one\"",
            ),
            (
                Feature::Hand("open"),
                "`CircuitBreaker.transitionToOpenState`: \"will not have any effect if the state \
                 machine is already in OPEN state\"",
            ),
            (
                Feature::Hand("closed"),
                "`CircuitBreaker.transitionToClosedState`",
            ),
            (
                Feature::Hand("half_open"),
                "`CircuitBreaker.transitionToHalfOpenState`",
            ),
            (Feature::Hand("reset"), "`CircuitBreaker.reset`"),
            (
                Feature::Hand("forced_open"),
                "CircuitBreaker, special states: FORCED_OPEN",
            ),
            (
                Feature::Hand("disabled"),
                "CircuitBreaker, special states: DISABLED",
            ),
            (
                Feature::Hand("observe"),
                "CircuitBreaker, special states: METRICS_ONLY",
            ),
        ],
        trials: Trials::Rate,
        trials_where: "CircuitBreaker: the rate of the permitted calls decides",
        lazy: true,
        whole_seconds: true,
        not_promised: &[(
            "own-r16-half-open-by-hand",
            "its enum `StateTransition` lists none from closed to half-open",
        )],
        make: Box::new(move |settings| {
            let mut command = Command::new("java");
            command.args([
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xshare:auto",
                "-cp",
            ]);
            command
                .arg(format!("{0}:{0}/*", built.display()))
                .arg("Resilience4j");
            Piped::start(command, settings)
        }),
    }
}

/// Why an excluded exception of pybreaker may end a run, and close.
const NO_FAILURE: &str = "an excluded exception \"won't be considered a system failure\", and \
                          whether it is a success is not said";

pub(crate) fn pybreaker(built: &Path) -> Described {
    let built = built.join("pybreaker");
    Described {
        name: "pybreaker 1.4.1",
        language: "Python",
        promises: &[
            (
                Feature::Run,
                "README, What Does a Circuit Breaker Do: `fail_max`",
            ),
            (
                Feature::Wait,
                "README: `reset_timeout`, \"after 60 seconds ... the next call\"",
            ),
            (
                Feature::Ignored,
                "README, Excluding Exceptions: \"should be ignored by the circuit breaker\"",
            ),
            (
                Feature::Settings,
                "README, Monitoring and Management: `fail_max = 10`, `success_threshold`, \
                 `reset_timeout`",
            ),
            (
                Feature::Hand("open"),
                "README, Monitoring and Management: `open()`",
            ),
            (
                Feature::Hand("closed"),
                "README, Monitoring and Management: `close()`",
            ),
            (
                Feature::Hand("half_open"),
                "README, Monitoring and Management: `half_open()`",
            ),
        ],
        trials: Trials::Successes,
        trials_where: "README, Usage: `success_threshold`",
        lazy: true,
        whole_seconds: false,
        not_promised: &[
            ("own-r02-ignored-outcomes-leave-the-run-alone", NO_FAILURE),
            ("own-r09-ignored-trials-say-nothing", NO_FAILURE),
            (
                "own-r16-by-hand-it-goes-on-from-there",
                "not said whether opening an open one begins its time anew",
            ),
            (
                "own-r21-new-thresholds-judge-from-the-next-outcome",
                NO_FAILURE,
            ),
            (
                "own-r21-the-open-time-in-force-stays",
                "not said whether a new `reset_timeout` is for the opening in force",
            ),
            ("r06-ignored-enters-nothing", NO_FAILURE),
        ],
        make: Box::new(move |settings| {
            let mut command = Command::new("python3");
            command.arg(built.join("adapter.py"));
            Piped::start(command, settings)
        }),
    }
}
