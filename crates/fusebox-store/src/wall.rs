//! Wall-clock times: to the millisecond, and as RFC 3339 text.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A text that is no RFC 3339 time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotATime;

impl fmt::Display for NotATime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a time like 2026-05-08T14:03:59.250Z (RFC 3339)")
    }
}

impl std::error::Error for NotATime {}

const DAY_MS: i64 = 86_400_000;
/// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z: RFC 3339 has years of four digits.
const FIRST: i64 = -62_167_219_200_000;
const LAST: i64 = 253_402_300_799_999;

/// The time in RFC 3339, UTC, to the millisecond: `2026-05-08T14:03:59.250Z`. What is finer is cut
/// off; a time outside the years 0 to 9999 is cut to them.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
///
/// let time = UNIX_EPOCH + Duration::from_millis(1_709_251_199_001);
/// assert_eq!(fusebox_store::rfc3339(time), "2024-02-29T23:59:59.001Z");
/// assert_eq!(fusebox_store::parse_rfc3339("2024-02-29T23:59:59.001Z"), Ok(time));
/// ```
pub fn rfc3339(time: SystemTime) -> String {
    let millis = unix_millis(time);
    let (year, month, day) = civil(millis.div_euclid(DAY_MS));
    let in_day = millis.rem_euclid(DAY_MS);
    let (hour, minute) = (in_day / 3_600_000, in_day / 60_000 % 60);
    let (second, milli) = (in_day / 1000 % 60, in_day % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// Reads a time in RFC 3339, with any offset and up to nine digits of a second. A leap second
/// (`:60`, at the end of a UTC day) is the first instant of the next minute.
///
/// # Errors
/// [`NotATime`], also for a day that does not exist.
pub fn parse_rfc3339(text: &str) -> Result<SystemTime, NotATime> {
    read(text).ok_or(NotATime)
}

/// The time cut to whole milliseconds, as records keep it.
pub fn whole_millis(time: SystemTime) -> SystemTime {
    from_unix_millis(unix_millis(time))
}

/// Milliseconds since 1970, rounded down, cut to the years 0 to 9999.
pub fn unix_millis(time: SystemTime) -> i64 {
    let millis = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => {
            let nanos = before.duration().as_nanos();
            i64::try_from(nanos.div_ceil(1_000_000)).map_or(i64::MIN, |millis| -millis)
        }
    };
    millis.clamp(FIRST, LAST)
}

/// The time so many milliseconds after (or before) 1970, cut to the years 0 to 9999.
pub fn from_unix_millis(millis: i64) -> SystemTime {
    let millis = millis.clamp(FIRST, LAST);
    let distance = Duration::from_millis(millis.unsigned_abs());
    if millis >= 0 {
        UNIX_EPOCH + distance
    } else {
        UNIX_EPOCH - distance
    }
}

/// Year, month and day of a day since 1970-01-01, by Howard Hinnant's `civil_from_days`: years
/// begin in March, so that the leap day is the last, in eras of 400 years.
fn civil(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let (era, day) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let march_month = (5 * day + 2) / 153;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = era * 400 + year + i64::from(month <= 2);
    (year, month, day - (153 * march_month + 2) / 5 + 1)
}

/// The way back, `days_from_civil`; `None`: there is no such day.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let (y, march_month) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let (era, y) = (y.div_euclid(400), y.rem_euclid(400));
    let in_year = (153 * march_month + 2) / 5 + day - 1;
    let days = era * 146_097 + 365 * y + y / 4 - y / 100 + in_year - 719_468;
    // A day that does not exist comes back as another one.
    (civil(days) == (year, month, day)).then_some(days)
}

fn read(text: &str) -> Option<SystemTime> {
    let (date, rest) = (text.get(..10)?, text.get(10..)?);
    let time = rest.strip_prefix(['T', 't'])?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time.get(..8)?, ':', [2, 2, 2])?;
    let (nanos, offset) = fraction(time.get(8..)?)?;
    let east = east_minutes(offset)?;
    if !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let utc_minute = days(year, month, day)? * 1440 + hour * 60 + minute - east;
    if second == 60 && utc_minute.rem_euclid(1440) != 1439 {
        return None;
    }
    let seconds = utc_minute * 60 + second;
    if !(FIRST / 1000..=LAST / 1000).contains(&seconds) {
        return None;
    }
    let whole = from_unix_millis(seconds * 1000);
    Some(whole + Duration::from_nanos(nanos))
}

/// Numbers of fixed width with one sign between them.
fn numbers<const N: usize>(text: &str, between: char, widths: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(between);
    let mut numbers = [0; N];
    for (number, width) in numbers.iter_mut().zip(widths) {
        *number = parts.next().and_then(|part| digits(part, width))?;
    }
    parts.next().is_none().then_some(numbers)
}

