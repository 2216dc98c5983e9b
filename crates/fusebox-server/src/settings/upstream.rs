//! Where a circuit's calls go.

use std::fmt;
use std::net::Ipv6Addr;

use http::Uri;

/// How an upstream is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP/1.1.
    Http,
    /// HTTP/1.1 over TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that a URL without one means.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// The address of an upstream. Its `Display` is the URL, without a port that goes without saying.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Upstream {
    /// How it is spoken to.
    pub scheme: Scheme,
    /// A name, an IPv4 address, or an IPv6 address in square brackets, as a URL has it.
    pub host: String,
    /// The port, never 0.
    pub port: u16,
    /// Put before every path that is sent; empty, or begins with `/` and does not end with one.
    pub path: String,
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host)?;
        if self.port != self.scheme.default_port() {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(&self.path)
    }
}

impl Upstream {
    /// Reads `http://rag:8000` or `https://rag.example/base`.
    ///
    /// # Errors
    /// What is allowed, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let form = || "a URL like \"http://rag:8000\"".to_owned();
        if text.contains('#') {
            return Err("a URL without a fragment (#...)".to_owned());
        }
        let uri: Uri = text.parse().map_err(|_| form())?;
        let scheme = match uri.scheme_str() {
            Some("http") => Scheme::Http,
            Some("https") => Scheme::Https,
            Some(_) => return Err("a URL that begins with http:// or https://".to_owned()),
            None => return Err(form()),
        };
        let authority = uri.authority().ok_or_else(form)?;
        if authority.as_str().contains('@') {
            return Err("a URL without user name and password".to_owned());
        }
        if uri.query().is_some() {
            return Err("a URL without a query (?...)".to_owned());
        }
        let host = authority.host();
        if !is_host(host) {
            return Err(form());
        }
        let port = match authority.as_str().get(host.len()..) {
            None | Some("") => scheme.default_port(),
            Some(_) => authority
                .port_u16()
                .filter(|port| *port > 0)
                .ok_or_else(|| "a URL with a port from 1 to 65535".to_owned())?,
        };
        let path = uri.path().trim_end_matches('/').to_owned();
        Ok(Self {
            scheme,
            host: host.to_ascii_lowercase(),
            port,
            path,
        })
    }
}

/// Whether `host` is a DNS name, an IPv4 address, or an IPv6 address in brackets.
pub(super) fn is_host(host: &str) -> bool {
    if let Some(address) = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let label = |label: &str| {
        let letters = label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        (1..=63).contains(&label.len())
            && letters
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let name = host.strip_suffix('.').unwrap_or(host);
    name.len() <= 253 && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart_and_put_together_again() {
        for url in [
            "http://rag:8000",
            "https://ofd.example",
            "http://[::1]:99/a/b",
            "https://10.0.0.1/base",
        ] {
            assert_eq!(Upstream::parse(url).unwrap().to_string(), url);
        }
        let upstream = Upstream::parse("https://RAG.example:443/base/").unwrap();
        assert_eq!((upstream.port, upstream.path.as_str()), (443, "/base"));
        assert_eq!(upstream.to_string(), "https://rag.example/base");
    }

    #[test]
    fn what_is_no_plain_http_url_is_refused_with_what_is_allowed() {
        let form = "a URL like \"http://rag:8000\"";
        for (url, allowed) in [
            ("", form),
            ("rag", form),
            ("rag:8000", form),
            ("/rag", form),
            ("http://", form),
            ("http://a b", form),
            ("http://-x", form),
            ("http://[::zz]", form),
            ("ftp://rag", "a URL that begins with http:// or https://"),
            (
                "http://me:secret@rag",
                "a URL without user name and password",
            ),
            ("http://rag?x=1", "a URL without a query (?...)"),
            ("http://rag#x", "a URL without a fragment (#...)"),
            ("http://rag:0", "a URL with a port from 1 to 65535"),
            ("http://rag:99999", "a URL with a port from 1 to 65535"),
            ("http://rag:", "a URL with a port from 1 to 65535"),
        ] {
            assert_eq!(Upstream::parse(url), Err(allowed.to_owned()), "{url}");
        }
    }
}
