//! A sprint service in this process, on stand-ins, with circuits whose clock the test moves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, Request};
use fusebox::{CircuitBreaker, ManualClock, Registry};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use systems::environment::Environment;
use systems::sprint_service::{SprintService, SprintSettings};
use systems::stand_in::sprint_services::SprintServices;
use systems::stand_in::switches::{At, Behaviour, Mode};
use tokio::time::Instant;

/// What SYSTEMS.md allows from a recovery to the end of the sprint's story.
pub(crate) const SETTLED_WITHIN: Duration = Duration::from_secs(5);

/// A folder of its own, gone with the test.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        let name = format!("sprint-service-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) struct Rig {
    pub(crate) services: SprintServices,
    pub(crate) clock: ManualClock,
    pub(crate) registry: Registry,
    pub(crate) service: SprintService,
    folder: Folder,
}

/// An answer of the service.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn retry_after(&self) -> Option<&str> {
        self.headers
            .get("retry-after")
            .map(|value| value.to_str().unwrap())
    }
}

impl Rig {
    pub(crate) async fn new() -> Self {
        let services = SprintServices::start().await.unwrap();
        Self::over(services, Folder::new()).await
    }

    async fn over(services: SprintServices, folder: Folder) -> Self {
        let clock = ManualClock::new();
        let registry = Registry::builder().clock(clock.clone()).build();
        let dir = folder.path().to_str().unwrap();
        let environment = Environment::from_iter([("DATA_DIR", dir), ("CALL_TIMEOUT", "0.5")]);
        let settings = SprintSettings::read(&environment).unwrap();
        let listen = ([127, 0, 0, 1], 0).into();
        let addresses = services.addresses().unwrap();
        let service = SprintService::start(listen, settings, addresses, &registry);
        Self {
            service: service.await.unwrap(),
            services,
            clock,
            registry,
            folder,
        }
    }

    /// Ends the service as on `SIGTERM`, and starts it from its folder.
    pub(crate) async fn restarted(self) -> Self {
        self.service.end().await;
        Self::over(self.services, self.folder).await
    }

    pub(crate) fn circuit(&self, name: &str) -> &'static CircuitBreaker {
        self.registry.find(name).unwrap()
    }

    pub(crate) async fn create(&self, project: &str) -> Answer {
        create(&self.service.url(), project, "Falcon").await
    }

    pub(crate) async fn started(&self, project: &str) -> BTreeMap<String, usize> {
        started(&self.service.url(), project).await
    }
}

/// Asks for a sprint.
pub(crate) async fn create(url: &str, project: &str, name: &str) -> Answer {
    let body = json!({ "sprint_name": name, "duration_weeks": 2 }).to_string();
    let path = format!("{url}/sprints/{project}");
    try_send("POST", &path, body).await.unwrap()
}

/// The sprints of a project that the service knows as started, with the number of their tasks.
pub(crate) async fn started(url: &str, project: &str) -> BTreeMap<String, usize> {
    let path = format!("{url}/sprints/{project}");
    let answer = try_send("GET", &path, String::new()).await.unwrap();
    let sprints = answer.body["sprints"].as_array().unwrap().clone();
    let one = |sprint: Value| {
        let id = sprint["sprint_id"].as_str().unwrap().to_owned();
        let tasks = sprint["assigned_tasks_count"].as_u64().unwrap();
        (id, usize::try_from(tasks).unwrap())
    };
    sprints.into_iter().map(one).collect()
}

pub(crate) async fn try_send(
    method: &str,
    url: &str,
    body: String,
) -> Result<Answer, hyper_util::client::legacy::Error> {
    let client: Client<HttpConnector, Full<Bytes>> =
        Client::builder(TokioExecutor::new()).build_http();
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header("content-type", "application/json")
        .body(Full::from(body))
        .unwrap();
    let (head, body) = client.request(request).await?.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Ok(Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    })
}

/// Looks again and again, for `at_most`.
pub(crate) async fn within<F: Future<Output = bool>>(
    at_most: Duration,
    what: &str,
    mut is_so: impl FnMut() -> F,
) {
    let end = Instant::now() + at_most;
    while !is_so().await {
        assert!(Instant::now() < end, "not within {at_most:?}: {what}");
        // tidy-allow(sleep): the bounded wait itself looks at its condition again and again
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A way to misbehave, only for calls whose path begins so.
pub(crate) fn only(path: &str, mode: Mode, at: At) -> Behaviour {
    Behaviour {
        at,
        only: Some(path.to_owned()),
        ..mode.into()
    }
}
