//! Durations as text: `<decimal><ns|us|ms|s|m|h>`, exact to the nanosecond.

use std::time::Duration;

const UNITS: [(&str, u128); 6] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// What [`parse`] accepts, for error messages.
pub const FORM: &str = "a duration like 250ms, 1.5s, 10m (units ns, us, ms, s, m, h)";

/// Reads a duration.
///
/// # Errors
/// A text that says what is wrong: no number, no unit, an unknown unit, finer than a
/// nanosecond, or longer than 584 years.
pub fn parse(text: &str) -> Result<Duration, String> {
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    if unit.is_empty() {
        return Err(format!("{text:?} has no unit"));
    }
    let Some(&(_, scale)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(format!("{unit:?} is not a unit of time"));
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.contains('.') {
        return Err(format!("{number:?} is not a decimal number"));
    }
    let too_long = || format!("{text:?} is longer than 584 years");
    let whole: u128 = whole.parse().map_err(|_| too_long())?;
    let fraction = fraction.trim_end_matches('0');
    let mut nanos = whole.checked_mul(scale).ok_or_else(too_long)?;
    if !fraction.is_empty() {
        // 3.6e12 has 12 zeros: no longer fraction can be whole nanoseconds.
        let finer = || format!("{text:?} is finer than a nanosecond");
        let power = u32::try_from(fraction.len())
            .ok()
            .filter(|p| *p <= 15)
            .ok_or_else(finer)?;
        let digits: u128 = fraction.parse().map_err(|_| finer())?;
        let scaled = digits * scale;
        let divisor = 10_u128.pow(power);
        if !scaled.is_multiple_of(divisor) {
            return Err(finer());
        }
        nanos = nanos.checked_add(scaled / divisor).ok_or_else(too_long)?;
    }
    match u64::try_from(nanos) {
        Ok(nanos) if nanos < u64::MAX => Ok(Duration::from_nanos(nanos)),
        _ => Err(too_long()),
    }
}

/// Writes a duration with the largest unit that needs no fraction: `90s`, `1500ms`, `2h`.
pub fn format(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    if nanos == 0 {
        return "0s".to_owned();
    }
    // Minutes and hours only when whole and more than one of the unit below would be odd to read.
    let unit = UNITS
        .iter()
        .rev()
        .find(|(_, scale)| nanos.is_multiple_of(*scale));
    match unit {
        Some(("m", scale)) if nanos / scale < 10 => format!("{}s", nanos / UNITS[3].1),
        Some((name, scale)) => format!("{}{name}", nanos / scale),
        None => format!("{nanos}ns"),
    }
}

/// Writes a duration for people, as `250ms`, `5.58s` or `10m`: rounded up to milliseconds, so that
/// who waits so long is not too early.
pub fn rounded(duration: Duration) -> String {
    let millis = duration.as_nanos().div_ceil(1_000_000);
    let millis = u64::try_from(millis).unwrap_or(u64::MAX);
    let (seconds, rest) = (millis / 1000, millis % 1000);
    if seconds == 0 || rest == 0 {
        return format(Duration::from_millis(millis));
    }
    let decimal = format!("{seconds}.{rest:03}");
    format!("{}s", decimal.trim_end_matches('0'))
}

/// Whole seconds for a `Retry-After`: rounded up, so that a client that waits so long does not come
/// too early, and at least 1, as 0 would mean "at once".
pub fn whole_seconds(time: Duration) -> u64 {
    let started = u64::from(time.subsec_nanos() > 0);
    time.as_secs().saturating_add(started).max(1)
}

/// Seconds with three decimals, rounded up: more is noise in an answer.
pub fn in_milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).ceil() / 1000.0
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_not_texts() {
        for (a, b) in [
            ("1500ms", "1.5s"),
            ("60s", "1m"),
            ("0.5h", "30m"),
            ("1.000s", "1s"),
        ] {
            assert_eq!(parse(a), parse(b), "{a} and {b}");
        }
    }

    #[test]
    fn waits_for_people_are_rounded_up_to_the_millisecond() {
        assert_eq!(rounded(Duration::from_nanos(5_579_526_647)), "5.58s");
        assert_eq!(rounded(Duration::from_secs(10)), "10s");
        assert_eq!(rounded(Duration::from_nanos(1)), "1ms");
    }

    #[test]
    fn nonsense_is_refused() {
        let bad = [
            "", "5", "s", "1.s", ".5s", "1..2s", "-1s", "1 s", "1d", "0.5ns", "1e3s", "+1s",
        ];
        for text in bad {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert!(parse("99999999999999999999999999999999999999999h").is_err());
        assert!(parse("5124096h").is_err());
        assert!(parse("0.0000000000000000001h").is_err());
    }

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["1ns", "1500us", "90s", "60s", "10m", "2h", "0s", "250ms"] {
            assert_eq!(parse(text).as_deref_format(), text);
        }
    }

    trait Format {
        fn as_deref_format(&self) -> String;
    }

    impl Format for Result<Duration, String> {
        fn as_deref_format(&self) -> String {
            self.as_ref().map_or_else(Clone::clone, |d| format(*d))
        }
    }

    #[test]
    fn seconds_for_an_answer_are_rounded_up() {
        let seconds = |ms| whole_seconds(Duration::from_millis(ms));
        assert_eq!(
            [seconds(0), seconds(1), seconds(1000), seconds(1001)],
            [1, 1, 1, 2]
        );
        assert_eq!(in_milliseconds(Duration::from_micros(1_500_100)), 1.501);
        assert_eq!(in_milliseconds(Duration::ZERO), 0.0);
    }
}
