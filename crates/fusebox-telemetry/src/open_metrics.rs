//! The `OpenMetrics` 1.0 text format, written by `prometheus-client`.

use std::fmt;
use std::time::SystemTime;

use fusebox::Source;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabel, EncodeLabelSet, LabelSetEncoder, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use crate::facts::Facts;
use crate::family::{Family, Kind, Labels, Sample, Value};
use crate::scrape::Scrape;
use crate::{Exporter, Names};

/// The format `OpenMetrics` 1.0, with the end mark.
///
/// Histograms have classic buckets: this text format has no others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct OpenMetrics {
    names: Names,
}

impl OpenMetrics {
    /// The format under these names.
    pub const fn new(names: Names) -> Self {
        Self { names }
    }
}

impl Exporter for OpenMetrics {
    fn content_type(&self) -> &'static str {
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    }

    fn export_with(&self, source: &dyn Source, facts: &dyn Facts, wall: SystemTime) -> String {
        let scrape = Scrape {
            source,
            facts,
            wall,
            names: self.names,
        };
        text(scrape.read())
    }
}

pub(crate) fn text(families: Vec<Family>) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Gathered(families)));
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = encode(&mut text, &registry);
    text
}

/// What one scrape read. The registry wants collectors that own what they show, so it lives for one
/// scrape only.
#[derive(Debug)]
struct Gathered(Vec<Family>);

impl Collector for Gathered {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for family in &self.0 {
            let kind = match family.kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
                Kind::Histogram => MetricType::Histogram,
                Kind::Info => MetricType::Info,
            };
            let mut metric = encoder.encode_descriptor(&family.name, family.help, None, kind)?;
            for sample in &family.samples {
                write_sample(&mut metric, family.kind, sample)?;
            }
        }
        Ok(())
    }
}

fn write_sample(metric: &mut MetricEncoder<'_>, kind: Kind, sample: &Sample) -> fmt::Result {
    if kind == Kind::Info {
        return metric.encode_info(&sample.labels);
    }
    if sample.labels.pairs().next().is_none() {
        // A family would write `{}`.
        return write_value(metric, kind, &sample.value);
    }
    let mut metric = metric.encode_family(&sample.labels)?;
    write_value(&mut metric, kind, &sample.value)
}

fn write_value(metric: &mut MetricEncoder<'_>, kind: Kind, value: &Value) -> fmt::Result {
    match (kind, value) {
        (Kind::Counter, Value::Whole(value)) => {
            metric.encode_counter::<NoLabelSet, u64, f64>(value, None)
        }
        (Kind::Counter, Value::Real(value)) => {
            metric.encode_counter::<NoLabelSet, f64, f64>(value, None)
        }
        (_, Value::Whole(value)) => metric.encode_gauge(value),
        (_, Value::Real(value)) => metric.encode_gauge(value),
        (_, Value::Spread(spread)) => {
            let (sum, count) = (spread.sum, spread.count());
            metric.encode_histogram::<NoLabelSet>(sum, count, &spread.buckets, None)
        }
    }
}

impl EncodeLabelSet for Labels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        for pair in self.pairs() {
            EncodeLabel::encode(&pair, encoder.encode_label())?;
        }
        Ok(())
    }
}
