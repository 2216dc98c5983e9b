//! Replay files: read strictly, and run to the same answer every time.
#![no_main]

use fusebox_sim::replay::{BadFile, Report, Script};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// A file may ask for fifty million calls; a run here has to be over in microseconds.
const CALLS_MAX: u64 = 2_000;

fuzz_target!(|bytes: &[u8]| {
    let document = serde_json::from_slice::<Value>(bytes);
    match Script::parse(bytes) {
        Err(bad) => says_where(&bad, document.as_ref().ok()),
        Ok(script) => {
            let document = document.expect("a script is JSON");
            assert_eq!(Some(script.id()), document["id"].as_str());
            if calls(&document) > CALLS_MAX {
                return;
            }
            match (script.run(), script.run()) {
                (Ok(first), Ok(second)) => {
                    assert_eq!(first.to_json_line(), second.to_json_line());
                    agrees_with_itself(&first, &document);
                }
                (Err(first), Err(second)) => {
                    assert_eq!(first, second);
                    says_where(&first, Some(&document));
                }
                (first, second) => panic!("{first:?} and then {second:?}"),
            }
        }
    }
});

fn calls(document: &Value) -> u64 {
    let steps = document["steps"].as_array();
    let times = |step: &Value| step["times"].as_u64().unwrap_or(1);
    steps
        .into_iter()
        .flatten()
        .map(times)
        .fold(0, u64::saturating_add)
}

fn says_where(bad: &BadFile, document: Option<&Value>) {
    assert!(!bad.text().is_empty());
    assert!(bad.text().chars().count() <= 700, "{bad}");
    if let Some(step) = bad.step() {
        let steps = document.and_then(|document| document["steps"].as_array());
        assert!((1..=steps.map_or(0, Vec::len)).contains(&step), "{bad}");
    }
}

fn agrees_with_itself(report: &Report, document: &Value) {
    let line = report.to_json_line();
    let told: Value = serde_json::from_str(&line).expect("a line of JSON");
    assert!(!line.contains('\n'));
    assert_eq!(told["ok"], report.ok());
    let steps = document["steps"].as_array().map_or(0, Vec::len);
    if let Some(step) = report.failed_step() {
        assert!(!report.ok() && (1..=steps).contains(&step));
    }
    match (report.expected(), report.actual()) {
        (None, None) => assert!(report.ok()),
        (Some(expected), Some(actual)) => {
            assert!(!report.ok() && expected != actual && expected.keys().eq(actual.keys()));
        }
        (expected, actual) => panic!("{expected:?} and {actual:?}"),
    }
}
