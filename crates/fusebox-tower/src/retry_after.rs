//! The `Retry-After` of a failing response: a hint of how long the next opening should last.

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use std::time::{Duration, SystemTime};

/// Reads `Retry-After` as [`fusebox::retry_after`] does, measured from the response's own `Date`.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok();
    fusebox::retry_after(text(RETRY_AFTER)?, text(DATE), SystemTime::now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn both_headers_are_read() {
        let mut headers = HeaderMap::new();
        assert_eq!(retry_after(&headers), None);
        let date = HeaderValue::from_static("Sun, 06 Nov 1994 08:50:00 GMT");
        headers.insert(RETRY_AFTER, date);
        assert_eq!(retry_after(&headers), Some(Duration::ZERO), "long ago");
        let date = HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT");
        headers.insert(DATE, date);
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(23)));
        headers.insert(RETRY_AFTER, HeaderValue::from_bytes(b"\xff").unwrap());
        assert_eq!(retry_after(&headers), None);
    }
}
