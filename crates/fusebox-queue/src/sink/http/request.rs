//! A message as a request.

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TE, TRAILER, TRANSFER_ENCODING,
    UPGRADE,
};
use http::uri::PathAndQuery;
use http::{Method, Request, Uri};
use http_body_util::Full;

use crate::message::Leased;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Headers of one connection, or of a body that is written anew.
const OF_THE_HOP: [HeaderName; 8] = [
    CONNECTION,
    CONTENT_LENGTH,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// The request for a message, or why there can be none.
pub(super) fn of(message: &Leased, address: &Uri) -> Result<Request<Full<Bytes>>, String> {
    let mut request = Request::new(Full::new(message.body.clone()));
    *request.method_mut() = method(message)?;
    *request.uri_mut() = uri(message, address)?;
    *request.headers_mut() = headers(message)?;
    Ok(request)
}

fn method(message: &Leased) -> Result<Method, String> {
    let method = attribute(message, ":method").map_or(Ok(Method::POST), str::parse);
    match method {
        Ok(method) if method != Method::CONNECT => Ok(method),
        _ => Err("its :method cannot be sent".into()),
    }
}

fn uri(message: &Leased, address: &Uri) -> Result<Uri, String> {
    let base = address.path().trim_end_matches('/');
    let path = match attribute(message, ":path") {
        None => address.path().to_owned(),
        Some(path) if path.starts_with('/') => format!("{base}{path}"),
        Some(_) => return Err("its :path does not begin with a slash".into()),
    };
    let mut parts = address.clone().into_parts();
    let path = PathAndQuery::try_from(path).map_err(|_| "its :path is none")?;
    parts.path_and_query = Some(path);
    Uri::from_parts(parts).map_err(|_| "its :path is none".into())
}

fn headers(message: &Leased) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &message.attributes {
        if name.starts_with(':') {
            continue;
        }
        let Ok(header) = HeaderName::from_bytes(name.as_bytes()) else {
            return Err("an attribute's name is no name of a header".into());
        };
        let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) else {
            return Err(format!("its attribute {header} is no value of a header"));
        };
        headers.append(header, value);
    }
    for name in named_by_connection(&headers).into_iter().chain(OF_THE_HOP) {
        headers.remove(name);
    }
    if !headers.contains_key(IDEMPOTENCY_KEY)
        && let Ok(id) = HeaderValue::try_from(message.id.to_string())
    {
        headers.insert(IDEMPOTENCY_KEY, id);
    }
    Ok(headers)
}

/// Headers that `Connection` says are for one connection only.
fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(CONNECTION).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    let names = texts.flat_map(|text| text.split(','));
    names.filter_map(|name| name.trim().parse().ok()).collect()
}

fn attribute<'a>(message: &'a Leased, name: &str) -> Option<&'a str> {
    let mut attributes = message.attributes.iter();
    let found = attributes.find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::id::MessageId;

    fn message(attributes: &[(&str, &str)]) -> Leased {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Leased {
            id: MessageId::new(77 << 12, 7),
            token: 1,
            until: SystemTime::UNIX_EPOCH,
            queue: "q".into(),
            key: None,
            group: None,
            idempotency_key: None,
            attributes: attributes.iter().map(own).collect(),
            body: Bytes::from_static(b"body"),
            attempts: 0,
            deferrals: 0,
            crashes: 0,
            uncertain: false,
        }
    }

    fn request(attributes: &[(&str, &str)]) -> Result<Request<Full<Bytes>>, String> {
        of(
            &message(attributes),
            &Uri::from_static("http://ofd:81/api/"),
        )
    }

    #[test]
    fn method_and_path_are_attributes_and_the_rest_are_headers() {
        let request = request(&[
            (":method", "PUT"),
            (":path", "/a/b?c=d"),
            (":later", "x"),
            ("X-POS-ID", "7"),
            ("x-pos-id", "8"),
        ])
        .unwrap();
        assert_eq!(request.method(), Method::PUT);
        assert_eq!(request.uri(), "http://ofd:81/api/a/b?c=d");
        let ids: Vec<_> = request.headers().get_all("x-pos-id").iter().collect();
        assert_eq!(ids, ["7", "8"]);
        assert_eq!(request.headers().len(), 3, "{:?}", request.headers());
    }

    #[test]
    fn without_attributes_it_is_a_post_to_the_address_with_the_id_as_key() {
        let request = request(&[]).unwrap();
        assert_eq!(request.method(), Method::POST);
        assert_eq!(request.uri(), "http://ofd:81/api/");
        let id = message(&[]).id.to_string();
        assert_eq!(request.headers()["idempotency-key"], id.as_str());
    }

    #[test]
    fn the_senders_own_key_goes_before_the_id() {
        let request = request(&[("Idempotency-Key", "mine")]).unwrap();
        let keys: Vec<_> = request
            .headers()
            .get_all("idempotency-key")
            .iter()
            .collect();
        assert_eq!(keys, ["mine"]);
    }

    #[test]
    fn what_is_for_another_connection_does_not_go_on() {
        let request = request(&[
            ("Connection", "keep-alive, X-Hop"),
            ("X-Hop", "1"),
            ("Transfer-Encoding", "chunked"),
            ("Content-Length", "999"),
            ("X-Stays", "1"),
        ])
        .unwrap();
        let names: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["x-stays", "idempotency-key"]);
    }

    #[test]
    fn what_no_request_can_hold_is_told_without_its_value() {
        for attribute in [
            (":method", "CONNECT"),
            (":method", "G ET secret"),
            (":path", "http://secret/"),
            (":path", "/\u{1}secret"),
            ("na me secret", "x"),
            ("name", "line\nsecret"),
        ] {
            let error = request(&[attribute]).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
