//! The checks before every request: where it comes from, who sends it, and whether they may.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::ConnectInfo;
use axum::extract::connect_info::MockConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use fusebox::Tick;

use super::caller::Caller;
use super::limit::Failures;
use super::needs::Need;
use super::origin;
use super::secret::TokenText;
use super::tokens::{Found, Tokens};
use crate::problem::Problem;

/// Asked by machines that hold no secrets and call the process by whatever address it has at the
/// moment; what these tell is worth nothing to a page that reads it by rebinding.
const PROBES: [&str; 2] = ["/livez", "/readyz"];
/// Asked by browsers that do not have their secret yet; it tells nothing that needs one.
const PAGE: &str = "/";
/// The same for what the page is made of.
const OPEN_BELOW: &str = "/assets/";
/// A proxy puts one of these on what it passes on, so that its own address proves nothing.
const FORWARDED: [HeaderName; 4] = [
    HeaderName::from_static("forwarded"),
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-real-ip"),
    header::VIA,
];
const TWO_CURES: &str = "without tokens only this machine is let in, and nothing shows that the \
    request comes from it: make a token with `fusebox token create` and send it as `Authorization: \
    Bearer`, or connect to a loopback address directly, without a proxy (a service of your own \
    must be served with `into_make_service_with_connect_info::<SocketAddr>()`)";

/// Who is let in; shared by all requests.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    tokens: Option<Tokens>,
    failures: Arc<Failures>,
}

/// Why a request is not let in.
pub(crate) enum Refused {
    /// 401: the answer has to name the scheme.
    Unauthorised { token_was_shown: bool },
    /// Somebody who is known, and may not do this.
    Forbidden(Caller, Problem),
    /// Somebody who is not known.
    Other(Problem),
}

impl Refused {
    /// Who it is, where that is known.
    pub(crate) fn caller(&self) -> Option<&Caller> {
        match self {
            Self::Forbidden(caller, _) => Some(caller),
            _ => None,
        }
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Other(problem)
    }
}

impl Door {
    /// `None`: no tokens, this machine only.
    pub(crate) fn new(tokens: Option<Tokens>) -> Self {
        let failures = Arc::default();
        Self { tokens, failures }
    }

    /// Who is asking; `None`: the route is open to all. `circuit` is the one that the path names.
    pub(crate) fn admit(
        &self,
        request: &Parts,
        need: Need,
        circuit: Option<&str>,
        now: Tick,
    ) -> Result<Option<Caller>, Refused> {
        // The path as the routes see it, without the prefix of a host.
        let path = request.uri.path();
        if PROBES.contains(&path) {
            return Ok(None);
        }
        let tokens = self.tokens.as_ref();
        let tokens = tokens.filter(|tokens| tokens.are_required());
        match tokens {
            None => origin::is_local(&request.uri, &request.headers)?,
            Some(_) => origin::is_same(&request.uri, &request.headers)?,
        }
        if path == PAGE || path.starts_with(OPEN_BELOW) {
            return Ok(None);
        }
        let from = peer(request);
        let caller = match tokens {
            None if from.is_some_and(origin::is_loopback) && !is_forwarded(&request.headers) => {
                Caller::local()
            }
            None => return Err(Problem::forbidden(TWO_CURES).into()),
            Some(tokens) => self.known(tokens, &request.headers, from, now)?,
        };
        match need.check(&caller, circuit) {
            Ok(()) => Ok(Some(caller)),
            Err(problem) => Err(Refused::Forbidden(caller, problem)),
        }
    }

    fn known(
        &self,
        tokens: &Tokens,
        headers: &HeaderMap,
        from: Option<IpAddr>,
        now: Tick,
    ) -> Result<Caller, Refused> {
        let mut shown = headers.get_all(header::AUTHORIZATION).iter();
        let Some(first) = shown.next() else {
            let token_was_shown = false;
            return Err(Refused::Unauthorised { token_was_shown });
        };
        let text = first.to_str().ok().and_then(bearer);
        // Two headers could be read as either by what stands before us.
        let text = text.filter(|_| shown.next().is_none());
        let found = text.map(|text| tokens.find(&text, SystemTime::now()));
        if let Some(Found::Valid(token)) = found {
            let circuits = Arc::new(token.patterns().clone());
            return Ok(Caller::new(token.name(), token.role(), circuits));
        }
        self.failures.count(from, now).map_err(|wait| {
            let detail = "too many wrong tokens came from this address; a right one is let in";
            let status = StatusCode::TOO_MANY_REQUESTS;
            let problem = Problem::new(status, "too-many-failures", "Too many failures", detail);
            Refused::Other(problem.retry_after(wait))
        })?;
        let token_was_shown = true;
        Err(Refused::Unauthorised { token_was_shown })
    }
}

/// The peer of the connection, where the host tells it; never what a header claims.
pub(crate) fn peer(request: &Parts) -> Option<IpAddr> {
    let told = request.extensions.get::<ConnectInfo<SocketAddr>>();
    // As the extractor does: what a host's tests say, where there is no connection.
    let mock = || request.extensions.get::<MockConnectInfo<SocketAddr>>();
    let told = told.map(|ConnectInfo(peer)| peer);
    let peer = told.or_else(|| mock().map(|MockConnectInfo(peer)| peer));
    peer.map(SocketAddr::ip)
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    FORWARDED.iter().any(|name| headers.contains_key(name))
}

/// `Bearer` in any case, one or more spaces, and what could be a token.
fn bearer(value: &str) -> Option<TokenText> {
    let (scheme, text) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    TokenText::read(text.trim_matches(' '))
}
