//! The headers of a proxy: what is for this hop only goes, what the next one should know comes.

use std::net::IpAddr;

use http::header::{
    CONNECTION, EXPECT, Entry, HOST, HeaderName, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE,
    TRANSFER_ENCODING, UPGRADE, VIA,
};
use http::{HeaderMap, HeaderValue, Version};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Headers that mean one connection only, named in `Connection` or not (RFC 9110, 7.6.1). `Trailer`
/// is not among them: it announces what is in the message.
const HOP_BY_HOP: [HeaderName; 7] = [
    KEEP_ALIVE,
    PROXY_CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Takes off what is for this hop only. An upgrade is for this hop too; who passes one on puts it
/// back.
pub(super) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    // Most messages have none of them, and one look at the names costs less than a search for each.
    let is_of_one_hop = |name: &HeaderName| *name == CONNECTION || HOP_BY_HOP.contains(name);
    if !headers.keys().any(is_of_one_hop) {
        return;
    }
    while let Some(named) = next_named(headers) {
        headers.remove(named);
    }
    headers.remove(CONNECTION);
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

/// The first header that `Connection` names and that is there.
fn next_named(headers: &HeaderMap) -> Option<HeaderName> {
    headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|word| HeaderName::try_from(word.trim()).ok())
        // `Connection: host` must not make a request without a host.
        .find(|name| *name != CONNECTION && *name != HOST && headers.contains_key(name))
}

/// The protocol a message asks to change to, if its `Connection` says so too.
pub(super) fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let to = headers.get(UPGRADE)?;
    says(headers, &CONNECTION, "upgrade").then(|| to.clone())
}

/// Asks the other side to change to a protocol, or agrees to.
pub(super) fn put_upgrade(headers: &mut HeaderMap, to: HeaderValue) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, to);
}

fn says(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|word| word.trim().eq_ignore_ascii_case(token))
}

/// A client's address as a header has it. Written once for a connection.
pub(super) fn address(client: IpAddr) -> HeaderValue {
    // An address is always a legal value; the word for one that is not known is RFC 7239's.
    HeaderValue::try_from(client.to_string()).unwrap_or(HeaderValue::from_static("unknown"))
}

/// Makes a client's headers those of a request to the upstream. An upgrade is taken off with the
/// rest.
pub(super) fn to_upstream(
    headers: &mut HeaderMap,
    version: Version,
    client: &HeaderValue,
    host: &HeaderValue,
) {
    let takes_trailers = says(headers, &TE, "trailers");
    remove_hop_by_hop(headers);
    // The gateway itself says "100 Continue", when the upstream begins to take the body.
    headers.remove(EXPECT);
    if takes_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers.insert(CONNECTION, HeaderValue::from_static("te"));
    }
    if let Some(asked) = headers.insert(HOST, host.clone()) {
        headers.entry(FORWARDED_HOST).or_insert(asked);
    }
    headers
        .entry(FORWARDED_PROTO)
        .or_insert(HeaderValue::from_static("http"));
    add_to_list(headers, FORWARDED_FOR, client.clone());
    let via = if version == Version::HTTP_10 {
        "1.0 fusebox"
    } else {
        "1.1 fusebox"
    };
    add_to_list(headers, VIA, HeaderValue::from_static(via));
}

/// Adds to the end of a list, which stays one header: readers of the last line only are many.
fn add_to_list(headers: &mut HeaderMap, name: HeaderName, item: HeaderValue) {
    let mut list = match headers.entry(name) {
        Entry::Vacant(none) => {
            none.insert(item);
            return;
        }
        Entry::Occupied(list) => list,
    };
    let mut all = Vec::new();
    for earlier in list.iter() {
        all.extend_from_slice(earlier.as_bytes());
        all.extend_from_slice(b", ");
    }
    all.extend_from_slice(item.as_bytes());
    if let Ok(all) = HeaderValue::from_maybe_shared(bytes::Bytes::from(all)) {
        list.insert(all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn sent(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = headers(lines);
        let host = HeaderValue::from_static("rag:8000");
        to_upstream(
            &mut headers,
            Version::HTTP_11,
            &address(IpAddr::from([10, 0, 0, 7])),
            &host,
        );
        headers
    }

    #[test]
    fn what_is_for_one_hop_goes_also_where_only_connection_names_it() {
        let sent = sent(&[
            ("connection", "close, X-Secret"),
            ("connection", "x-other, host"),
            ("x-secret", "1"),
            ("x-other", "1"),
            ("host", "public.example"),
            ("keep-alive", "timeout=5"),
            ("proxy-authorization", "Basic x"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("expect", "100-continue"),
            ("x-kept", "1"),
        ]);
        let mut names: Vec<_> = sent.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        let forwarded = [
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
            "x-kept",
        ];
        assert_eq!(names, [["host", "via"].as_slice(), &forwarded].concat());
        assert_eq!(sent[HOST], "rag:8000");
        assert_eq!(sent[FORWARDED_HOST], "public.example");
    }

    #[test]
    fn lists_of_proxies_before_are_continued_and_their_words_kept() {
        let sent = sent(&[
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-for", "5.6.7.8"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "first.example"),
            ("via", "1.1 edge"),
            ("host", "second.example"),
        ]);
        assert_eq!(sent[FORWARDED_FOR], "1.2.3.4, 5.6.7.8, 10.0.0.7");
        assert_eq!(sent[FORWARDED_PROTO], "https");
        assert_eq!(sent[FORWARDED_HOST], "first.example");
        assert_eq!(sent[VIA], "1.1 edge, 1.1 fusebox");
        assert_eq!(sent.get_all(FORWARDED_FOR).iter().count(), 1);
    }

    #[test]
    fn trailers_are_asked_for_where_the_client_takes_them() {
        let sent = sent(&[("te", "trailers, deflate;q=0.5"), ("connection", "TE")]);
        assert_eq!(sent[TE], "trailers");
    }

    #[test]
    fn an_upgrade_needs_both_headers() {
        let both = headers(&[
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "websocket"),
        ]);
        assert_eq!(upgrade(&both).unwrap(), "websocket");
        assert_eq!(upgrade(&headers(&[("upgrade", "websocket")])), None);
        assert_eq!(upgrade(&headers(&[("connection", "upgrade")])), None);
    }
}
