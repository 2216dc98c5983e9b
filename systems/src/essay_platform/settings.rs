//! What the environment says.

use std::path::PathBuf;
use std::time::Duration;

use axum::http::Uri;
use fusebox::Registry;
use fusebox::environment::{EnvironmentError, Service, Variables};
use genai::resolver::AuthData;

use super::providers::{KINDS, circuit};
use crate::hosting::{addresses, data_dir};
use crate::kept::Failed;

pub(super) const CONDUCTOR: &str = "batch_orchestrator.batch_conductor_client";
pub(super) const CHECKED_CONTENT: &str = "spell_checker.content_client";
pub(super) const ASSESSED_CONTENT: &str = "cj_assessment.content_client";
pub(super) const PUBLISHER: &str = "essay_platform.kafka_publisher";
/// The services that the gateway passes calls on to.
pub(super) const DOWNSTREAM: [&str; 5] = [
    "batch_orchestrator",
    "spell_checker",
    "cj_assessment",
    "batch_conductor",
    "content",
];

/// The gateway's circuit of a service.
pub(super) fn gateway_circuit(service: &str) -> String {
    format!("api_gateway.{service}_client")
}

/// How the platform runs, but for its circuits.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) data_dir: PathBuf,
    /// For one call of the conductor or of the content service.
    pub(super) call_timeout: Duration,
    /// For one answer of a provider, with its stream.
    pub(super) ai_timeout: Duration,
    /// For what comes next in a provider's stream.
    pub(super) ai_stall_timeout: Duration,
    /// Calls under way in each service.
    pub(super) calls_max: usize,
    /// Where Kafka is, even if it is not there.
    pub(super) kafka: String,
    pub(super) kafka_timeout: Duration,
    /// Events that wait for Kafka at most.
    pub(super) events_max: u64,
}

impl Settings {
    pub(super) fn read(variables: &Variables<'_>) -> Result<Self, EnvironmentError> {
        let seconds = |name, default| {
            let read = variables.seconds(name)?;
            Ok(read.unwrap_or(Duration::from_secs(default)))
        };
        let form = "brokers like host:port, several with commas";
        let kafka = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let kafka = variables.read("KAFKA_BOOTSTRAP_SERVERS", form, kafka)?;
        let calls_max = variables.whole("CALLS_MAX", 1..=65_536)?.unwrap_or(256);
        let events_max = variables.whole("KAFKA_FALLBACK_QUEUE_SIZE", 1..=1_000_000)?;
        Ok(Self {
            data_dir: data_dir(variables, "essay-platform")?,
            call_timeout: seconds("CALL_TIMEOUT", 10)?,
            ai_timeout: seconds("AI_TIMEOUT", 60)?,
            ai_stall_timeout: seconds("AI_STALL_TIMEOUT", 15)?,
            calls_max: usize::try_from(calls_max).unwrap_or(usize::MAX),
            kafka: kafka.unwrap_or_else(|| "127.0.0.1:9092".to_owned()),
            kafka_timeout: seconds("KAFKA_TIMEOUT", 2)?,
            events_max: events_max.unwrap_or(1_000).into(),
        })
    }

    /// The longest that a service can take for a call: one of its own, and its event; before that
    /// an assessment asks each provider.
    pub(super) fn longest_call(&self, service: &str) -> Duration {
        let own = self.call_timeout.saturating_add(self.kafka_timeout * 2);
        match service {
            "batch_conductor" | "content" => self.call_timeout,
            "cj_assessment" => own.saturating_add(self.ai_timeout.saturating_mul(4)),
            _ => own,
        }
    }

    /// Defines the circuits: `BCS_…` sets calls between services, `API_…` AI providers, `KAFKA_…`
    /// the publisher. `CIRCUITS_OFF` and `FALLBACKS_OFF` name those that are off alone.
    pub(super) fn define(
        &self,
        variables: &Variables<'_>,
        registry: &Registry,
    ) -> Result<(), Failed> {
        let services = [CONDUCTOR, CHECKED_CONTENT, ASSESSED_CONTENT];
        let called = services.map(|name| (name.to_owned(), self.call_timeout));
        let passed = DOWNSTREAM.map(|name| (gateway_circuit(name), self.longest_call(name)));
        let calls = called.into_iter().chain(passed);
        let calls =
            calls.map(|(name, within)| Service::prefix("BCS").timeout(within).circuits([name]));
        let secs = Duration::from_secs;
        registry.configure_from(
            variables,
            calls.chain([
                Service::prefix("API")
                    .consecutive_failures(3)
                    .open_for(secs(120))
                    .timeout(self.ai_timeout)
                    .circuits(KINDS.map(circuit)),
                Service::prefix("KAFKA")
                    .consecutive_failures(10)
                    .open_for(secs(30))
                    .circuits([PUBLISHER]),
            ]),
        )?;
        Ok(registry.switch_off(variables)?)
    }
}

/// What the platform calls.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// `CONDUCTOR_URL`.
    pub conductor: Uri,
    /// `CONTENT_URL`.
    pub content: Uri,
    /// Where the APIs begin (`http://host/v1`) of Anthropic (`ANTHROPIC_URL`), `OpenAI`, Google and
    /// `OpenRouter`, and their keys (`ANTHROPIC_API_KEY`).
    pub providers: Vec<(String, AuthData)>,
}

impl Addresses {
    /// Reads them. `None`: none is given, and the platform is to run with its stand-ins.
    ///
    /// # Errors
    /// One is wrong, or only some are given.
    pub fn read(variables: &Variables<'_>) -> Result<Option<Self>, Failed> {
        let names = [
            "CONDUCTOR_URL",
            "CONTENT_URL",
            "ANTHROPIC_URL",
            "OPENAI_URL",
            "GOOGLE_URL",
            "OPENROUTER_URL",
        ];
        let Some([conductor, content, apis @ ..]) = addresses(variables, names)? else {
            return Ok(None);
        };
        let mut providers = Vec::new();
        for ((name, ..), api) in KINDS.into_iter().zip(apis) {
            let key = variables.secret(&format!("{}_API_KEY", name.to_uppercase()))?;
            let api = api.to_string().trim_end_matches('/').to_owned();
            providers.push((api, AuthData::from_single(key)));
        }
        Ok(Some(Self {
            conductor,
            content,
            providers,
        }))
    }
}
