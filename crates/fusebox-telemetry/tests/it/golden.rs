//! Both formats, byte for byte. `UPDATE_GOLDEN=1` writes them anew; look at the difference.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use fusebox::{
    Author, BranchSettings, CircuitBreaker, FailureClass, HoldKind, HoldRequest, ManualClock,
    Outcome, Settlement,
};
use fusebox_telemetry::{Classic, Exporter, OpenMetrics};

use crate::hosts::{Service, breaker, built, secs};

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
    rag.acquire()
        .expect("a trial")
        .failure(FailureClass::Timeout);
    clock.advance(secs(4));
    rag
}

/// Closed and observed, with one slow and one failed call of four, and one that was dropped; one
/// of its keys is held.
fn observed(clock: &ManualClock) -> Arc<CircuitBreaker> {
    let notifier = built(breaker("notifier", clock));
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

fn scrape(exporter: &dyn Exporter) -> String {
    let clock = ManualClock::new();
    let breakers = vec![troubled(&clock), observed(&clock)];
    let fallbacks = vec![("static", 2), ("queued", 0)];
    let service = Service {
        name: "orchestrator",
        breakers,
        fallbacks,
    };
    let wall = UNIX_EPOCH + Duration::from_millis(1_735_689_600_250);
    exporter.export(&service, wall)
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
    compare("classic.txt", &scrape(&Classic));
}

#[test]
fn the_open_metrics_text_is_as_agreed() {
    compare("open_metrics.txt", &scrape(&OpenMetrics));
}

#[test]
fn both_texts_hold_the_same_samples() {
    let samples = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        // `1.0` and `1` are one number.
        lines
            .map(|line| line.strip_suffix(".0").unwrap_or(line).to_owned())
            .collect()
    };
    let classic = samples(&scrape(&Classic));
    assert!(classic.len() > 50);
    assert_eq!(classic, samples(&scrape(&OpenMetrics)));
}