fn digits(text: &str, width: usize) -> Option<i64> {
    let all = text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

/// The nanoseconds after a second, and what follows them.
fn fraction(text: &str) -> Option<(u64, &str)> {
    let Some(rest) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    let (digits, rest) = rest.split_at(end);
    if !(1..=9).contains(&digits.len()) {
        return None;
    }
    let nanos: u64 = format!("{digits:0<9}").parse().ok()?;
    Some((nanos, rest))
}

/// How many minutes a zone is ahead of UTC.
fn east_minutes(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let sign = match zone.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let [hours, minutes] = numbers(zone.get(1..)?, ':', [2, 2])?;
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes))
}

/// For `#[serde(with)]`: a time as RFC 3339.
pub(crate) mod millis {
    use super::{SystemTime, parse_rfc3339, rfc3339};
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(time: &SystemTime, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&rfc3339(*time))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SystemTime, D::Error> {
        parse_rfc3339(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// The same where there may be none: null.
pub(crate) mod millis_or_none {
    use super::{SystemTime, parse_rfc3339, rfc3339};
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    #[allow(clippy::ref_option)] // serde asks for this form
    pub(crate) fn serialize<S: Serializer>(
        time: &Option<SystemTime>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => to.serialize_str(&rfc3339(*time)),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<SystemTime>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        let time = text.map(|text| parse_rfc3339(&text)).transpose();
        time.map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read_back_exactly() {
        for (millis, expected) in [
            (FIRST, "0000-01-01T00:00:00.000Z"),
            (-62_162_035_200_001, "0000-02-29T23:59:59.999Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_001, "2024-02-29T23:59:59.001Z"),
            (1_735_689_600_000, "2025-01-01T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (LAST, "9999-12-31T23:59:59.999Z"),
        ] {
            let time = from_unix_millis(millis);
            assert_eq!(rfc3339(time), expected);
            assert_eq!(parse_rfc3339(expected), Ok(time), "{expected}");
            assert_eq!(unix_millis(time), millis);
        }
    }

    #[test]
    fn every_day_of_800_years_comes_back() {
        for day in -146_097..146_097 {
            let (year, month, of_month) = civil(day);
            assert_eq!(days(year, month, of_month), Some(day));
        }
    }

    #[test]
    fn offsets_fractions_and_leap_seconds_are_read() {
        let base = from_unix_millis(1_735_689_600_000);
        for (text, nanos) in [
            ("2025-01-01T00:00:00Z", 0),
            ("2025-01-01t00:00:00z", 0),
            ("2025-01-01T05:30:00+05:30", 0),
            ("2024-12-31T16:00:00-08:00", 0),
            ("2024-12-31T23:59:60Z", 0),
            ("2025-01-01T05:29:60+05:30", 0),
            ("2025-01-01T00:00:00-00:00", 0),
            ("2025-01-01T00:00:00.5Z", 500_000_000),
            ("2025-01-01T00:00:00.123456789Z", 123_456_789),
        ] {
            let expected = base + Duration::from_nanos(nanos);
            assert_eq!(parse_rfc3339(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2025-01-01",
            "2025-01-01T00:00:00",
            "2025-01-01 00:00:00Z",
            "2025-1-01T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2025-13-01T00:00:00Z",
            "2025-00-01T00:00:00Z",
            "2025-01-00T00:00:00Z",
            "2025-04-31T00:00:00Z",
            "2025-01-01T24:00:00Z",
            "2025-01-01T00:60:00Z",
            "2025-01-01T00:00:61Z",
            "2025-01-01T12:00:60Z",
            "2025-01-01T00:00:00.Z",
            "2025-01-01T00:00:00.1234567890Z",
            "2025-01-01T00:00:00+24:00",
            "2025-01-01T00:00:00+01:60",
            "2025-01-01T00:00:00+0100",
            "2025-01-01T00:00:00ZZ",
            "+025-01-01T00:00:00Z",
            "-001-01-01T00:00:00Z",
            "0000-01-01T00:00:00+00:01",
            "9999-12-31T23:59:00-00:01",
            "2025-01-01T00:00:0é",
            "二〇二五",
        ] {
            assert_eq!(parse_rfc3339(text), Err(NotATime), "{text:?}");
        }
    }

    #[test]
    fn what_is_finer_than_a_millisecond_is_cut_off_downwards() {
        let fine = UNIX_EPOCH + Duration::from_nanos(1_999_999);
        assert_eq!(unix_millis(fine), 1);
        assert_eq!(unix_millis(UNIX_EPOCH - Duration::from_nanos(1)), -1);
        assert_eq!(whole_millis(fine), UNIX_EPOCH + Duration::from_millis(1));
    }
}
