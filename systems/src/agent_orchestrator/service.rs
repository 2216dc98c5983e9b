//! The orchestrator, put together.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Uri;
use fusebox::Registry;
use fusebox::environment::Variables;
use fusebox_admin::{Readiness, Tokens};
use fusebox_queue::relay::RelayHandle;
use fusebox_store::{Redis, Storage};
use fusebox_telemetry::Names;

use super::agent::Agent;
use super::flow::{self, Flow};
use super::services::{Callee, SERVICES};
use crate::call::post_on;
use crate::hosting::{Hosted, data_dir};
use crate::kept::{Failed, Kept, until_it_happens};

/// How long a notification waits between two tries, beside what its circuit says.
const TRIES_EVERY: Duration = Duration::from_secs(1);

/// The orchestrator, while it runs.
#[derive(Debug)]
pub struct AgentOrchestrator {
    hosted: Hosted,
    readiness: Readiness,
    kept: Kept,
    relay: RelayHandle,
}

impl AgentOrchestrator {
    /// Starts it over the circuits of `registry`, which it defines there; the variables stand in
    /// `systems/docs/agent-orchestrator.md`.
    ///
    /// # Errors
    /// A variable that is wrong, or what is missing, taken or damaged. Redis that is away is none.
    pub async fn start(
        listen: SocketAddr,
        variables: &Variables<'_>,
        addresses: [Uri; 5],
        registry: &Registry,
    ) -> Result<Self, Failed> {
        let folder = data_dir(variables, "agent-orchestrator")?;
        let redis = Redis::from_variables(variables)?;
        let tokens = tokens(variables, &folder)?;
        let mut groups = Vec::new();
        for service in &SERVICES {
            groups.push(service.group(service.timeout(variables)?));
        }
        registry.configure_from(variables, groups)?;
        let redis = redis.map(|redis| Box::new(redis) as Box<dyn Storage>);
        let kept = Kept::open_with(registry, &folder, "queue.db", redis)?;

        let [rag_at, rules_at, notifier_at, vms_at, prediction_at] = &addresses;
        let agent = |service: &'static Callee, base: &Uri| -> Result<Agent, Failed> {
            let circuit = registry.find(service.circuit)?;
            Ok(Agent::new(
                service,
                circuit,
                base,
                service.timeout(variables)?,
            ))
        };
        let [rag, rules, notifier, vms, prediction] = &SERVICES;
        let settings = until_it_happens(TRIES_EVERY);
        let notifications = kept.queues.queue("notifications", settings)?;
        let flow = Flow {
            rag: agent(rag, rag_at)?,
            rules: agent(rules, rules_at)?,
            notifier: agent(notifier, notifier_at)?,
            vms: agent(vms, vms_at)?,
            prediction: agent(prediction, prediction_at)?,
            notifications,
        };
        let (to, within) = (notifier_at.clone(), notifier.timeout(variables)?);
        let relay = post_on(&flow.notifications, flow.notifier.circuit, to, within)?;

        let readiness = Readiness::starting();
        let admin = kept.admin(registry, [&relay]);
        let admin = admin.readiness(readiness.clone()).tokens(tokens);
        let admin = admin.metric_names(Names::Enhanced).router();
        let routes = flow::routes(Arc::new(flow)).merge(admin);
        let hosted = Hosted::start(listen, routes).await?;
        readiness.set_ready();
        Ok(Self {
            hosted,
            readiness,
            kept,
            relay,
        })
    }

    /// Where it listens: `http://…`, without a slash at its end.
    pub fn url(&self) -> String {
        self.hosted.url()
    }

    /// Takes no more calls, ends what is under way, and writes the rest down for the next start.
    ///
    /// # Errors
    /// It was not written in time.
    pub async fn end(self) -> Result<(), Failed> {
        self.readiness.set_draining();
        self.hosted.end().await;
        self.relay.stop().await;
        self.kept.close()
    }
}

/// Who may look and act. Without a file of tokens that is this machine; in production it is nobody,
/// and so no start.
fn tokens(variables: &Variables<'_>, folder: &Path) -> Result<Tokens, Failed> {
    let is_production = |text: &str| match text {
        "production" => Some(true),
        "development" => Some(false),
        _ => None,
    };
    let allowed = "production or development";
    let is_production = variables.read("ENVIRONMENT", allowed, is_production)?;
    let tokens = Tokens::open(folder.join("tokens.json"))?;
    if is_production == Some(true) && !tokens.are_required() {
        let folder = folder.display();
        let told = format!(
            "ENVIRONMENT = production needs tokens: `fusebox token create --data-dir {folder} \
             --name … --role …` makes the first one"
        );
        return Err(told.into());
    }
    Ok(tokens)
}
