//! Opens connections to one upstream.

use std::future::poll_fn;
use std::time::Duration;

use http::{HeaderValue, Uri};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use tower_service::Service;

use super::error::root_cause;
use super::{RequestBody, Tls, UpstreamError};
use crate::circuits::CircuitsError;
use crate::settings::{CircuitSettings, Scheme, Upstream};

/// The largest head of an answer. More than servers send, little enough to hold for many
/// connections.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// A quiet connection is probed, so that a peer that vanished without a word does not look alive
/// for hours.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Knows where an upstream is and how it is spoken to.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    address: Upstream,
    uri: Uri,
    host: HeaderValue,
    transport: HttpsConnector<HttpConnector>,
}

impl Connector {
    pub(super) fn new(settings: &CircuitSettings, tls: &Tls) -> Result<Self, CircuitsError> {
        let address = settings.upstream.clone();
        let upstream = |error| CircuitsError::Upstream {
            circuit: settings.name.clone(),
            error,
        };
        let authority = if address.port == address.scheme.default_port() {
            address.host.clone()
        } else {
            format!("{}:{}", address.host, address.port)
        };
        let host =
            HeaderValue::try_from(authority.as_str()).map_err(|error| upstream(error.into()))?;
        let uri = Uri::builder()
            .scheme(address.scheme.as_str())
            .authority(authority)
            .path_and_query("/")
            .build()
            .map_err(upstream)?;
        let transport = transport(settings, tls)?;
        Ok(Self {
            address,
            uri,
            host,
            transport,
        })
    }

    pub(super) fn leads_to(&self, address: &Upstream) -> bool {
        self.address.scheme == address.scheme
            && self.address.host == address.host
            && self.address.port == address.port
    }

    pub(super) fn host(&self) -> &HeaderValue {
        &self.host
    }

    /// Opens a connection. Its task ends with the connection, or when the sender is dropped.
    pub(super) async fn connect(&self) -> Result<SendRequest<RequestBody>, UpstreamError> {
        let mut transport = self.transport.clone();
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
            UpstreamError::Connect(root_cause(error.as_ref()))
        };
        poll_fn(|cx| transport.poll_ready(cx))
            .await
            .map_err(failed)?;
        let io = transport.call(self.uri.clone()).await.map_err(failed)?;
        let (sender, connection) = http1::Builder::new()
            .max_header_size(HEAD_BYTES_MAX)
            .handshake(io)
            .await
            .map_err(|error| UpstreamError::Connect(root_cause(&error)))?;
        // What goes wrong on the connection reaches the exchange that uses it; between two of them
        // it is news to nobody.
        tokio::spawn(async move {
            let _ = connection.with_upgrades().await;
        });
        Ok(sender)
    }
}

fn transport(
    settings: &CircuitSettings,
    tls: &Tls,
) -> Result<HttpsConnector<HttpConnector>, CircuitsError> {
    let mut http = HttpConnector::new();
    http.set_nodelay(true);
    http.enforce_http(false);
    http.set_keepalive(Some(KEEPALIVE));
    // Several addresses share this time; the gateway's own limit stands around it.
    http.set_connect_timeout(Some(settings.connect_timeout));
    let config = match settings.upstream.scheme {
        Scheme::Https => tls.config(),
        Scheme::Http => Tls::none(),
    };
    let config = config.map_err(|error| CircuitsError::Tls {
        circuit: settings.name.clone(),
        error,
    })?;
    Ok(HttpsConnectorBuilder::new()
        .with_tls_config(config.as_ref().clone())
        .https_or_http()
        .enable_http1()
        .wrap_connector(http))
}
