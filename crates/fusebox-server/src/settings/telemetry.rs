//! `[telemetry]`: whether metrics and transitions are sent to a collector.

use super::keys;
use super::section::Section;
use super::tree::Value;

const ALLOWED: &str = if cfg!(feature = "opentelemetry") {
    "true or false"
} else {
    "false (this build has no OpenTelemetry; it is the feature `opentelemetry` of fusebox-server)"
};

/// Whether they are sent by OTLP. Where to and how often, the standard variables `OTEL_*` say.
pub(super) fn read(section: Section<'_>) -> bool {
    section.only(keys::TELEMETRY);
    let otlp = section.read("otlp", |node| match node.value {
        Value::Bool(otlp) if !otlp || cfg!(feature = "opentelemetry") => Ok(otlp),
        _ => Err(ALLOWED.to_owned()),
    });
    otlp.unwrap_or_default()
}
