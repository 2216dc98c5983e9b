//! Which of the text formats a scraper wants.

use crate::{Classic, Exporter, Names, OpenMetrics};

/// The exporter that an `Accept` header asks for, under the standard names.
///
/// [`OpenMetrics`] only where it is named, and at least as welcome as plain text; everything else,
/// also what cannot be read, gets [`Classic`], which every scraper reads.
#[must_use]
pub fn accepted(accept: &str) -> &'static dyn Exporter {
    accepted_as(accept, Names::Standard)
}

/// The same under any names.
#[must_use]
pub fn accepted_as(accept: &str, names: Names) -> &'static dyn Exporter {
    match (wants_open_metrics(accept), names) {
        (true, Names::Standard) => const { &OpenMetrics::new(Names::Standard) },
        (true, Names::Enhanced) => const { &OpenMetrics::new(Names::Enhanced) },
        (false, Names::Standard) => const { &Classic::new(Names::Standard) },
        (false, Names::Enhanced) => const { &Classic::new(Names::Enhanced) },
    }
}

fn wants_open_metrics(accept: &str) -> bool {
    let mut open_metrics = 0;
    // How welcome plain text is by the most exact entry so far: `*/*`, `text/*`, `text/plain`.
    let mut classic = (0, 0);
    for entry in accept.split(',') {
        let mut parts = entry.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let parameters: Vec<_> = parts.filter_map(|part| part.split_once('=')).collect();
        let weight = weight(&parameters);
        let exactness = match media.as_str() {
            "application/openmetrics-text" if readable_version(&parameters) => {
                open_metrics = weight.max(open_metrics);
                continue;
            }
            "text/plain" => 3,
            "text/*" => 2,
            "*/*" => 1,
            _ => continue,
        };
        classic = classic.max((exactness, weight));
    }
    open_metrics > 0 && open_metrics >= classic.1
}

/// The `q` of an entry in thousandths; 1 where there is none, 0 where it is no number.
fn weight(parameters: &[(&str, &str)]) -> u32 {
    let Some((_, text)) = parameters
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("q"))
    else {
        return 1000;
    };
    match text.parse::<f64>() {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // in 0 ..= 1000
        Ok(q) if (0.0..=1.0).contains(&q) => (q * 1000.0).round() as u32,
        _ => 0,
    }
}

/// A scraper that wants a later major version could not read ours.
fn readable_version(parameters: &[(&str, &str)]) -> bool {
    let version = parameters
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("version"));
    version.is_none_or(|(_, version)| {
        let version = version.trim_matches('"');
        version.starts_with("1.") || version.starts_with("0.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_header_chooses_the_format() {
        const OPEN_METRICS: &dyn Exporter = &OpenMetrics::new(Names::Standard);
        const CLASSIC: &dyn Exporter = &Classic::new(Names::Standard);
        let prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                          application/openmetrics-text;version=0.0.1;q=0.5,\
                          text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accept, expected) in [
            (prometheus, OPEN_METRICS),
            ("application/openmetrics-text", OPEN_METRICS),
            (
                "Application/OpenMetrics-Text; Version=\"1.0.0\"",
                OPEN_METRICS,
            ),
            (
                "application/openmetrics-text;q=0.5, text/plain;q=0.5",
                OPEN_METRICS,
            ),
            (
                "application/openmetrics-text;q=0.5, text/plain;q=0.2, */*;q=0.9",
                OPEN_METRICS,
            ),
            ("application/openmetrics-text;q=0.5, text/plain", CLASSIC),
            ("application/openmetrics-text;q=0.5, */*", CLASSIC),
            ("application/openmetrics-text;q=0", CLASSIC),
            ("application/openmetrics-text;q=much", CLASSIC),
            ("application/openmetrics-text;version=2.0.0", CLASSIC),
            ("text/html,application/xhtml+xml,*/*;q=0.8", CLASSIC),
            ("*/*", CLASSIC),
            ("", CLASSIC),
            (";;,=,q", CLASSIC),
        ] {
            let (chosen, expected) = (accepted(accept).content_type(), expected.content_type());
            assert_eq!(chosen, expected, "{accept:?}");
        }
    }
}
