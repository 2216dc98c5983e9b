//! The `Retry-After` of an HTTP answer: how long a receiver asks to be left alone.

use std::time::{Duration, SystemTime};

/// Longer waits are cut to a day, so that a server's fantasy does not outlive its outage by weeks.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads the value of a `Retry-After` header, in seconds or as a date (RFC 9110, 10.2.3). What is
/// neither is as if it were not there; a date that has passed is no wait, and no wait is longer
/// than a day.
///
/// A date is measured from the answer's own `Date` header, so that a server whose clock is off
/// still means what it says; only without one from `now`, which is not asked otherwise.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use fusebox::retry_after;
///
/// let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
/// let until = retry_after("Sun, 06 Nov 1994 08:50:00 GMT", date, SystemTime::now);
/// assert_eq!(until, Some(Duration::from_secs(23)));
/// assert_eq!(retry_after("23", None, SystemTime::now), until);
/// ```
pub fn retry_after(
    value: &str,
    date: Option<&str>,
    now: impl FnOnce() -> SystemTime,
) -> Option<Duration> {
    let value = value.trim();
    let wait = match seconds(value) {
        Some(wait) => wait,
        None => {
            let then = httpdate::parse_http_date(value).ok()?;
            let sent = date.and_then(|date| httpdate::parse_http_date(date.trim()).ok());
            then.duration_since(sent.unwrap_or_else(now))
                .unwrap_or(Duration::ZERO)
        }
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

/// `1*DIGIT`, nothing else: no sign, no fraction. Too many digits for an integer mean a long wait.
fn seconds(text: &str) -> Option<Duration> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().map_or(Duration::MAX, Duration::from_secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(value: &str) -> Option<Duration> {
        let date = Some(" Sun, 06 Nov 1994 08:49:37 GMT ");
        retry_after(value, date, || panic!("the answer has a date"))
    }

    #[test]
    fn whole_seconds_are_read() {
        assert_eq!(parsed("120"), Some(Duration::from_secs(120)));
        assert_eq!(parsed(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(parsed("0"), Some(Duration::ZERO));
    }

    #[test]
    fn all_three_forms_of_a_date_are_measured_from_the_date_of_the_answer() {
        let wait = Some(Duration::from_secs(23));
        assert_eq!(parsed("Sun, 06 Nov 1994 08:50:00 GMT"), wait);
        assert_eq!(parsed("Sunday, 06-Nov-94 08:50:00 GMT"), wait);
        assert_eq!(parsed("Sun Nov  6 08:50:00 1994"), wait);
    }

    #[test]
    fn a_date_that_has_passed_is_no_wait() {
        let past = parsed("Sun, 06 Nov 1994 08:00:00 GMT");
        assert_eq!(past, Some(Duration::ZERO));
    }

    #[test]
    fn without_a_date_of_its_own_the_answer_is_measured_from_now() {
        let now = || SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        for date in [None, Some("yesterday")] {
            let wait = retry_after("Sun, 06 Nov 1994 08:50:00 GMT", date, now);
            assert_eq!(wait, Some(Duration::from_secs(23)), "{date:?}");
        }
    }

    #[test]
    fn a_very_long_wait_is_cut_to_a_day() {
        for value in [
            "9999999",
            "99999999999999999999999999",
            "Sat, 06 Nov 2094 08:50:00 GMT",
        ] {
            assert_eq!(parsed(value), Some(RETRY_AFTER_MAX), "{value}");
        }
    }

    #[test]
    fn what_is_neither_seconds_nor_a_date_is_not_there() {
        for text in [
            "",
            "-1",
            "+1",
            "1.5",
            "soon",
            "1 2",
            "Sun, 99 Nov 1994 08:50:00 GMT",
        ] {
            assert_eq!(parsed(text), None, "{text:?}");
        }
    }
}
