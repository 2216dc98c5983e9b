//! The `Retry-After` of an answer: how long the receiver asks to be left alone.

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use std::time::{Duration, SystemTime};

/// Longer waits are cut to a day, so that a server's fantasy does not outlive its outage by weeks.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads `Retry-After`, in seconds or as a date. What is neither is as if it were not there; a date
/// that has passed is no wait.
///
/// A date is measured from the answer's own `Date`, so that a server whose clock is off still
/// means what it says; only without one from this machine's wall clock.
pub(super) fn of(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match seconds(text) {
        Some(wait) => wait,
        None => {
            let then = httpdate::parse_http_date(text).ok()?;
            then.duration_since(sent_at(headers, now))
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

fn sent_at(headers: &HeaderMap, now: SystemTime) -> SystemTime {
    headers
        .get(DATE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| httpdate::parse_http_date(text.trim()).ok())
        .unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn parsed(text: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(
            DATE,
            HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT"),
        );
        headers.insert(RETRY_AFTER, HeaderValue::from_str(text).unwrap());
        of(&headers, SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn whole_seconds_are_read() {
        assert_eq!(parsed("120"), Some(Duration::from_secs(120)));
        assert_eq!(parsed(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(parsed("0"), Some(Duration::ZERO));
    }

    #[test]
    fn all_three_forms_of_a_date_are_measured_from_the_date_of_the_response() {
        let wait = Some(Duration::from_secs(23));
        assert_eq!(parsed("Sun, 06 Nov 1994 08:50:00 GMT"), wait);
        assert_eq!(parsed("Sunday, 06-Nov-94 08:50:00 GMT"), wait);
        assert_eq!(parsed("Sun Nov  6 08:50:00 1994"), wait);
    }

    #[test]
    fn a_date_that_has_passed_is_no_wait() {
        assert_eq!(
            parsed("Sun, 06 Nov 1994 08:00:00 GMT"),
            Some(Duration::ZERO)
        );
    }

    #[test]
    fn without_a_date_of_its_own_the_answer_is_measured_from_now() {
        let mut headers = HeaderMap::new();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        headers.insert(
            RETRY_AFTER,
            HeaderValue::from_static("Sun, 06 Nov 1994 08:50:00 GMT"),
        );
        assert_eq!(of(&headers, now), Some(Duration::from_secs(23)));
    }

    #[test]
    fn a_very_long_wait_is_cut_to_a_day() {
        assert_eq!(parsed("9999999"), Some(RETRY_AFTER_MAX));
        assert_eq!(parsed("99999999999999999999999999"), Some(RETRY_AFTER_MAX));
        assert_eq!(
            parsed("Sat, 06 Nov 2094 08:50:00 GMT"),
            Some(RETRY_AFTER_MAX)
        );
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
        assert_eq!(of(&HeaderMap::new(), SystemTime::UNIX_EPOCH), None);
    }
}
