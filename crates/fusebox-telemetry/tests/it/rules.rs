//! What a scrape must and must not contain.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fusebox::{
    Author, BranchSettings, CircuitBreaker, FailureClass, HoldKind, HoldRequest, ManualClock,
    Recovery, State,
};
use fusebox_telemetry::Exporter;

use crate::hosts::{CLASSIC, OPEN_METRICS, Service, breaker, built, secs};

fn classic(breaker: &Arc<CircuitBreaker>) -> String {
    CLASSIC.export(&vec![Arc::clone(breaker)], UNIX_EPOCH + secs(1_000_000))
}

/// The value of the one sample of `name`; `None` where it is absent.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = text.lines().filter(|line| {
        line.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with(['{', ' ']))
    });
    let line = lines.next()?;
    assert_eq!(lines.next(), None, "more than one {name}");
    line.rsplit(' ').next()
}

fn fail(breaker: &CircuitBreaker) {
    breaker
        .acquire()
        .expect("admitted")
        .failure(FailureClass::Status);
}

fn hold(kind: HoldKind, for_: Option<Duration>) -> HoldRequest {
    HoldRequest {
        kind,
        reason: "drill".to_owned(),
        author: Author::new("test"),
        for_,
    }
}

#[test]
fn ratios_are_absent_below_minimum_calls() {
    let breaker = built(breaker("rag", &ManualClock::new()));
    for _ in 0..3 {
        breaker.acquire().expect("closed").success();
        assert_eq!(
            value(&classic(&breaker), "circuit_breaker_failure_ratio"),
            None
        );
        assert_eq!(
            value(&classic(&breaker), "circuit_breaker_slow_ratio"),
            None
        );
    }
    fail(&breaker);
    assert_eq!(
        value(&classic(&breaker), "circuit_breaker_failure_ratio"),
        Some("0.25")
    );
    assert_eq!(
        value(&classic(&breaker), "circuit_breaker_slow_ratio"),
        Some("0")
    );
}

#[test]
fn the_threshold_of_the_failure_ratio_is_absent_where_no_rate_is_set() {
    let clock = ManualClock::new();
    let builder = |name| CircuitBreaker::builder(name).clock(clock.clone());
    let rate = built(builder("rag").failure_rate(crate::hosts::percent(12.5)));
    let threshold = "circuit_breaker_failure_ratio_threshold";
    assert_eq!(value(&classic(&rate), threshold), Some("0.125"));
    let run = built(builder("vms").consecutive_failures(5));
    assert_eq!(value(&classic(&run), threshold), None);
}

#[test]
fn the_slow_ratio_is_absent_where_nothing_can_be_slow() {
    let builder = CircuitBreaker::builder("rag")
        .minimum_calls(1)
        .clock(ManualClock::new());
    let breaker = built(builder.failure_rate(crate::hosts::percent(50.0)));
    breaker.acquire().expect("closed").success();
    assert_eq!(
        value(&classic(&breaker), "circuit_breaker_failure_ratio"),
        Some("0")
    );
    assert_eq!(
        value(&classic(&breaker), "circuit_breaker_slow_ratio"),
        None
    );
}

#[test]
fn the_state_is_the_one_that_callers_feel() {
    let clock = ManualClock::new();
    let breaker = built(breaker("rag", &clock));
    let state = || value(&classic(&breaker), "circuit_breaker_state").map(str::to_owned);
    let admission =
        || value(&classic(&breaker), "circuit_breaker_admission_ratio").map(str::to_owned);
    let felt = || breaker.snapshot().effective_state();
    let is = |word: &str| Some(word.to_owned());
    assert_eq!(
        (state(), admission(), felt()),
        (is("0"), is("1"), State::Closed)
    );
    breaker.hold(hold(HoldKind::ForcedOpen, None));
    assert_eq!(
        (state(), admission(), felt()),
        (is("1"), is("0"), State::Open)
    );
    breaker.release(&Author::new("test"));
    assert_eq!(
        (state(), admission(), felt()),
        (is("2"), None, State::HalfOpen)
    );
    breaker
        .transition(State::Open, &Author::new("test"))
        .expect("not observed");
    assert_eq!(
        (state(), admission(), felt()),
        (is("1"), is("0"), State::Open)
    );
    breaker.hold(hold(HoldKind::Disabled, None));
    assert_eq!(
        (state(), admission(), felt()),
        (is("0"), is("1"), State::Closed)
    );
    breaker.hold(hold(HoldKind::Observe, None));
    assert_eq!(
        (state(), admission(), felt()),
        (is("0"), is("1"), State::Closed)
    );
}

