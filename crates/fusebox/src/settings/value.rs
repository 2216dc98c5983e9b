//! The small types of settings: a share, the size of a window, the kind of recovery, and the
//! format-neutral value that settings are read from.

use super::duration;
use std::fmt;
use std::time::Duration;

/// A share of calls, exact to 4 decimals of a percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u32);

/// What [`Rate::parse`] accepts, for error messages.
pub(crate) const RATE_FORM: &str = "a percentage like 50% or 0.25% (at most 4 decimals)";

impl Rate {
    /// One percent in millionths.
    const PERCENT: u32 = 10_000;
    /// All calls.
    pub const WHOLE: Self = Self(100 * Self::PERCENT);
    /// Half of the calls.
    pub(crate) const HALF: Self = Self(50 * Self::PERCENT);
    /// A fifth of the calls.
    pub(crate) const FIFTH: Self = Self(20 * Self::PERCENT);
    /// No call.
    pub const ZERO: Self = Self(0);

    /// A share in percent.
    ///
    /// # Errors
    /// Not between 0 and 100, or with more than 4 decimals.
    pub fn percent(percent: f64) -> Result<Self, String> {
        let millionths = percent * f64::from(Self::PERCENT);
        let whole = millionths.round();
        // A decimal such as 0.2 is not exact in binary: a tenth of the last place is enough.
        if !(0.0..=1_000_000.0).contains(&whole) || (millionths - whole).abs() > 0.001 {
            return Err(format!("{percent} is not a percentage"));
        }
        // In range by the check above.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Ok(Self(whole as u32))
    }

    /// Reads `50%`.
    ///
    /// # Errors
    /// A text that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let number = text
            .strip_suffix('%')
            .ok_or_else(|| format!("{text:?} has no %"))?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return Err(format!("{number:?} is not a decimal number"));
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 4 {
            return Err(format!("{text:?} has more than 4 decimals"));
        }
        let too_big = |_| format!("{text:?} is more than 100%");
        let whole: u32 = whole.parse().map_err(too_big)?;
        let fraction: u32 = format!("{fraction:0<4}").parse().map_err(too_big)?;
        let millionths = whole
            .checked_mul(Self::PERCENT)
            .and_then(|w| w.checked_add(fraction));
        millionths
            .map(Self)
            .filter(|rate| *rate <= Self::WHOLE)
            .ok_or_else(|| format!("{text:?} is more than 100%"))
    }

    /// The share in millionths: 50 % is 500,000.
    pub const fn millionths(self) -> u32 {
        self.0
    }

    /// The share as a number between 0 and 1.
    pub fn ratio(self) -> f64 {
        f64::from(self.0) / f64::from(Self::WHOLE.0)
    }

    /// Whether `part` of `whole` calls is at least this share, in exact arithmetic.
    pub(crate) fn reached(self, part: u64, whole: u64) -> bool {
        u128::from(part) * u128::from(Self::WHOLE.0) >= u128::from(whole) * u128::from(self.0)
    }

    /// The smallest part of `whole` calls that is at least this share.
    pub(crate) fn least(self, whole: u64) -> u64 {
        let least = (u128::from(whole) * u128::from(self.0)).div_ceil(u128::from(Self::WHOLE.0));
        // A share: at most the whole.
        u64::try_from(least).unwrap_or(whole)
    }
}

impl std::str::FromStr for Rate {
    type Err = String;

    /// [`Rate::parse`]: `"50%".parse()`.
    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / Self::PERCENT, self.0 % Self::PERCENT);
        if fraction == 0 {
            return write!(f, "{whole}%");
        }
        let digits = format!("{fraction:04}");
        write!(f, "{whole}.{}%", digits.trim_end_matches('0'))
    }
}

/// How many calls a rate looks back at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WindowSize {
    /// The last N recorded calls, 1 to 10,000.
    Calls(u32),
    /// The calls of the last D, 1 s and longer.
    Time(Duration),
}

/// The largest count window: its ring is 8 bytes a call.
pub(crate) const WINDOW_CALLS_MAX: u32 = 10_000;
pub(crate) const WINDOW_FORM: &str = "\"1 calls\" to \"10000 calls\", or a time of 1s or longer";

impl WindowSize {
    /// Reads `100 calls` or `10s`.
    ///
    /// # Errors
    /// A text that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some(calls) = text.strip_suffix(" calls") else {
            return duration::parse(text).map(Self::Time);
        };
        let number = Some(calls).filter(|c| c.bytes().all(|b| b.is_ascii_digit()));
        let number = number.and_then(|c| c.parse().ok());
        number
            .map(Self::Calls)
            .ok_or_else(|| format!("{calls:?} is not a number of calls"))
    }

    pub(crate) fn is_allowed(self) -> bool {
        match self {
            Self::Calls(n) => (1..=WINDOW_CALLS_MAX).contains(&n),
            Self::Time(d) => d >= Duration::from_secs(1),
        }
    }
}

impl fmt::Display for WindowSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Calls(n) => write!(f, "{n} calls"),
            Self::Time(d) => f.write_str(&duration::format(*d)),
        }
    }
}

/// Who ends an open period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Recovery {
    /// Time: after the wait the circuit is half-open.
    #[default]
    Automatic,
    /// A person only (R14).
    Manual,
}

impl Recovery {
    /// `automatic` or `manual`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Manual => "manual",
        }
    }
}

/// A setting's value as TOML, JSON or the environment gives it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A text.
    Text(&'a str),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// Something that no setting takes, in words: `a table`.
    Other(&'static str),
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Integer(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::Bool(truth) => truth.fmt(f),
            Self::Other(what) => f.write_str(what),
        }
    }
}
