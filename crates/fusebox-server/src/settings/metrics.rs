//! `[metrics]`: under which names the metrics of circuits are shown.

use fusebox_telemetry::Names;

use super::keys;
use super::section::Section;

pub(super) fn read(section: Section<'_>) -> Names {
    section.only(keys::METRICS);
    let names = section.text("names", "\"standard\" or \"enhanced\"", |text| {
        text.parse().ok()
    });
    names.unwrap_or_default()
}
