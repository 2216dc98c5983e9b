//! The service that is asked: one request at a time, bounded in time and in size.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::time::timeout;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use super::credentials::{authorization, variable};
use super::plain;
use super::shape::Shape;
use super::trouble::Trouble;
use crate::circuits::upstream::{Tls, root_cause};
use crate::settings::Upstream;

/// Where the daemon listens by default.
const DEFAULT: &str = "http://127.0.0.1:9797";
/// Where to ask.
const URL: &str = "FUSEBOX_URL";
/// An authority to trust for https, beside those that the machine trusts.
const CA_FILE: &str = "FUSEBOX_CA_FILE";

/// A person waits.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// The longest until an answer is there; the API's own limits are shorter.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Larger than any replay file that a recorder can write.
const BYTES_MAX: usize = 64 * 1024 * 1024;
/// How much is shown of an answer that is not the API's.
const SHOWN_CHARS: usize = 200;

/// Where to ask and as whom.
#[derive(Debug)]
pub(super) struct Service {
    at: Upstream,
    authorization: Option<HeaderValue>,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Service {
    /// As the environment says.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn from_environment() -> Result<Self, Trouble> {
        let url = variable(URL)?;
        // Not shown where it is wrong: it may hold a password.
        let at = Upstream::parse(url.as_deref().unwrap_or(DEFAULT))
            .map_err(|allowed| Trouble::Usage(format!("{URL}: must be {allowed}")))?;
        Ok(Self {
            at,
            authorization: authorization()?,
            client: Client::builder(TokioExecutor::new()).build(connector()?),
        })
    }

    /// Whether a token goes with each request.
    pub(super) fn has_token(&self) -> bool {
        self.authorization.is_some()
    }

    /// The JSON at `path`, which is of this shape.
    pub(super) async fn get(&self, path: &str, shape: &Shape) -> Result<Value, Trouble> {
        let text = self.ask(Method::GET, path, None).await?;
        self.parsed(&text, shape)
    }

    /// Sends JSON to `path`; the JSON that comes back, which is of this shape.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        shape: &Shape,
    ) -> Result<Value, Trouble> {
        let text = self.ask(method, path, Some(body)).await?;
        self.parsed(&text, shape)
    }

    /// The text of the JSON at `path`, as it came.
    pub(super) async fn text(&self, path: &str, shape: &Shape) -> Result<String, Trouble> {
        let text = self.ask(Method::GET, path, None).await?;
        self.parsed(&text, shape)?;
        Ok(text)
    }

    fn parsed(&self, text: &str, shape: &Shape) -> Result<Value, Trouble> {
        let answer: Value = serde_json::from_str(text).map_err(|_| self.no_fusebox(text))?;
        match shape.misfit(&answer) {
            None => Ok(answer),
            Some(here) if here.is_empty() => Err(self.no_fusebox(text)),
            Some(place) => Err(self.without(&place)),
        }
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<String, Trouble> {
        let request = self.request(method, path, body)?;
        let exchange = async {
            let response = self.client.request(request).await;
            let response = response.map_err(|error| self.unanswered(&error))?;
            let (status, text) = self.read(response).await?;
            if status.is_success() {
                Ok(text)
            } else {
                Err(self.refusal(status, &text))
            }
        };
        let late = || {
            let within = fusebox::duration::format(ANSWER_WITHIN);
            self.unreachable(format!("no answer within {within}"))
        };
        timeout(ANSWER_WITHIN, exchange)
            .await
            .unwrap_or_else(|_| Err(late()))
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Request<Full<Bytes>>, Trouble> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.at))
            .header(ACCEPT, "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let bytes = match body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        request
            .body(Full::new(bytes))
            .map_err(|error| Trouble::Usage(format!("{URL}: {error}")))
    }

    async fn read(&self, response: Response<Incoming>) -> Result<(StatusCode, String), Trouble> {
        let status = response.status();
        let body = Limited::new(response.into_body(), BYTES_MAX)
            .collect()
            .await;
        let bytes = body
            .map_err(|error| self.unreachable(root_cause(error.as_ref())))?
            .to_bytes();
        Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn unanswered(&self, error: &legacy::Error) -> Trouble {
        let mut why = root_cause(error);
        if error.is_connect() {
            why.push_str("; is `fusebox serve` running there? FUSEBOX_URL names another place");
        }
        self.unreachable(why)
    }

    fn unreachable(&self, why: String) -> Trouble {
        Trouble::Unreachable {
            url: self.at.to_string(),
            why,
        }
    }

    fn no_fusebox(&self, text: &str) -> Trouble {
        let beginning: String = plain::text(text).chars().take(SHOWN_CHARS).collect();
        self.unreachable(format!("what answers there is no Fusebox: {beginning:?}"))
    }

    /// What answered is JSON, and has not what an answer of the API has at this place.
    pub(super) fn without(&self, place: &str) -> Trouble {
        self.unreachable(format!(
            "what answers there is no Fusebox: it says no {place:?} that this command can read"
        ))
    }

    /// What the service said when it did not do what was asked.
    fn refusal(&self, status: StatusCode, text: &str) -> Trouble {
        let problem: Value = serde_json::from_str(text).unwrap_or(Value::Null);
        let said = |key: &str| problem[key].as_str().map(str::to_owned);
        let reason = || status.canonical_reason().unwrap_or("refused").to_owned();
        let mut detail = said("detail").unwrap_or_else(|| match status {
            StatusCode::NOT_FOUND => {
                format!(
                    "no Fusebox answers at {} (is a path missing in {URL}?)",
                    self.at
                )
            }
            _ => format!("{} says no more", self.at),
        });
        if status == StatusCode::UNAUTHORIZED && !self.has_token() {
            detail.push_str(" (no token was sent: set FUSEBOX_TOKEN or FUSEBOX_TOKEN_FILE)");
        }
        let kind = said("type").unwrap_or_default();
        Trouble::Refused {
            status: status.as_u16(),
            kind: kind
                .strip_prefix("urn:fusebox:")
                .unwrap_or(&kind)
                .to_owned(),
            title: said("title").unwrap_or_else(reason),
            detail,
        }
    }
}

/// http and https on HTTP/1.1, with the roots of the machine, of Mozilla, and of the file that
/// `FUSEBOX_CA_FILE` names. No redirect is followed, so a token goes nowhere else.
fn connector() -> Result<HttpsConnector<HttpConnector>, Trouble> {
    let tls = match variable(CA_FILE)? {
        None => Tls::default(),
        Some(file) => Tls::with_roots(roots(&file)?),
    };
    let config = tls
        .config()
        .map_err(|error| Trouble::Usage(error.to_string()))?;
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_connect_timeout(Some(CONNECT_WITHIN));
    Ok(HttpsConnectorBuilder::new()
        .with_tls_config(config.as_ref().clone())
        .https_or_http()
        .enable_http1()
        .wrap_connector(http))
}

fn roots(file: &str) -> Result<Vec<Vec<u8>>, Trouble> {
    let wrong = |why: String| Trouble::Usage(format!("{CA_FILE}: {file}: {why}"));
    let certificates = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(error.to_string()))?;
    if certificates.is_empty() {
        return Err(wrong("holds no certificate in PEM".to_owned()));
    }
    Ok(certificates.into_iter().map(|one| one.to_vec()).collect())
}
