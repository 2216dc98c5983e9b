//! Upstreams over https.

use std::sync::Arc;

use fusebox_server::circuits::upstream::Tls;
use fusebox_server::gateway::Limits;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::house::{House, rag};
use crate::stand_in::{Mode, StandIn};

/// An upstream with a certificate of its own making, for `localhost`, and that certificate.
async fn secure(mode: Mode) -> (StandIn, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let root = made.cert.der().to_vec();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let upstream = StandIn::with_tls(mode, Some(TlsAcceptor::from(Arc::new(config)))).await;
    (upstream, root)
}

#[tokio::test]
async fn an_upstream_with_a_trusted_certificate_is_reached() {
    let (upstream, root) = secure(Mode::Echo).await;
    let url = format!("https://localhost:{}", upstream.address().port());
    let house = House::start_with(&rag(&url, ""), Limits::default(), Tls::with_roots([root])).await;
    for _ in 0..2 {
        let answer = house.ask("POST", "/rag/x", "secret").await;
        assert!(
            answer.status == 200 && answer.body.ends_with("secret"),
            "{answer:?}"
        );
    }
    assert_eq!(upstream.connections(), 1);
}

#[tokio::test]
async fn an_upstream_with_an_unknown_certificate_is_502_connect() {
    let (upstream, _) = secure(Mode::Ok).await;
    let url = format!("https://localhost:{}", upstream.address().port());
    let house = House::start(&rag(&url, "")).await;
    let answer = house.get("/rag/x").await;
    assert_eq!(
        (answer.status, answer.header("fusebox-reason")),
        (502, Some("connect"))
    );
    assert_eq!(upstream.hits(), 0);
}
