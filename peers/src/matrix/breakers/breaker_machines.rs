//! breaker-machines, the async one.

use crate::asynchronous::{Asynchronous, Call, Failed, Outcome, driven};
use crate::peer::{Described, Feature, Peer, Trials};
use crate::settings::{Settings, Window};
use breaker_machines::{AsyncCircuitBreaker, CircuitBreaker, CircuitError, PredicateClassifier};
use std::rc::Rc;
use std::sync::Arc;

const WINDOW: &str = "its window is one of time: it does not say that a transition empties it";
const RECORDED: &str =
    "README, Async Support: late results \"are still recorded in the rolling metrics\"";
const FAILURES: &str = "README: \"Trip circuit when 50% of calls fail\", which does not say that a \
                        success trips it";

pub(crate) fn described() -> Described {
    Described {
        name: "breaker-machines 0.16.1",
        language: "Rust",
        promises: &[
            (
                Feature::TimeCount,
                "README, Basic Example: `failure_threshold`, `failure_window_secs`",
            ),
            (Feature::TimeRate, "README, Rate-Based Thresholds"),
            (
                Feature::SuccessJudges,
                "`failure_rate`: opens \"when (failures / total_calls) >= this value\"",
            ),
            (
                Feature::Wait,
                "README, Basic Example: `half_open_timeout_secs`",
            ),
            (
                Feature::Limit,
                "README: \"half-open probe slot\"; `CircuitError::HalfOpenLimitReached`",
            ),
            (
                Feature::Ignored,
                "README, Exception Filtering: \"ignore client errors\"",
            ),
            (
                Feature::Leave,
                "README, Async Support: dropping a call releases its \"probe slot\"",
            ),
            (
                Feature::Late,
                "README, Async Support: late results \"cannot drive transitions in a newer \
                 half-open generation\"",
            ),
            (Feature::Hand("reset"), "`AsyncCircuitBreaker::reset`"),
        ],
        trials: Trials::Quota,
        trials_where: "`success_threshold`: \"successes needed to close from half-open\"; that it \
                       is the limit of trials, too, its source says alone",
        lazy: true,
        whole_seconds: false,
        not_promised: &[
            ("hy-05-closing-clears-the-window-otherwise-the-old", WINDOW),
            ("own-r03-a-rate-under-its-minimum-is-undefined", FAILURES),
            ("own-r03-a-success-after-successes-left", FAILURES),
            ("own-r11-a-late-drop-is-only-late", WINDOW),
            ("own-r12-a-reset-makes-late", RECORDED),
            ("r02-window-starts-empty-in-a-new-generation", WINDOW),
            ("r12-late-failure-in-new-closed", RECORDED),
        ],
        make: Box::new(make),
    }
}

struct Breaker(Rc<AsyncCircuitBreaker>);

fn make(settings: &Settings) -> Result<Box<dyn Peer>, String> {
    let seconds = |ns: u64| ns as f64 / 1e9;
    let counts = |error: &breaker_machines::FailureContext<'_>| {
        error
            .error
            .downcast_ref::<Failed>()
            .is_none_or(|failed| failed.counts)
    };
    let builder = CircuitBreaker::builder("matrix")
        .half_open_timeout_secs(seconds(settings.open_ns))
        .jitter_factor(0.0)
        .success_threshold(settings.successes as usize)
        .failure_classifier(Arc::new(PredicateClassifier::new(counts)));
    let builder = match settings.window {
        Window::Time(ns) => builder.failure_window_secs(seconds(ns)),
        Window::Calls(_) => return Err("no such window".to_owned()),
    };
    let builder = match (settings.count, settings.rate) {
        (Some(count), None) => builder.failure_threshold(count as usize),
        (None, Some(rate)) => {
            let builder = builder.disable_failure_threshold().failure_rate(rate);
            builder.minimum_calls(settings.minimum as usize)
        }
        _ => return Err("no such policy".to_owned()),
    };
    Ok(driven(Breaker(Rc::new(builder.build_async()))))
}

impl Asynchronous for Breaker {
    fn call(&self, outcome: Outcome) -> Call {
        let breaker = Rc::clone(&self.0);
        Box::pin(async move {
            let answer = breaker.call(|| outcome).await;
            matches!(answer, Ok(()) | Err(CircuitError::Execution(_)))
        })
    }

    fn state(&self) -> &'static str {
        match self.0.state_name() {
            "Closed" => "closed",
            "Open" => "open",
            _ => "half_open",
        }
    }

    fn hand(&self, what: &str) -> Result<(), String> {
        match what {
            "reset" => self.0.reset(),
            _ => return Err(format!("{what} by hand is not there")),
        }
        Ok(())
    }
}
