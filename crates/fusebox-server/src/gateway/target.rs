//! The path that the upstream sees.

use bytes::{BufMut, BytesMut};
use http::Uri;
use http::uri::{InvalidUri, PathAndQuery};

/// What the upstream is asked for: its base path, then the request's path, without the first
/// `strip` bytes, then the query as it is.
pub(super) fn rewritten(uri: &Uri, strip: usize, base: &str) -> Result<Uri, InvalidUri> {
    let all = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    if strip == 0 && base.is_empty() {
        return Ok(uri
            .path_and_query()
            .cloned()
            .map_or_else(Uri::default, Uri::from));
    }
    let rest = all.get(strip..).unwrap_or_default();
    // "/rag" and "/rag?x" without "/rag": a base path stands for itself, no base is "/".
    let slash = base.is_empty() && !rest.starts_with('/');
    let mut text = BytesMut::with_capacity(base.len() + rest.len() + 1);
    text.put_slice(base.as_bytes());
    if slash {
        text.put_u8(b'/');
    }
    text.put_slice(rest.as_bytes());
    PathAndQuery::from_maybe_shared(text.freeze()).map(Uri::from)
}

/// Whether a path climbs: has a segment `..`, plain or escaped. The route is chosen by the path as
/// it was sent, so the upstream must not find another one in it.
pub(super) fn climbs(path: &str) -> bool {
    // Most paths have neither, and are done here.
    if !path.contains("..") && !path.contains('%') {
        return false;
    }
    let plain = path
        .to_ascii_lowercase()
        .replace("%2e", ".")
        .replace("%2f", "/")
        .replace("%5c", "/");
    plain.split(['/', '\\']).any(|segment| segment == "..")
}

/// Whether a text is a host with an optional port (RFC 9110, section 7.2). Nothing is allocated.
pub(super) fn is_host(text: &str) -> bool {
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => {
            let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b':' | b'.');
            if address.is_empty() || !address.bytes().all(legal) {
                return false;
            }
            ("", port)
        }
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    // unreserved, sub-delims and percent-encoding.
    let in_name = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(&b);
    let digits = port.strip_prefix(':').unwrap_or(port);
    let port_is_one = digits.len() <= 5 && digits.bytes().all(|b| b.is_ascii_digit());
    name.bytes().all(in_name) && (port.is_empty() || port.starts_with(':')) && port_is_one
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(uri: &str, strip: usize, base: &str) -> String {
        rewritten(&uri.parse().unwrap(), strip, base)
            .unwrap()
            .to_string()
    }

    #[test]
    fn a_host_is_a_name_or_address_with_an_optional_port() {
        for good in [
            "",
            "h",
            "h.example",
            "h:80",
            "127.0.0.1:8080",
            "[::1]",
            "[::1]:80",
            "h:",
        ] {
            assert!(is_host(good), "{good}");
        }
        for bad in [
            "h:bad", "x@h", "a/b", "h:123456", "[::1", "[]", "[::1]80", "h h", "h?x",
        ] {
            assert!(!is_host(bad), "{bad}");
        }
    }

    #[test]
    fn the_prefix_goes_and_the_query_stays() {
        assert_eq!(of("/rag/a/b?x=1&y", 4, ""), "/a/b?x=1&y");
        assert_eq!(of("/rag", 4, ""), "/");
        assert_eq!(of("/rag/", 4, ""), "/");
        assert_eq!(of("/rag?x=1", 4, ""), "/?x=1");
    }

    #[test]
    fn the_base_path_comes_first() {
        assert_eq!(of("/rag/a?x", 4, "/v1"), "/v1/a?x");
        assert_eq!(of("/rag", 4, "/v1"), "/v1");
        assert_eq!(of("/rag?x", 4, "/v1"), "/v1?x");
        assert_eq!(of("/rag/a", 0, "/v1"), "/v1/rag/a");
    }

    #[test]
    fn the_form_with_a_host_becomes_a_path() {
        assert_eq!(of("http://any.example/rag/a?x", 0, ""), "/rag/a?x");
        assert_eq!(of("http://any.example", 0, ""), "/");
    }

    #[test]
    fn a_path_that_climbs_is_seen_in_every_writing() {
        for path in [
            "/a/../b",
            "/a/..",
            "/..",
            "/a/%2e%2E/b",
            "/a/.%2e",
            "/a%2f..%2fb",
            "/a%5C../b",
            "/a\\..\\b",
        ] {
            assert!(climbs(path), "{path}");
        }
        for path in [
            "/",
            "/a/b",
            "/a/...",
            "/a..b",
            "/a/.b",
            "/a/..b",
            "/a%20b",
            "/.well-known/x",
        ] {
            assert!(!climbs(path), "{path}");
        }
    }
}
