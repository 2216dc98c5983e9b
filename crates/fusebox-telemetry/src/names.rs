//! Under which names the metrics of a circuit are shown.

use std::fmt;
use std::str::FromStr;

/// Two sets of names for one set of numbers. No name of a circuit's metric is in both.
///
/// | `Standard`: `circuit_breaker_` … | `Enhanced`: `enhanced_circuit_breaker_` … |
/// |---|---|
/// | `calls_total{result}` | `requests_total{status}` |
/// | `failures_total{class}` | `failures_total{error_type}` |
/// | `fallback_total{fallback_type}` | `fallbacks_total{fallback_type}` |
/// | `call_duration_seconds` | `response_time_seconds` |
/// | every other name | the same |
///
/// What hosts tell of themselves is `fusebox_*` in both.
///
/// All metrics of circuits change their prefix, not only those that have another name: a dashboard
/// made for one set never shows half of the other, and services of both kinds can be scraped into
/// one Prometheus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Names {
    /// `circuit_breaker_*`. The default.
    #[default]
    Standard,
    /// `enhanced_circuit_breaker_*`.
    Enhanced,
}

impl Names {
    /// The word for settings: `standard`, `enhanced`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Enhanced => "enhanced",
        }
    }

    /// What stands before the name of every metric of a circuit.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Standard => "circuit_breaker_",
            Self::Enhanced => "enhanced_circuit_breaker_",
        }
    }

    pub(crate) const fn pick(self, standard: &'static str, enhanced: &'static str) -> &'static str {
        match self {
            Self::Standard => standard,
            Self::Enhanced => enhanced,
        }
    }
}

impl FromStr for Names {
    type Err = UnknownNames;

    /// The words of [`as_str`](Self::as_str).
    fn from_str(text: &str) -> Result<Self, UnknownNames> {
        match text {
            "standard" => Ok(Self::Standard),
            "enhanced" => Ok(Self::Enhanced),
            _ => Err(UnknownNames),
        }
    }
}

/// A word that is no set of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownNames;

impl fmt::Display for UnknownNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("allowed are standard and enhanced")
    }
}

impl std::error::Error for UnknownNames {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_lead_to_the_names_and_back() {
        for names in [Names::Standard, Names::Enhanced] {
            assert_eq!(names.as_str().parse(), Ok(names));
        }
        assert_eq!("Enhanced".parse::<Names>(), Err(UnknownNames));
    }
}
