//! An essay platform in this process, on stand-ins, with circuits whose clock the test moves.

use fusebox::environment::Variables;
use fusebox::{Author, CircuitBreaker, ManualClock, Registry, State};
use serde_json::json;
use systems::essay_platform::EssayPlatform;
use systems::stand_in::essay_services::EssayServices;

use crate::folder::Folder;
use crate::http::{Answer, call};

pub(crate) const CONDUCTOR: &str = "batch_orchestrator.batch_conductor_client";
pub(crate) const CHECKED: &str = "spell_checker.content_client";
pub(crate) const KAFKA: &str = "essay_platform.kafka_publisher";

pub(crate) struct Rig {
    pub(crate) services: EssayServices,
    pub(crate) registry: Registry,
    pub(crate) clock: ManualClock,
    pub(crate) platform: EssayPlatform,
    folder: Folder,
}

impl Rig {
    /// Without Kafka: its circuit is open, and events are queued.
    pub(crate) async fn new(set: &[(&str, &str)]) -> Self {
        let services = EssayServices::start().await.unwrap();
        let rig = Self::over(services, Folder::new(), set).await;
        rig.open(KAFKA);
        rig
    }

    pub(crate) async fn over(
        services: EssayServices,
        folder: Folder,
        set: &[(&str, &str)],
    ) -> Self {
        let clock = ManualClock::new();
        let registry = Registry::builder().clock(clock.clone()).build();
        Self {
            platform: start(&services, &folder, set, &registry).await,
            services,
            registry,
            clock,
            folder,
        }
    }

    /// Ends the platform as on `SIGTERM`, and starts it from its folder.
    pub(crate) async fn restarted(self, set: &[(&str, &str)]) -> Self {
        self.platform.end().await.unwrap();
        Self::over(self.services, self.folder, set).await
    }

    pub(crate) fn circuit(&self, name: &str) -> &'static CircuitBreaker {
        self.registry.find(name).unwrap()
    }

    pub(crate) fn open(&self, name: &str) {
        let circuit = self.circuit(name);
        circuit
            .transition(State::Open, &Author::new("test"))
            .unwrap();
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let url = format!("{}{path}", self.platform.url());
        call("GET", &url, "").await.unwrap()
    }

    pub(crate) async fn resolve(&self, batch: &str) -> Answer {
        resolve(&self.platform.url(), batch).await
    }

    pub(crate) async fn spell_check(&self, essay: &str) -> Answer {
        let url = format!("{}/v1/essays/{essay}/spellcheck", self.platform.url());
        call("POST", &url, "").await.unwrap()
    }

    pub(crate) async fn assess(&self, essay: &str) -> Answer {
        let url = format!("{}/v1/assessments", self.platform.url());
        let body = json!({ "essay_id": essay }).to_string();
        call("POST", &url, &body).await.unwrap()
    }
}

/// Starts a platform over these circuits.
pub(crate) async fn start(
    services: &EssayServices,
    folder: &Folder,
    set: &[(&str, &str)],
    registry: &Registry,
) -> EssayPlatform {
    let dir = folder.path().to_str().unwrap();
    let common = [
        ("DATA_DIR", dir),
        ("CALL_TIMEOUT", "0.5"),
        ("AI_TIMEOUT", "2"),
        ("AI_STALL_TIMEOUT", "0.3"),
        ("KAFKA_TIMEOUT", "1"),
        // Nobody listens there.
        ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1"),
    ];
    let variables: Variables<'_> = common.iter().chain(set).copied().collect();
    let addresses = services.addresses().unwrap();
    let listen = ([127, 0, 0, 1], 0).into();
    let platform = EssayPlatform::start(listen, &variables, addresses, registry);
    platform.await.unwrap()
}

/// Asks for a batch's pipeline.
pub(crate) async fn resolve(url: &str, batch: &str) -> Answer {
    let url = format!("{url}/v1/batches/{batch}/pipeline");
    call("POST", &url, "").await.unwrap()
}
