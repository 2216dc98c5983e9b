//! A sprint service in this process, on stand-ins, with circuits whose clock the test moves.

use std::collections::BTreeMap;
use std::time::Duration;

use fusebox::environment::Variables;
use fusebox::{CircuitBreaker, ManualClock, Registry};
use serde_json::{Value, json};
use systems::sprint_service::{SprintService, SprintSettings};
use systems::stand_in::sprint_services::SprintServices;
use systems::stand_in::switches::{At, Behaviour, Mode};

use crate::folder::Folder;
use crate::http::{Answer, ask, call};
use crate::process::Process;

/// What SYSTEMS.md allows from a recovery to the end of the sprint's story.
pub(crate) const SETTLED_WITHIN: Duration = Duration::from_secs(5);

pub(crate) struct Rig {
    pub(crate) services: SprintServices,
    pub(crate) clock: ManualClock,
    pub(crate) registry: Registry,
    pub(crate) service: SprintService,
    folder: Folder,
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
        let variables = Variables::from_iter([("DATA_DIR", dir), ("CALL_TIMEOUT", "0.5")]);
        let settings = SprintSettings::read(&variables).unwrap();
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
        self.service.end().await.unwrap();
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
    call("POST", &path, &body).await.unwrap()
}

/// The sprints of a project that the service knows as started, with the number of their tasks.
pub(crate) async fn started(url: &str, project: &str) -> BTreeMap<String, usize> {
    let path = format!("{url}/sprints/{project}");
    let (_, answer) = ask("GET", &path).await.unwrap();
    let sprints = answer["sprints"].as_array().unwrap().clone();
    let one = |sprint: Value| {
        let id = sprint["sprint_id"].as_str().unwrap().to_owned();
        let tasks = sprint["assigned_tasks_count"].as_u64().unwrap();
        (id, usize::try_from(tasks).unwrap())
    };
    sprints.into_iter().map(one).collect()
}

/// The service as a process of its own, to be killed.
pub(crate) fn start(services: &SprintServices, folder: &Folder) -> Process {
    let (project, backlog) = (services.project.url(), services.backlog.url());
    let variables = [
        ("PORT", "0"),
        ("DATA_DIR", folder.path().to_str().unwrap()),
        ("CALL_TIMEOUT", "1"),
        ("PROJECT_SERVICE_URL", &project),
        ("BACKLOG_SERVICE_URL", &backlog),
        ("CHRONICLE_SERVICE_URL", &services.chronicle.url()),
    ];
    let log = folder.path().join("service.log");
    Process::start(env!("CARGO_BIN_EXE_sprint-service"), &log, &variables).unwrap()
}

/// A way to misbehave, only for calls whose path begins so.
pub(crate) fn only(path: &str, mode: Mode, at: At) -> Behaviour {
    Behaviour {
        at,
        only: Some(path.to_owned()),
        ..mode.into()
    }
}