#[test]
fn the_admitted_share_grows_along_the_ramp() {
    let clock = ManualClock::new();
    let breaker = built(breaker("rag", &clock).ramp(secs(10)));
    fail(&breaker);
    fail(&breaker);
    clock.advance(secs(10));
    breaker.acquire().expect("a trial").success();
    clock.advance(secs(5));
    let share = value(&classic(&breaker), "circuit_breaker_admission_ratio").map(str::to_owned);
    let share: f64 = share.expect("a sample").parse().expect("a number");
    assert!((share - 0.55).abs() < 1e-9, "{share}");
    clock.advance(secs(5));
    assert_eq!(
        value(&classic(&breaker), "circuit_breaker_admission_ratio"),
        Some("1")
    );
}

#[test]
fn the_next_trial_is_absent_unless_it_is_known() {
    const NEXT: &str = "circuit_breaker_next_trial_timestamp_seconds";
    let clock = ManualClock::new();
    let automatic = built(breaker("rag", &clock));
    assert_eq!(value(&classic(&automatic), NEXT), None);
    fail(&automatic);
    fail(&automatic);
    clock.advance(Duration::from_millis(2_500));
    assert_eq!(value(&classic(&automatic), NEXT), Some("1000007.5"));
    automatic.hold(hold(HoldKind::ForcedOpen, Some(secs(60))));
    assert_eq!(value(&classic(&automatic), NEXT), Some("1000060"));
    automatic.hold(hold(HoldKind::ForcedOpen, None));
    assert_eq!(value(&classic(&automatic), NEXT), None);

    let manual = built(breaker("vms", &clock).recovery(Recovery::Manual));
    fail(&manual);
    fail(&manual);
    assert_eq!(value(&classic(&manual), NEXT), None);
    manual.hold(hold(HoldKind::ForcedOpen, Some(secs(60))));
    assert_eq!(value(&classic(&manual), NEXT), None);
}

#[test]
fn recovery_attempts_are_those_that_trials_ended() {
    let clock = ManualClock::new();
    let breaker = built(breaker("rag", &clock));
    fail(&breaker);
    fail(&breaker);
    clock.advance(secs(10));
    fail(&breaker);
    clock.advance(secs(20));
    breaker.acquire().expect("a trial").success();
    // A hand that closes is no recovery.
    breaker
        .transition(State::HalfOpen, &Author::new("test"))
        .expect("not observed");
    breaker
        .transition(State::Closed, &Author::new("test"))
        .expect("not observed");
    let text = classic(&breaker);
    for (series, count) in [
        (
            "recovery_attempts_total{service_name=\"\",circuit_name=\"rag\",result=\"success\"}",
            1,
        ),
        (
            "recovery_attempts_total{service_name=\"\",circuit_name=\"rag\",result=\"failure\"}",
            1,
        ),
        (
            "trial_calls_total{service_name=\"\",circuit_name=\"rag\",result=\"success\"}",
            1,
        ),
        (
            "trial_calls_total{service_name=\"\",circuit_name=\"rag\",result=\"failure\"}",
            1,
        ),
    ] {
        assert!(
            text.contains(&format!("circuit_breaker_{series} {count}\n")),
            "{series}: {text}"
        );
    }
}

