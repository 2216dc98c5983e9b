//! Which certificates are trusted for https upstreams.

use std::sync::{Arc, OnceLock};

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

/// The client side of TLS: ring, TLS 1.2 and 1.3, HTTP/1.1 only. Made at the first https upstream,
/// because reading the machine's roots takes tens of milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    extra: Vec<CertificateDer<'static>>,
    config: Arc<OnceLock<Arc<ClientConfig>>>,
}

/// Why there is no TLS.
#[derive(Clone, Debug, thiserror::Error)]
#[error("no TLS: {0}")]
pub struct TlsError(String);

impl From<rustls::Error> for TlsError {
    fn from(error: rustls::Error) -> Self {
        Self(error.to_string())
    }
}

impl Tls {
    /// Trusts these roots (DER) too, beside the machine's own and Mozilla's.
    #[must_use]
    pub fn with_roots(roots: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let extra = roots.into_iter().map(CertificateDer::from).collect();
        Self {
            extra,
            config: Arc::default(),
        }
    }

    /// For a connector that only speaks plain HTTP: trusts nobody.
    pub(super) fn none() -> Result<Arc<ClientConfig>, TlsError> {
        Ok(Arc::new(client(RootCertStore::empty())?))
    }

    /// The one configuration of this and its clones.
    pub(crate) fn config(&self) -> Result<Arc<ClientConfig>, TlsError> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.load()?);
        Ok(Arc::clone(self.config.get_or_init(|| config)))
    }

    /// Mozilla's roots make a bare container work, the machine's own a company's authority
    /// (`SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured).
    fn load(&self) -> Result<ClientConfig, TlsError> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        let native = rustls_native_certs::load_native_certs();
        for error in &native.errors {
            tracing::debug!(%error, "a root certificate of this machine cannot be read");
        }
        roots.add_parsable_certificates(native.certs);
        for root in &self.extra {
            roots.add(root.clone())?;
        }
        Ok(client(roots)?)
    }
}

fn client(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
