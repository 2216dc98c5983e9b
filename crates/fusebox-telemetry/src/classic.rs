//! The classic text format 0.0.4: the sample's full name in HELP and TYPE, no UNIT, no end mark.

use std::fmt::Write;
use std::time::SystemTime;

use fusebox::Source;

use crate::Exporter;
use crate::family::{Family, Kind, Value};
use crate::scrape;

/// The classic format 0.0.4, which everything reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Classic;

impl Exporter for Classic {
    fn content_type(&self) -> &'static str {
        "text/plain; version=0.0.4; charset=utf-8"
    }

    fn export(&self, source: &dyn Source, wall: SystemTime) -> String {
        let mut text = String::new();
        for family in &scrape::read(source, wall) {
            // Writing into a String cannot fail.
            let _ = write_family(&mut text, family);
        }
        text
    }
}

fn write_family(text: &mut String, family: &Family) -> std::fmt::Result {
    let (suffix, kind) = match family.kind {
        Kind::Counter => ("_total", "counter"),
        Kind::Gauge => ("", "gauge"),
        // The classic format has no info type.
        Kind::Info => ("_info", "gauge"),
    };
    let name = family.name;
    writeln!(text, "# HELP {name}{suffix} {}", family.help)?;
    writeln!(text, "# TYPE {name}{suffix} {kind}")?;
    for sample in &family.samples {
        write!(text, "{name}{suffix}")?;
        let mut before = '{';
        for (label, value) in sample.labels.pairs() {
            write!(text, "{before}{label}=\"")?;
            write_escaped(text, value);
            text.push('"');
            before = ',';
        }
        if before == ',' {
            text.push('}');
        }
        match sample.value {
            Value::Whole(whole) => writeln!(text, " {whole}")?,
            Value::Real(real) => writeln!(text, " {real}")?,
        }
    }
    Ok(())
}

fn write_escaped(text: &mut String, value: &str) {
    for letter in value.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            other => text.push(other),
        }
    }
}
