//! A histogram in both formats, also where the circuit's name has to be escaped.

use std::sync::Arc;

use crate::family::{CircuitLabels, Family, Kind, Labels, Own, Sample, Spread, Value};
use crate::{classic, open_metrics};

fn family() -> Family {
    let circuit = CircuitLabels {
        service_name: "a\"b".to_owned(),
        circuit_name: "rag".to_owned(),
    };
    let labels = Labels {
        circuit: Some(Arc::new(circuit)),
        own: Own::None,
    };
    let spread = Spread {
        buckets: vec![(0.001, 3), (2.5, 0), (10.0, 1), (f64::INFINITY, 2)],
        sum: 31.25,
    };
    Family {
        name: "call_duration_seconds".to_owned(),
        help: "How long.",
        kind: Kind::Histogram,
        samples: vec![Sample {
            labels,
            value: Value::Spread(Box::new(spread)),
        }],
    }
}

#[test]
fn the_classic_text_of_a_histogram_is_cumulative() {
    let series = r#"service_name="a\"b",circuit_name="rag""#;
    let expected = [
        "# HELP call_duration_seconds How long.".to_owned(),
        "# TYPE call_duration_seconds histogram".to_owned(),
        format!("call_duration_seconds_bucket{{{series},le=\"0.001\"}} 3"),
        format!("call_duration_seconds_bucket{{{series},le=\"2.5\"}} 3"),
        format!("call_duration_seconds_bucket{{{series},le=\"10\"}} 4"),
        format!("call_duration_seconds_bucket{{{series},le=\"+Inf\"}} 6"),
        format!("call_duration_seconds_sum{{{series}}} 31.25"),
        format!("call_duration_seconds_count{{{series}}} 6"),
    ];
    let text = classic::text(&[family()]);
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn the_open_metrics_text_of_a_histogram_is_cumulative() {
    let series = r#"service_name="a\"b",circuit_name="rag""#;
    let expected = [
        "# HELP call_duration_seconds How long.".to_owned(),
        "# TYPE call_duration_seconds histogram".to_owned(),
        format!("call_duration_seconds_sum{{{series}}} 31.25"),
        format!("call_duration_seconds_count{{{series}}} 6"),
        format!("call_duration_seconds_bucket{{le=\"0.001\",{series}}} 3"),
        format!("call_duration_seconds_bucket{{le=\"2.5\",{series}}} 3"),
        format!("call_duration_seconds_bucket{{le=\"10.0\",{series}}} 4"),
        format!("call_duration_seconds_bucket{{le=\"+Inf\",{series}}} 6"),
        "# EOF".to_owned(),
    ];
    let text = open_metrics::text(vec![family()]);
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
}
