//! The key of the branch that a request belongs to (R19), as the client sent it.

use http::request::Parts;

use crate::settings::BranchKey;

/// The key, if the request has one that is a text and not empty.
pub(super) fn of(place: &BranchKey, head: &Parts) -> Option<Box<str>> {
    let key: Box<str> = match place {
        BranchKey::Header(name) => {
            let value = head.headers.get(name)?.as_bytes();
            str::from_utf8(value).ok()?.into()
        }
        BranchKey::Path(segment) => {
            let segments = head.uri.path().strip_prefix('/')?;
            let before = usize::from(segment.saturating_sub(1));
            segments.split('/').nth(before)?.into()
        }
        BranchKey::Query(name) => parameter(name, head.uri.query()?)?,
    };
    (!key.is_empty()).then_some(key)
}

/// The first parameter of that name.
fn parameter(name: &str, query: &str) -> Option<Box<str>> {
    let mut pairs = query.split('&').map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(key), value)
    });
    let is_it = |key: &Vec<u8>| key == name.as_bytes();
    let (_, value) = pairs.find(|(key, _)| is_it(key))?;
    let text = String::from_utf8(decoded(value)).ok()?;
    Some(text.into())
}

/// A text with its `%41` read as bytes; a `%` that begins no such thing stands for itself.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let (byte, left) = match (first, after) {
            (b'%', [high, low, left @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, left),
                _ => (*first, after),
            },
            _ => (*first, after),
        };
        bytes.push(byte);
        rest = left;
    }
    bytes
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn key(place: &str, uri: &str, header: &[u8]) -> Option<String> {
        let request = Request::builder().uri(uri).header("x-pos-id", header);
        let (head, ()) = request.body(()).unwrap().into_parts();
        of(&BranchKey::parse(place).unwrap(), &head).map(String::from)
    }

    #[test]
    fn a_header_is_a_key_where_it_is_a_text() {
        let of_header = |value: &[u8]| key("header:X-POS-ID", "/", value);
        assert_eq!(of_header(b"till 7").as_deref(), Some("till 7"));
        assert_eq!(of_header("Käse".as_bytes()).as_deref(), Some("Käse"));
        assert_eq!(of_header(b"\xff\xfe"), None);
        assert_eq!(of_header(b""), None);
        assert_eq!(key("header:X-OTHER", "/", b"till 7"), None);
    }

    #[test]
    fn segments_are_counted_from_one_and_not_decoded() {
        let segment = |n: u16, uri: &str| key(&format!("path:{n}"), uri, b"");
        assert_eq!(segment(1, "/ofd/a%62?x").as_deref(), Some("ofd"));
        assert_eq!(segment(2, "/ofd/a%62?x").as_deref(), Some("a%62"));
        assert_eq!(segment(3, "/ofd//c").as_deref(), Some("c"));
        for (n, uri) in [(2, "/ofd"), (2, "/ofd/"), (1, "/"), (2, "/ofd//c")] {
            assert_eq!(segment(n, uri), None, "{n} {uri}");
        }
    }

    #[test]
    fn a_parameter_is_decoded_and_the_first_of_its_name_counts() {
        let shard = |query: &str| key("query:shard", &format!("/x?{query}"), b"");
        assert_eq!(shard("a=1&shard=7&shard=8").as_deref(), Some("7"));
        assert_eq!(
            shard("sh%61rd=%C3%A4%2f%zz+%4").as_deref(),
            Some("ä/%zz+%4")
        );
        for without in ["a=1", "shard", "shard=", "shards=1", "shard=%ff"] {
            assert_eq!(shard(without), None, "{without}");
        }
        assert_eq!(key("query:shard", "/x", b""), None);
    }
}
