//! TLS to the server, with rustls and ring.

use redis::{Client, ConnectionInfo, RedisResult, TlsCertificates};

use super::{Redis, RedisSettingsError};

impl Redis {
    /// The certificates (PEM) that a server at `rediss://` is checked against, in the place of the
    /// machine's own roots: those of a company's or a cloud's own authority.
    ///
    /// # Errors
    /// [`RedisSettingsError::Certificate`]: it is no PEM with certificates.
    pub fn root_certificate(mut self, pem: &[u8]) -> Result<Self, RedisSettingsError> {
        match self.link.trust(pem) {
            true => Ok(self),
            false => Err(RedisSettingsError::Certificate),
        }
    }
}

/// A client that trusts these certificates only.
pub(super) fn client(info: ConnectionInfo, roots: Vec<u8>) -> RedisResult<Client> {
    let certificates = TlsCertificates {
        client_tls: None,
        root_cert: Some(roots),
    };
    Client::build_with_tls(info, certificates)
}

/// rustls asks the process for its cryptography, and panics where two are built in and none was
/// chosen. So one is chosen, unless the program did.
pub(super) fn choose_cryptography() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // An error: somebody else chose at this moment.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}
