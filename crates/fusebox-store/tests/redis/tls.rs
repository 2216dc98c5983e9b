//! `rediss://` against a server that speaks nothing else.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

use fusebox_store::{Redis, RedisSettingsError, Storage, StoreError};
use rcgen::{CertificateParams, KeyPair};

use crate::records::batch;
use crate::server::{Server, free_port};

/// A certificate for `localhost` that signed itself, and its key.
fn certificate() -> (String, String) {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
    let certificate = params.self_signed(&key).expect("a certificate");
    (certificate.pem(), key.serialize_pem())
}

/// A server, its TLS port, and its certificate.
fn server() -> (Server, u16, String) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("fusebox-redis-tls-{}-{count}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    fs::create_dir_all(&folder).expect("a folder");
    let (cert_file, key_file) = (folder.join("cert.pem"), folder.join("key.pem"));
    let (certificate, key) = certificate();
    fs::write(&cert_file, &certificate).expect("written");
    fs::write(&key_file, key).expect("written");
    let port = free_port();
    let server = Server::with(&[
        "--tls-port",
        &port.to_string(),
        "--tls-cert-file",
        &cert_file.display().to_string(),
        "--tls-key-file",
        &key_file.display().to_string(),
        "--tls-auth-clients",
        "no",
    ]);
    // It has read them.
    fs::remove_dir_all(&folder).expect("a folder");
    (server, port, certificate)
}

#[test]
fn a_state_travels_encrypted_to_a_server_that_is_trusted() {
    let (server, port, certificate) = server();
    let storage = Redis::open(&format!("rediss://localhost:{port}/1")).expect("a URL");
    assert_eq!(storage.place(), format!("rediss://localhost:{port}/1"));
    let storage = storage.root_certificate(certificate.as_bytes());
    let mut storage = storage.expect("a certificate");
    storage.write(&batch(1)).expect("written");
    let mut wire = server.wire();
    assert_eq!(wire.text("SELECT 1"), "OK");
    let field = "HGET circuit_breaker_state:rag_service state";
    assert_eq!(wire.text(field), "open");
}

#[test]
fn a_server_that_nobody_vouches_for_is_refused() {
    let (_server, port, _) = server();
    let (another, _) = certificate();
    let url = format!("rediss://localhost:{port}");
    let storage = Redis::open(&url).expect("a URL");
    let mut storage = storage
        .root_certificate(another.as_bytes())
        .expect("a certificate");
    let error = storage.load().expect_err("not trusted");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    assert!(error.to_string().contains("certificate"), "{error}");
    // By another name than that of its certificate.
    let (_server, port, certificate) = server();
    let storage = Redis::open(&format!("rediss://127.0.0.1:{port}")).expect("a URL");
    let storage = storage.root_certificate(certificate.as_bytes());
    let error = storage.expect("a certificate").load();
    assert!(
        error
            .expect_err("another name")
            .to_string()
            .contains("certificate")
    );
}

#[test]
fn a_hung_server_is_bounded_behind_tls_too() {
    let (server, port, certificate) = server();
    let storage = Redis::open(&format!("rediss://localhost:{port}")).expect("a URL");
    let storage = storage.root_certificate(certificate.as_bytes());
    let mut storage = storage.expect("a certificate");
    server.stop();
    let begun = crate::server::now();
    storage.load().expect_err("it hangs");
    let took = begun.elapsed();
    assert!(took < std::time::Duration::from_secs(4), "{took:?}");
    server.go_on();
    storage.load().expect("loaded");
}

#[test]
fn a_root_certificate_that_is_none_is_refused() {
    for pem in [
        "",
        "x",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let storage = Redis::open("rediss://localhost").expect("a URL");
        let error = storage.root_certificate(pem.as_bytes()).expect_err(pem);
        assert_eq!(error, RedisSettingsError::Certificate);
    }
}
