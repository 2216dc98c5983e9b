//! The classic text format 0.0.4: the sample's full name in HELP and TYPE, no UNIT, no end mark.

use std::fmt::{self, Write};
use std::time::SystemTime;

use fusebox::Source;

use crate::facts::Facts;
use crate::family::{Family, Kind, Labels, Spread, Value};
use crate::scrape::Scrape;
use crate::{Exporter, Names};

/// The classic format 0.0.4, which everything reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Classic {
    names: Names,
}

impl Classic {
    /// The format under these names.
    pub const fn new(names: Names) -> Self {
        Self { names }
    }
}

impl Exporter for Classic {
    fn content_type(&self) -> &'static str {
        "text/plain; version=0.0.4; charset=utf-8"
    }

    fn export_with(&self, source: &dyn Source, facts: &dyn Facts, wall: SystemTime) -> String {
        let scrape = Scrape {
            source,
            facts,
            wall,
            names: self.names,
        };
        text(&scrape.read())
    }
}

pub(crate) fn text(families: &[Family]) -> String {
    let mut text = String::new();
    for family in families {
        // Writing into a String cannot fail.
        let _ = write_family(&mut text, family);
    }
    text
}

fn write_family(text: &mut String, family: &Family) -> fmt::Result {
    let (suffix, kind) = match family.kind {
        Kind::Counter => ("_total", "counter"),
        Kind::Gauge => ("", "gauge"),
        Kind::Histogram => ("", "histogram"),
        // The classic format has no info type.
        Kind::Info => ("_info", "gauge"),
    };
    let name = family.name.as_str();
    writeln!(text, "# HELP {name}{suffix} {}", family.help)?;
    writeln!(text, "# TYPE {name}{suffix} {kind}")?;
    let mut labels = String::new();
    for sample in &family.samples {
        labels.clear();
        write_labels(&mut labels, &sample.labels);
        match &sample.value {
            Value::Spread(spread) => write_spread(text, name, &labels, spread)?,
            Value::Whole(whole) => {
                write_series(text, &[name, suffix], &labels);
                writeln!(text, " {whole}")?;
            }
            Value::Real(real) => {
                write_series(text, &[name, suffix], &labels);
                writeln!(text, " {real}")?;
            }
        }
    }
    Ok(())
}

fn write_series(text: &mut String, name: &[&str], labels: &str) {
    name.iter().for_each(|part| text.push_str(part));
    if !labels.is_empty() {
        text.push('{');
        text.push_str(labels);
        text.push('}');
    }
}

fn write_spread(text: &mut String, name: &str, labels: &str, spread: &Spread) -> fmt::Result {
    let comma = if labels.is_empty() { "" } else { "," };
    for (bound, count) in spread.cumulative() {
        text.push_str(name);
        text.push_str("_bucket{");
        text.push_str(labels);
        text.push_str(comma);
        if bound.is_finite() {
            writeln!(text, "le=\"{bound}\"}} {count}")?;
        } else {
            writeln!(text, "le=\"+Inf\"}} {count}")?;
        }
    }
    write_series(text, &[name, "_sum"], labels);
    writeln!(text, " {}", spread.sum)?;
    write_series(text, &[name, "_count"], labels);
    writeln!(text, " {}", spread.count())
}

fn write_labels(text: &mut String, labels: &Labels) {
    for (label, value) in labels.pairs() {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(label);
        text.push_str("=\"");
        write_escaped(text, value);
        text.push('"');
    }
}

fn write_escaped(text: &mut String, value: &str) {
    let mut rest = value;
    while let Some(at) = rest.find(['\\', '"', '\n']) {
        text.push_str(&rest[..at]);
        text.push_str(match rest.as_bytes()[at] {
            b'\n' => "\\n",
            b'"' => "\\\"",
            _ => "\\\\",
        });
        rest = &rest[at + 1..];
    }
    text.push_str(rest);
}
