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

use crate::Exporter;
use crate::family::{Family, Kind, Labels, Sample, Value};
use crate::scrape;

/// The format `OpenMetrics` 1.0, with the end mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpenMetrics;

impl Exporter for OpenMetrics {
    fn content_type(&self) -> &'static str {
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    }

    fn export(&self, source: &dyn Source, wall: SystemTime) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Gathered(scrape::read(source, wall))));
        let mut text = String::new();
        // Writing into a String cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }
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
                Kind::Info => MetricType::Info,
            };
            let mut metric = encoder.encode_descriptor(family.name, family.help, None, kind)?;
            for sample in &family.samples {
                write_sample(&mut metric, family.kind, sample)?;
            }
        }
        Ok(())
    }
}

fn write_sample(metric: &mut MetricEncoder<'_>, kind: Kind, sample: &Sample) -> fmt::Result {
    match (kind, sample.value) {
        (Kind::Info, _) => metric.encode_info(&sample.labels),
        (Kind::Counter, Value::Whole(value)) => {
            let mut metric = metric.encode_family(&sample.labels)?;
            metric.encode_counter::<NoLabelSet, u64, f64>(&value, None)
        }
        (Kind::Counter, Value::Real(value)) => {
            let mut metric = metric.encode_family(&sample.labels)?;
            metric.encode_counter::<NoLabelSet, f64, f64>(&value, None)
        }
        (Kind::Gauge, Value::Whole(value)) => {
            metric.encode_family(&sample.labels)?.encode_gauge(&value)
        }
        (Kind::Gauge, Value::Real(value)) => {
            metric.encode_family(&sample.labels)?.encode_gauge(&value)
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
