//! A campaign queue in this process, on stand-ins.

use fusebox::Registry;
use fusebox::environment::Variables;
use serde_json::{Value, json};
use systems::campaign_queue::{CampaignQueue, CampaignSettings};
use systems::stand_in::switches::Behaviour;
use systems::stand_in::third_parties::ThirdParties;

use crate::folder::Folder;
use crate::http::{ask, send};
use crate::process::Process;
use crate::wait::until;

pub(crate) struct Rig {
    pub(crate) apis: ThirdParties,
    pub(crate) registry: Registry,
    pub(crate) service: CampaignQueue,
    pub(crate) folder: Folder,
}

impl Rig {
    pub(crate) async fn new() -> Self {
        let apis = ThirdParties::start().await.unwrap();
        Self::over(apis, Folder::new()).await
    }

    async fn over(apis: ThirdParties, folder: Folder) -> Self {
        let registry = Registry::builder().build();
        let dir = folder.path().to_str().unwrap();
        let variables = Variables::from_iter([("DATA_DIR", dir), ("CALL_TIMEOUT", "1")]);
        let settings = CampaignSettings::read(&variables).unwrap();
        let listen = ([127, 0, 0, 1], 0).into();
        let service = CampaignQueue::start(listen, settings, apis.apis().unwrap(), &registry);
        Self {
            service: service.await.unwrap(),
            apis,
            registry,
            folder,
        }
    }

    /// Ends the service as on `SIGTERM`, does something to its folder, and starts it again.
    pub(crate) async fn restarted(self, meanwhile: impl FnOnce(&Folder)) -> Self {
        self.service.end().await.unwrap();
        meanwhile(&self.folder);
        Self::over(self.apis, self.folder).await
    }

    /// Creates a campaign of so many leads that both third parties are asked for.
    pub(crate) async fn create(&self, leads: usize) -> String {
        create(&self.service.url(), leads).await
    }

    pub(crate) async fn campaign(&self, id: &str) -> Value {
        campaign(&self.service.url(), id).await
    }

    pub(crate) async fn status(&self) -> Value {
        let (code, answer) = self.manage("GET", "status", &Value::Null).await;
        assert_eq!(code, 200, "{answer}");
        answer
    }

    /// `queue-management`: status and `data` of the answer, or the whole answer where it has none.
    pub(crate) async fn manage(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        manage(&self.service.url(), method, path, body).await
    }

    pub(crate) async fn completes(&self, id: &str) {
        until(|| async { self.campaign(id).await["status"] == "completed" }).await;
    }

    pub(crate) async fn is_open(&self) -> bool {
        self.status().await["circuit_breaker"]["state"] == "open"
    }

    pub(crate) fn calls(&self) -> u64 {
        self.apis.apollo.switches.calls() + self.apis.perplexity.switches.calls()
    }

    /// Lets apollo misbehave for one call.
    pub(crate) fn misbehave_once(&self, how: impl Into<Behaviour>) {
        let once = Behaviour {
            times: Some(1),
            ..how.into()
        };
        self.apis.apollo.switches.turn(once);
    }

    /// A campaign of so many leads, the first call of which fails so.
    pub(crate) async fn create_failing(&self, leads: usize, how: impl Into<Behaviour>) -> String {
        self.misbehave_once(how);
        let id = self.create(leads).await;
        until(|| self.is_open()).await;
        id
    }

    /// Pauses as an operator does in the admin interface.
    pub(crate) async fn pause_by_hand(&self, reason: &str) {
        let url = format!("{}/fusebox/api/v1/queues/*/pause", self.service.url());
        let body = json!({ "reason": reason }).to_string();
        let (code, answer) = send("POST", &url, &body).await.unwrap();
        assert_eq!(code, 200, "{answer}");
    }

    /// Each of these jobs was done, once, and no other.
    pub(crate) fn done_are(&self, campaigns: &[(&str, usize)]) {
        done_are(&self.apis, campaigns);
    }
}

pub(crate) fn done_are(apis: &ThirdParties, campaigns: &[(&str, usize)]) {
    for (step, api) in [(1, &apis.apollo), (2, &apis.perplexity)] {
        let mut done = api.done().jobs;
        done.sort_unstable();
        let of = |(id, leads): &(&str, usize)| {
            let id = (*id).to_owned();
            (1..=*leads).map(move |lead| format!("{id}-{lead}-{step}"))
        };
        let mut expected: Vec<_> = campaigns.iter().flat_map(of).collect();
        expected.sort_unstable();
        assert_eq!(done, expected, "step {step}");
    }
}

pub(crate) fn wanted(leads: usize) -> Value {
    let leads: Vec<_> = (1..=leads).map(|n| format!("lead {n}")).collect();
    json!({ "name": "spring", "leads": leads, "services": ["apollo", "perplexity"] })
}

pub(crate) async fn create(url: &str, leads: usize) -> String {
    let path = format!("{url}/api/v1/campaigns");
    let (code, answer) = send("POST", &path, &wanted(leads).to_string())
        .await
        .unwrap();
    assert_eq!(code, 201, "{answer}");
    answer["data"]["id"].as_str().unwrap().to_owned()
}

pub(crate) async fn campaign(url: &str, id: &str) -> Value {
    let (code, answer) = ask("GET", &format!("{url}/api/v1/campaigns/{id}"))
        .await
        .unwrap();
    assert_eq!(code, 200, "{answer}");
    answer["data"].clone()
}

pub(crate) async fn manage(url: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let url = format!("{url}/api/v1/queue-management/{path}");
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    let (code, mut answer) = send(method, &url, &body).await.unwrap();
    let data = answer.get_mut("data").map(Value::take);
    (code, data.unwrap_or(answer))
}

/// The service as a process of its own, to be killed.
pub(crate) fn start(apis: &ThirdParties, folder: &Folder) -> Process {
    let apis = apis.apis().unwrap().0;
    let (apollo, perplexity) = (apis["apollo"].to_string(), apis["perplexity"].to_string());
    let variables = [
        ("PORT", "0"),
        ("DATA_DIR", folder.path().to_str().unwrap()),
        ("CALL_TIMEOUT", "1"),
        ("APOLLO_URL", &apollo),
        ("PERPLEXITY_URL", &perplexity),
    ];
    let log = folder.path().join("service.log");
    Process::start(env!("CARGO_BIN_EXE_campaign-queue"), &log, &variables).unwrap()
}
