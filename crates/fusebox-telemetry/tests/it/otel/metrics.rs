//! What a meter provider collects.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use fusebox::{ManualClock, Reading, Source};
use fusebox_telemetry::{Classic, Exporter, Facts, Names, otel};
use opentelemetry::KeyValue;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, Metric, MetricData, ResourceMetrics};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};

use crate::golden::service;
use crate::hosts::{Host, Service, breaker, built};

/// A provider that collects when asked, and where it brings what it collected.
fn provider() -> (SdkMeterProvider, InMemoryMetricExporter) {
    let exporter = InMemoryMetricExporter::default();
    let reader = PeriodicReader::builder(exporter.clone()).build();
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    (provider, exporter)
}

/// Series with its value, as Prometheus would name it.
type Series = BTreeMap<String, f64>;

fn collect(provider: &SdkMeterProvider, exporter: &InMemoryMetricExporter) -> Series {
    exporter.reset();
    provider.force_flush().expect("it can be collected");
    let finished = exporter.get_finished_metrics().expect("nobody panicked");
    let mut series = Series::new();
    let scopes = finished.iter().flat_map(ResourceMetrics::scope_metrics);
    for scope in scopes {
        assert_eq!(scope.scope().name(), "fusebox");
        scope.metrics().for_each(|metric| add(&mut series, metric));
    }
    series
}

fn add(series: &mut Series, metric: &Metric) {
    let name = metric.name();
    let part_of_histogram = ["_bucket", "_count", "_sum"]
        .iter()
        .any(|part| name.ends_with(part));
    let total = if part_of_histogram { "" } else { "_total" };
    let mut put = |suffix: &str, attributes: Vec<KeyValue>, value: f64| {
        let key = key(&format!("{name}{suffix}"), &attributes);
        assert_eq!(series.insert(key, value), None, "{name} twice");
    };
    #[allow(clippy::cast_precision_loss)] // The tests count to a few thousand.
    match metric.data() {
        AggregatedMetrics::U64(MetricData::Sum(sum)) => {
            assert!(sum.is_monotonic(), "{name}");
            for point in sum.data_points() {
                put(
                    total,
                    point.attributes().cloned().collect(),
                    point.value() as f64,
                );
            }
        }
        AggregatedMetrics::F64(MetricData::Sum(sum)) => {
            assert!(sum.is_monotonic(), "{name}");
            for point in sum.data_points() {
                put(total, point.attributes().cloned().collect(), point.value());
            }
        }
        AggregatedMetrics::F64(MetricData::Gauge(gauge)) => {
            for point in gauge.data_points() {
                put("", point.attributes().cloned().collect(), point.value());
            }
        }
        other => panic!("{name}: {other:?}"),
    }
}

fn key(name: &str, attributes: &[KeyValue]) -> String {
    let labels = attributes.iter();
    let mut labels: Vec<_> = labels
        .map(|label| format!("{}=\"{}\"", label.key, label.value))
        .collect();
    labels.sort_unstable();
    format!("{name}{{{}}}", labels.join(","))
}

/// The same of a scrape.
fn scraped(source: &dyn Source, facts: &dyn Facts, names: Names) -> Series {
    let text = Classic::new(names).export_with(source, facts, SystemTime::now());
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').expect("a value");
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let mut labels: Vec<_> = labels.trim_end_matches('}').split(',').collect();
            labels.sort_unstable();
            let key = format!("{name}{{{}}}", labels.join(","));
            (key, value.parse().expect("a number"))
        })
        .collect()
}

#[test]
fn a_collection_shows_what_a_scrape_shows() {
    for names in [Names::Standard, Names::Enhanced] {
        let (provider, exporter) = provider();
        let source = Arc::new(service());
        let _observed = otel::observe(&provider, source.clone(), Arc::new(Host), names);
        let mut collected = collect(&provider, &exporter);
        let mut scraped = scraped(&*source, &Host, names);
        // The two look at the wall clock at two instants.
        let later = |key: &String, _: &mut f64| !key.contains("next_trial_timestamp");
        assert_eq!(collected.len(), scraped.len(), "{collected:?}");
        collected.retain(later);
        scraped.retain(later);
        assert_eq!(collected, scraped);
    }
}

/// Counts how often it is read.
struct Watched(Service, AtomicUsize);

impl Source for Watched {
    fn read(&self, visit: &mut dyn FnMut(&Reading<'_>)) {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.read(visit);
    }
}

fn watched() -> Arc<Watched> {
    let service = Service {
        name: "orchestrator",
        breakers: vec![built(breaker("rag", &ManualClock::new()))],
        fallbacks: Vec::new(),
    };
    Arc::new(Watched(service, AtomicUsize::new(0)))
}

fn successes(collected: &Series) -> Option<f64> {
    let mut found = collected.iter().filter(|(series, _)| {
        series.starts_with("circuit_breaker_calls_total{") && series.contains("\"success\"")
    });
    found.next().map(|(_, value)| *value)
}

#[test]
fn a_collection_reads_the_source_once_and_the_next_one_anew() {
    let (provider, exporter) = provider();
    let source = watched();
    let _observed = otel::observe(&provider, source.clone(), Arc::new(()), Names::Standard);
    for calls in 1..4 {
        let circuit = &source.0.breakers[0];
        circuit.acquire().expect("closed").success();
        let collected = collect(&provider, &exporter);
        assert_eq!(source.1.load(Ordering::Relaxed), calls);
        let expected = u32::try_from(calls).map(f64::from).expect("a few");
        assert_eq!(successes(&collected), Some(expected));
    }
}

#[test]
fn what_is_no_longer_observed_is_no_longer_read() {
    let (provider, exporter) = provider();
    let source = watched();
    let observed = otel::observe(&provider, source.clone(), Arc::new(()), Names::Standard);
    assert!(!collect(&provider, &exporter).is_empty());
    drop(observed);
    assert_eq!(collect(&provider, &exporter), Series::new());
    assert_eq!(source.1.load(Ordering::Relaxed), 1);
    assert_eq!(Arc::strong_count(&source), 1, "nothing holds it");
}
