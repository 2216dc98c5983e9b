//! The certificate of the admin interface, read anew while connections come.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::files::Watch;
use crate::settings::{AdminTls, AdminTlsError};

/// The certificate in force. A clone shares it.
#[derive(Clone)]
pub struct Certificate {
    files: AdminTls,
    live: Arc<ArcSwap<ServerConfig>>,
}

impl Certificate {
    /// Reads the files. Blocking.
    ///
    /// # Errors
    /// As [`AdminTls::load`].
    pub fn load(files: AdminTls) -> Result<Self, AdminTlsError> {
        let live = Arc::new(ArcSwap::from_pointee(files.load()?));
        Ok(Self { files, live })
    }

    /// For a new connection; those that are open keep what they began with.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.live.load_full())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

/// Reads the certificate anew when its files change, or when it is told to.
#[derive(Debug)]
pub(super) struct Renewal {
    certificate: Certificate,
    watch: Watch,
}

impl Renewal {
    /// Reads the files for the first time. Blocking.
    pub(super) fn start(files: &AdminTls) -> Result<Self, AdminTlsError> {
        let watch = Watch::begin([files.cert.clone(), files.key.clone()]);
        let certificate = Certificate::load(files.clone())?;
        Ok(Self { certificate, watch })
    }

    pub(super) fn certificate(&self) -> Certificate {
        self.certificate.clone()
    }

    /// Looks at the files, and reads them if they changed.
    pub(super) async fn look(&mut self) {
        if self.watch.changed().await {
            self.renew("the files changed").await;
        }
    }

    /// Reads the files anew. What is wrong is logged, and the certificate in force stays: also
    /// while one of the two is new and the other is not yet.
    pub(super) async fn renew(&mut self, why: &str) {
        let files = self.certificate.files.clone();
        match self.watch.act(move || files.load()).await {
            None => {}
            Some(Ok(config)) => {
                self.certificate.live.store(Arc::new(config));
                tracing::info!(why, "the certificate of the admin interface was read anew");
            }
            Some(Err(error)) => {
                tracing::error!(why, %error, "the certificate before stays in force");
            }
        }
    }
}
