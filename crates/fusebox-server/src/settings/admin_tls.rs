//! `admin_tls = { cert = "...", key = "..." }`: the certificate of the admin interface.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::keys;
use super::section::Section;

/// A chain of certificates longer than any, or a key larger than any, is another file.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The files of a certificate and its key, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminTls {
    /// The certificate, and those between it and an authority.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Which of the two files is not as it should be, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("server.admin_tls.{key}: {}: allowed is {allowed}", file.display())]
pub struct AdminTlsError {
    key: &'static str,
    file: PathBuf,
    allowed: String,
}

impl AdminTls {
    /// Reads both files.
    ///
    /// # Errors
    /// One cannot be read, is no PEM, or they do not belong together. No part of a key is told.
    pub fn load(&self) -> Result<ServerConfig, AdminTlsError> {
        let wrong = |key, allowed| AdminTlsError {
            key,
            file: match key {
                "cert" => self.cert.clone(),
                _ => self.key.clone(),
            },
            allowed,
        };
        let text = |key, file| read_file(file).map_err(|allowed| wrong(key, allowed));
        let cert = text("cert", &self.cert)?;
        let key = text("key", &self.key)?;
        let certs = CertificateDer::pem_slice_iter(&cert)
            .collect::<Result<Vec<_>, _>>()
            .ok()
            .filter(|certs| !certs.is_empty())
            .ok_or_else(|| wrong("cert", "a certificate in PEM".to_owned()))?;
        let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| {
            let more = match error {
                pem::Error::NoItemsFound => "",
                _ => " without mistakes",
            };
            wrong("key", format!("a private key in PEM{more}"))
        })?;
        // Last, so that what is left is that the two do not go together.
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(certs, key))
            .map_err(|error| wrong("key", format!("the key of the certificate ({error})")))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// Reads the table; the files are looked for beside the settings file, in `folder`.
pub(super) fn read(section: Section<'_>, folder: &Path) -> Option<AdminTls> {
    let table = section.table("admin_tls")?;
    let path = section.field("admin_tls");
    let inner = Section {
        path: &path,
        table,
        ..section
    };
    inner.only(keys::ADMIN_TLS);
    let file = |key: &'static str| {
        if let (false, Some(node)) = (inner.has(key), section.table.get("admin_tls")) {
            let missing = "missing: the name of a file in PEM";
            section.report.add(&node.key_at, inner.field(key), missing);
        }
        inner.text(key, "the name of a file", |text| {
            (!text.is_empty()).then(|| folder.join(text))
        })
    };
    // Both are asked for, so that both are told.
    let (cert, key) = (file("cert"), file("key"));
    let tls = AdminTls {
        cert: cert?,
        key: key?,
    };
    if let Err(error) = tls.load() {
        let node = inner.table.get(error.key);
        if let Some(node) = node {
            inner.refuse(error.key, node, &error.allowed);
        }
    }
    Some(tls)
}

fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| format!("a file that can be read ({error})");
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() || metadata.len() > FILE_BYTES_MAX {
        return Err("a plain file of at most 1 MiB".to_owned());
    }
    std::fs::read(path).map_err(unreadable)
}
