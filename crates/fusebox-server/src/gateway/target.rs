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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(uri: &str, strip: usize, base: &str) -> String {
        rewritten(&uri.parse().unwrap(), strip, base)
            .unwrap()
            .to_string()
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
