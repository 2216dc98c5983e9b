//! `Host` and `Origin`: whether a browser sends this on behalf of somebody else's page.
//!
//! Without tokens everybody on this machine is let in, and a browser here is on this machine too,
//! whatever page it shows. `Host` is checked against DNS rebinding (a page's own name pointed at
//! 127.0.0.1), `Origin` against plain cross-site requests. With tokens a page has to know one, so
//! that `Host` may be any name; `Origin` then has to be the same.

use std::net::IpAddr;

use axum::Router;
use axum::extract::Request;
use axum::http::Uri;
use axum::http::header::{self, HeaderMap};
use axum::http::uri::Authority;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;

const STRANGE_PAGE: &str = "requests from the pages of other hosts are refused";

/// Where no tokens are set: everything names this machine.
pub(super) fn is_local(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let named = the_host(headers).is_some_and(is_loopback_authority);
    // A target in absolute form outranks the header in some servers, so it must agree.
    let target = uri
        .authority()
        .is_none_or(|authority| is_loopback_authority(authority.as_str()));
    if !(named && target) {
        return Err(Problem::forbidden(
            "Host must be localhost, 127.0.0.1 or [::1]",
        ));
    }
    let mut origins = headers.get_all(header::ORIGIN).iter();
    if !origins.all(|origin| origin.to_str().is_ok_and(is_loopback_origin)) {
        return Err(Problem::forbidden(STRANGE_PAGE));
    }
    Ok(())
}

/// Where tokens are set: there is no origin, or it is the host that was asked.
pub(super) fn is_same(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let host = uri.authority().map(Authority::as_str).or(the_host(headers));
    let same = |origin: &str| {
        let (default_port, origin) = scheme_and_authority(origin)?;
        let origin = name_and_port(origin, default_port)?;
        Some(origin == name_and_port(host?, default_port)?)
    };
    let is_same = |origin| same(origin) == Some(true);
    if !origins.all(|origin| origin.to_str().is_ok_and(is_same)) {
        return Err(Problem::forbidden(STRANGE_PAGE));
    }
    Ok(())
}

/// Refuses (403) calls of a host's own routes that a page of another host sends from somebody's
/// browser. Other programs send no `Origin`, and pass. It is no access control: who may act has to
/// be asked besides.
///
/// ```
/// use axum::{Router, routing::post};
/// let routes = Router::new().route("/resume", post(async || "resumed"));
/// let routes: Router = fusebox_admin::own_pages_only(routes);
/// # drop(routes);
/// ```
pub fn own_pages_only(routes: Router) -> Router {
    routes.layer(middleware::from_fn(check_page))
}

async fn check_page(request: Request, next: Next) -> Response {
    match is_same(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

/// Whether it names this machine, and comes from no page but one that was served here.
pub(crate) fn is_own_page_of_this_machine(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    is_local(uri, headers).and_then(|()| is_same(uri, headers))
}

/// The one `Host`; two of them are none.
fn the_host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next()?;
    if hosts.next().is_some() {
        return None;
    }
    host.to_str().ok()
}

fn scheme_and_authority(origin: &str) -> Option<(u16, &str)> {
    let http = origin.strip_prefix("http://").map(|rest| (80, rest));
    http.or_else(|| origin.strip_prefix("https://").map(|rest| (443, rest)))
}

/// Names in lower case; a port that is not named is the scheme's.
fn name_and_port(authority: &str, default_port: u16) -> Option<(String, u16)> {
    let (host, port) = parsed(authority)?;
    Some((host.to_ascii_lowercase(), port.unwrap_or(default_port)))
}

fn is_loopback_origin(origin: &str) -> bool {
    scheme_and_authority(origin).is_some_and(|(_, host)| is_loopback_authority(host))
}

fn is_loopback_authority(text: &str) -> bool {
    parsed(text).is_some_and(|(host, _)| is_loopback_host(&host))
}

/// Host with an optional port; without user information, which would hide the host's name.
fn parsed(text: &str) -> Option<(String, Option<u16>)> {
    let authority = text.parse::<Authority>().ok()?;
    let (host, port) = (authority.host(), authority.port_u16());
    let port_is_number = authority.as_str().len() == host.len() || port.is_some();
    if text.contains('@') || host.is_empty() || !port_is_number {
        return None;
    }
    Some((host.to_owned(), port))
}

fn is_loopback_host(host: &str) -> bool {
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    address.parse::<IpAddr>().is_ok_and(is_loopback)
}

/// Also as IPv4 written in IPv6.
pub(super) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
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
            "127.0.0.1.",
            "localhost@example.com",
            "example.com@localhost",
            "localhost:80:80",
            "localhost:http",
            "localhost:99999",
            "localhost/",
            "10.0.0.1",
            "0.0.0.0",
            "0177.0.0.1",
            "2130706433",
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

    #[test]
    fn with_tokens_an_origin_has_to_be_the_host_that_was_asked() {
        let check = |host: &str, origin: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().expect("a header"));
            headers.insert(header::ORIGIN, origin.parse().expect("a header"));
            is_same(&Uri::from_static("/"), &headers).is_ok()
        };
        for (host, origin) in [
            ("fuse.example", "https://fuse.example"),
            ("fuse.example:9797", "http://FUSE.example:9797"),
            ("fuse.example:443", "https://fuse.example"),
            ("fuse.example", "http://fuse.example:80"),
            ("[2001:db8::1]:9", "http://[2001:db8::1]:9"),
        ] {
            assert!(check(host, origin), "{host} {origin}");
        }
        for (host, origin) in [
            ("fuse.example", "null"),
            ("fuse.example", "https://evil.example"),
            ("fuse.example", "https://fuse.example.evil.example"),
            ("fuse.example", "https://fuse.example:8443"),
            ("fuse.example:80", "https://fuse.example"),
            ("fuse.example", "https://user@fuse.example"),
            ("fuse.example", "fuse.example"),
            ("fuse.example", ""),
            ("", "https://"),
        ] {
            assert!(!check(host, origin), "{host} {origin}");
        }
    }

    #[test]
    fn without_an_origin_any_host_may_be_asked_where_tokens_are_set() {
        assert!(is_same(&Uri::from_static("/"), &HeaderMap::new()).is_ok());
    }
}