#[test]
fn branches_are_counted_without_their_keys() {
    let breaker = built(breaker("rag", &ManualClock::new()));
    assert!(!classic(&breaker).contains("branch"), "it is not keyed");
    let branches = BranchSettings::builder().keys_max(3).build();
    let by = Author::new("test");
    breaker.set_branches(Some(branches.expect("in range")), &by);
    for key in ["shard-b", "shard-c", "shard-d"] {
        breaker.acquire_key(key).expect("closed").success();
    }
    for _ in 0..2 {
        let shard = breaker.acquire_key("shard-a").expect("closed");
        shard.failure(FailureClass::Status);
    }
    let text = classic(&breaker);
    assert_eq!(value(&text, "circuit_breaker_branches"), Some("3"));
    assert_eq!(value(&text, "circuit_breaker_branches_open"), Some("1"));
    assert_eq!(value(&text, "circuit_breaker_branches_held"), Some("0"));
    let evicted = "circuit_breaker_branches_evicted_total{service_name=\"\",circuit_name=\"rag\"";
    assert!(
        text.contains(&format!("{evicted},state=\"closed\"}} 1\n")),
        "{text}"
    );
    assert!(!text.contains("shard-"), "{text}");
}

#[test]
fn label_values_are_escaped_in_both_formats() {
    let breakers = vec![built(breaker("rag", &ManualClock::new()))];
    let service = Service {
        name: "a\"b\\c\nd",
        breakers,
        fallbacks: vec![("x\"y", 1)],
    };
    for exporter in [&CLASSIC as &dyn Exporter, &OPEN_METRICS] {
        let text = exporter.export(&service, SystemTime::now());
        let circuit = r#"service_name="a\"b\\c\nd",circuit_name="rag""#;
        let series = format!("fallback_total{{{circuit},fallback_type=\"x\\\"y\"}} 1\n");
        assert!(text.contains(&series), "{text}");
    }
}

#[test]
fn the_classic_text_has_no_mark_of_the_other_format() {
    let text = CLASSIC.export(
        &vec![built(breaker("rag", &ManualClock::new()))],
        SystemTime::now(),
    );
    assert!(!text.contains("# EOF") && !text.contains("# UNIT"));
    for line in text.lines().filter(|line| line.starts_with("# TYPE")) {
        assert_eq!(
            line.ends_with(" counter"),
            line.contains("_total "),
            "{line}"
        );
    }
    let open_metrics = OPEN_METRICS.export(
        &vec![built(breaker("rag", &ManualClock::new()))],
        SystemTime::now(),
    );
    assert!(open_metrics.ends_with("# EOF\n"));
    assert!(
        !open_metrics
            .lines()
            .any(|line| line.starts_with("# TYPE") && line.contains("_total"))
    );
}

#[test]
fn a_name_shown_twice_is_exported_once() {
    let clock = ManualClock::new();
    let (first, second) = (built(breaker("rag", &clock)), built(breaker("rag", &clock)));
    first.acquire().expect("closed").success();
    let text = CLASSIC.export(&vec![first, second], SystemTime::now());
    let series = text.lines().filter(|line| !line.starts_with('#'));
    let mut seen = HashSet::new();
    for line in series {
        let name = line.rsplit_once(' ').expect("a value").0;
        assert!(seen.insert(name), "{name}");
    }
    assert!(
        text.contains("result=\"success\"} 1\n"),
        "the first one counts"
    );
}

#[test]
fn a_source_without_circuits_has_only_the_build() {
    let none: Vec<Arc<CircuitBreaker>> = Vec::new();
    let version = env!("CARGO_PKG_VERSION");
    let classic = format!(
        "# HELP fusebox_build_info Version of Fusebox.\n# TYPE fusebox_build_info gauge\n\
         fusebox_build_info{{version=\"{version}\"}} 1\n"
    );
    assert_eq!(CLASSIC.export(&none, SystemTime::now()), classic);
    let open_metrics = format!(
        "# HELP fusebox_build Version of Fusebox.\n# TYPE fusebox_build info\n\
         fusebox_build_info{{version=\"{version}\"}} 1\n# EOF\n"
    );
    assert_eq!(OPEN_METRICS.export(&none, SystemTime::now()), open_metrics);
}
