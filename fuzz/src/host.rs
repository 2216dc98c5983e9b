//! A host of the admin interface, asked in process.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use fusebox::{Author, BranchSettings, Definition, Registry, Settings};
use fusebox_admin::{Admin, Tokens};
use http::{Request, header};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

use crate::Answer;

/// A registry with some circuits, the router over it, and its OpenAPI document.
///
/// One for all inputs of a target, since it has threads of its own. What inputs do to its circuits
/// stays for the next ones, until [`Host::rest`].
#[derive(Debug)]
pub struct Host {
    runtime: Runtime,
    registry: Registry,
    router: Router,
    document: Value,
}

impl Host {
    /// With the circuits `rag`, `rag-backup` and `ofd`, the last one keyed.
    ///
    /// # Panics
    /// It cannot be set up.
    pub fn new(tokens: Option<Tokens>) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let registry = Registry::new();
        let brief = Settings::builder().consecutive_failures(2).build();
        let keyed = BranchSettings::builder().keys_max(8).build();
        let circuits = [
            Definition::new("rag").priority(1),
            Definition::new("rag-backup").settings(brief.expect("settings")),
            Definition::new("ofd").branches(keyed.expect("settings")),
        ];
        for circuit in circuits {
            registry.define(circuit).expect("a circuit");
        }
        // What asks for no token, to read the document; the circuits are the same.
        let open = fusebox_admin::router(&registry);
        let router = match tokens {
            None => open.clone(),
            Some(tokens) => Admin::new(&registry).tokens(tokens).router(),
        };
        let mut host = Self {
            runtime: runtime.expect("a runtime"),
            registry,
            router: open,
            document: Value::Null,
        };
        let asked = Request::get("/openapi.json").body(Body::empty());
        host.document = host.ask(asked.expect("a request")).json();
        host.router = router;
        host
    }

    /// The OpenAPI document.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// Answers a request that comes over loopback, and holds the answer against what is true of
    /// all.
    ///
    /// # Panics
    /// Something of that does not hold.
    pub fn ask(&self, mut request: Request<Body>) -> Answer {
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 40_000));
        request.extensions_mut().insert(ConnectInfo(peer));
        let headers = request.headers_mut();
        if !headers.contains_key(header::HOST) {
            headers.insert(header::HOST, header::HeaderValue::from_static("localhost"));
        }
        let answer = self.runtime.block_on(async {
            let Ok(response) = self.router.clone().oneshot(request).await;
            Answer::of(response).await
        });
        answer.holds();
        answer
    }

    /// Ends everything that can be set by a request.
    pub fn rest(&self) {
        let by = Author::new("fuzz");
        self.registry.main().close(&by);
        for listed in self.registry.list() {
            let circuit = listed.circuit;
            circuit.release(&by);
            circuit.reset(&by);
            if listed.over.is_some() {
                let ended = self.registry.end_override(circuit.name(), &by);
                assert_eq!(ended, Ok(true));
            }
        }
    }
}

/// For the first part of an answer that has no end.
pub(crate) const FIRST_PART_WITHIN: Duration = Duration::from_secs(5);
