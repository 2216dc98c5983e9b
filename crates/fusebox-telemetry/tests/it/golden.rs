//! Both formats, byte for byte. `UPDATE_GOLDEN=1` writes them anew; look at the difference.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use fusebox::{
    Author, BranchSettings, CircuitBreaker, FailureClass, HoldKind, HoldRequest, ManualClock,
    Outcome, Settlement,
};
use fusebox_telemetry::{Classic, Exporter, Names, OpenMetrics};

use crate::hosts::{CLASSIC, Host, OPEN_METRICS, Service, breaker, built, secs};

/// Open for the second time since 4 s of 20: its trials failed.
fn troubled(clock: &ManualClock) -> Arc<CircuitBreaker> {
    let rag = built(breaker("rag", clock));
    for _ in 0..3 {
        rag.acquire().expect("closed").success();
    }
    let late = rag.acquire().expect("closed");
    for _ in 0..2 {
        rag.acquire()
            .expect("closed")
            .failure(FailureClass::Connect);
    }
    assert!(rag.acquire().is_err());
    late.success();
    clock.advance(secs(10));
    let timeout = Settlement::new(Outcome::Failure(FailureClass::Timeout));
    let trial = rag.acquire().expect("a trial");
    trial.settle(timeout.took(Duration::from_millis(400)));
    clock.advance(secs(4));
    rag
}

/// Closed and observed, with one slow and one failed call of four, and one that was dropped; one
/// of its keys is held.
fn observed(clock: &ManualClock) -> Arc<CircuitBreaker> {
    let notifier = breaker("notifier", clock).failure_rate(crate::hosts::percent(50.0));
    let notifier = built(notifier);
    notifier.hold(HoldRequest {
        kind: HoldKind::Observe,
        reason: "new limits".to_owned(),
        author: Author::new("test"),
        for_: None,
    });
    notifier
        .acquire()
        .expect("observed")
        .failure(FailureClass::Status);
    notifier.acquire().expect("observed").success();
    notifier.acquire().expect("observed").success();
    let slow = Settlement::new(Outcome::Success).took(secs(3));
    notifier.acquire().expect("observed").settle(slow);
    drop(notifier.acquire().expect("observed"));
    let branches = BranchSettings::builder().build().expect("the defaults");
    notifier.set_branches(Some(branches), &Author::new("test"));
    notifier.hold_branch(
        "printer",
        HoldRequest {
            kind: HoldKind::ForcedOpen,
            reason: "out of paper".to_owned(),
            author: Author::new("test"),
            for_: None,
        },
    );
    notifier
}

/// Two circuits with something in every metric.
pub(crate) fn service() -> Service {
    let clock = ManualClock::new();
    Service {
        name: "orchestrator",
        breakers: vec![troubled(&clock), observed(&clock)],
        fallbacks: vec![("static", 2), ("queued", 0)],
    }
}

fn scrape(exporter: &dyn Exporter) -> String {
    let wall = UNIX_EPOCH + Duration::from_millis(1_735_689_600_250);
    exporter.export_with(&service(), &Host, wall)
}

fn compare(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(file);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).expect("the file can be written");
    }
    let golden = std::fs::read_to_string(&path).expect("the file can be read");
    assert_eq!(text, golden, "{file}");
}

#[test]
fn the_classic_text_is_as_agreed() {
    compare("classic.txt", &scrape(&CLASSIC));
}

#[test]
fn the_open_metrics_text_is_as_agreed() {
    compare("open_metrics.txt", &scrape(&OPEN_METRICS));
}

#[test]
fn the_classic_text_under_the_enhanced_names_is_as_agreed() {
    let exporter = Classic::new(Names::Enhanced);
    compare("classic_enhanced.txt", &scrape(&exporter));
}

#[test]
fn the_open_metrics_text_under_the_enhanced_names_is_as_agreed() {
    let exporter = OpenMetrics::new(Names::Enhanced);
    compare("open_metrics_enhanced.txt", &scrape(&exporter));
}

/// The samples of a text without what the two formats write each in its own way: the order of the
/// lines of a histogram, the place of `le`, and `.0` behind whole numbers.
fn samples(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let mut samples: Vec<_> = lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').expect("a value");
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let mut labels: Vec<_> = labels.trim_end_matches('}').split(',').collect();
            labels.sort_unstable();
            let value: f64 = value.parse().expect("a number");
            let labels = labels.join(",").replace(".0\"", "\"");
            format!("{name}{{{labels}}} {value}")
        })
        .collect();
    samples.sort_unstable();
    samples
}

#[test]
fn both_texts_hold_the_same_samples() {
    for names in [Names::Standard, Names::Enhanced] {
        let classic = samples(&scrape(&Classic::new(names)));
        assert!(classic.len() > 100);
        assert_eq!(classic, samples(&scrape(&OpenMetrics::new(names))));
    }
}

#[test]
fn both_sets_of_names_hold_the_same_numbers_and_share_no_circuit_metric() {
    let standard = samples(&scrape(&CLASSIC));
    let enhanced = samples(&scrape(&Classic::new(Names::Enhanced)));
    let values = |samples: &[String]| {
        let value = |sample: &String| sample.rsplit(' ').next().map(str::to_owned);
        let mut values: Vec<_> = samples.iter().map(value).collect();
        values.sort_unstable();
        values
    };
    assert_eq!(values(&standard), values(&enhanced));
    for sample in &enhanced {
        let own = sample.starts_with("enhanced_circuit_breaker_");
        assert!(own || sample.starts_with("fusebox_"), "{sample}");
        assert_eq!(own, !standard.contains(sample), "{sample}");
    }
}
