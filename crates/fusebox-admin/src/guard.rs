//! Who may ask at all, and headers for every answer.
//!
//! The listener is on loopback, but a browser on this machine reaches loopback too, on behalf of
//! any page. Host is checked against DNS rebinding (a page's own name pointed at 127.0.0.1),
//! Origin against plain cross-site requests.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::desk::Desk;
use crate::problem::Problem;

/// Nothing here is to be guessed at, kept, framed, or loaded from.
const HEADERS: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
];

/// The layer around all routes.
pub(crate) async fn guard(State(_desk): State<Desk>, request: Request, next: Next) -> Response {
    let mut response = match check(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

fn check(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    let named = host.is_some_and(is_loopback_authority) && hosts.next().is_none();
    // A target in absolute form outranks the header in some servers, so it must agree.
    let target = uri
        .authority()
        .is_none_or(|authority| is_loopback_authority(authority.as_str()));
    if !(named && target) {
        return Err(Problem::forbidden(
            "Host must be localhost, 127.0.0.1 or [::1]",
        ));
    }
    let origins_agree = headers
        .get_all(header::ORIGIN)
        .iter()
        .all(|origin| origin.to_str().is_ok_and(is_loopback_origin));
    if !origins_agree {
        return Err(Problem::forbidden(
            "requests from the pages of other hosts are refused",
        ));
    }
    Ok(())
}

fn is_loopback_origin(origin: &str) -> bool {
    let host = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    host.is_some_and(is_loopback_authority)
}

/// Host with an optional port; without user information, which would hide the host's name.
fn is_loopback_authority(text: &str) -> bool {
    let Ok(authority) = text.parse::<Authority>() else {
        return false;
    };
    let host = authority.host();
    let port_is_number = authority.as_str().len() == host.len() || authority.port_u16().is_some();
    if text.contains('@') || !port_is_number {
        return false;
    }
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    address
        .parse::<IpAddr>()
        .is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_loopback() {
        for good in [
            "localhost",
            "LocalHost:9797",
            "127.0.0.1",
            "127.0.0.1:1",
            "127.3.2.1:80",
            "[::1]",
            "[::1]:9797",
            "[::ffff:127.0.0.1]:80",
        ] {
            assert!(is_loopback_authority(good), "{good}");
        }
        for bad in [
            "",
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "localhost@example.com",
            "example.com@localhost",
            "localhost:80:80",
            "localhost:http",
            "localhost:99999",
            "localhost/",
            "10.0.0.1",
            "0.0.0.0",
            "[::]",
            "[fe80::1]",
            " localhost",
        ] {
            assert!(!is_loopback_authority(bad), "{bad}");
        }
    }

    #[test]
    fn an_origin_is_a_scheme_and_a_loopback_host() {
        assert!(is_loopback_origin("http://localhost:9797"));
        assert!(is_loopback_origin("https://[::1]"));
        for bad in [
            "null",
            "",
            "localhost",
            "file://",
            "http://example.com",
            "ftp://localhost",
        ] {
            assert!(!is_loopback_origin(bad), "{bad}");
        }
    }
}
