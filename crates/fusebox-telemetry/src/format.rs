//! Which of the two text formats a scraper wants.

/// A text format of Prometheus metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// `OpenMetrics` 1.0.
    OpenMetrics,
    /// The classic format 0.0.4, which everything reads.
    #[default]
    Classic,
}

impl Format {
    /// The format that an `Accept` header asks for.
    ///
    /// `OpenMetrics` only where it is named, and at least as welcome as plain text; everything
    /// else, also what cannot be read, gets the classic format.
    #[must_use]
    pub fn from_accept(accept: &str) -> Self {
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
        if open_metrics > 0 && open_metrics >= classic.1 {
            Self::OpenMetrics
        } else {
            Self::Classic
        }
    }

    /// The value of the `Content-Type` header that goes with the text.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Classic => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
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
    use super::Format;

    #[test]
    fn the_accept_header_chooses_the_format() {
        let prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                          application/openmetrics-text;version=0.0.1;q=0.5,\
                          text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accept, expected) in [
            (prometheus, Format::OpenMetrics),
            ("application/openmetrics-text", Format::OpenMetrics),
            (
                "Application/OpenMetrics-Text; Version=\"1.0.0\"",
                Format::OpenMetrics,
            ),
            (
                "application/openmetrics-text;q=0.5, text/plain;q=0.5",
                Format::OpenMetrics,
            ),
            (
                "application/openmetrics-text;q=0.5, text/plain;q=0.2, */*;q=0.9",
                Format::OpenMetrics,
            ),
            (
                "application/openmetrics-text;q=0.5, text/plain",
                Format::Classic,
            ),
            ("application/openmetrics-text;q=0.5, */*", Format::Classic),
            ("application/openmetrics-text;q=0", Format::Classic),
            ("application/openmetrics-text;q=much", Format::Classic),
            (
                "application/openmetrics-text;version=2.0.0",
                Format::Classic,
            ),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Format::Classic),
            ("*/*", Format::Classic),
            ("", Format::Classic),
            (";;,=,q", Format::Classic),
        ] {
            assert_eq!(Format::from_accept(accept), expected, "{accept:?}");
        }
    }
}
