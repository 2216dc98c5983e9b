//! AI providers: one is asked, and the next one if it fails.
//!
//! Their wire formats are `genai`'s. Answers are streamed and put together. A stream that breaks
//! off, stalls, ends too early or tells of an error is a failure like any other.

use std::ops::Deref;
use std::time::Duration;

use axum::http::StatusCode;
use fusebox::FailureClass::Caller;
use fusebox::environment::Variables;
use fusebox::{
    CallError, CircuitBreaker, Classifier, Failover, FailoverError, FailureClass, Outcome,
    Registry, Settlement,
};
use fusebox_tower::retry_after;
use futures_util::TryStreamExt;
use genai::adapter::AdapterKind;
use genai::chat::{ChatOptions, ChatRequest, ChatStreamEvent, StopReason::ContentFilter};
use genai::resolver::{AuthData, Endpoint};
use genai::webc::StreamTimeout;
use genai::{Client, Error, ModelIden, ServiceTarget};
use serde_json::Value::Null;
use tokio::time::timeout;

use super::settings::Settings;
use crate::kept::Failed;

/// A text, and who wrote it.
type Written = Result<(String, &'static str), FailoverError<AiFailed>>;
/// Name, wire format, and the model that it is asked for.
type Kind = (&'static str, AdapterKind, &'static str);
/// In the order in which they are asked.
pub(super) const KINDS: [Kind; 4] = [
    ("anthropic", AdapterKind::Anthropic, "claude-haiku-4-5"),
    ("openai", AdapterKind::OpenAI, "gpt-5-mini"),
    ("google", AdapterKind::Gemini, "gemini-2.5-flash"),
    ("openrouter", AdapterKind::OpenRouter, "openai/gpt-5-mini"),
];

pub(super) fn circuit((name, ..): Kind) -> String {
    format!("cj_assessment.{name}_provider")
}

/// Why a provider has no answer. Its own words are not told: they may hold anything.
#[derive(Debug, thiserror::Error)]
#[error("{}{}", class.as_str(), status.map(|status| format!(" {status}")).unwrap_or_default())]
pub(super) struct AiFailed {
    class: FailureClass,
    status: Option<StatusCode>,
    retry_after: Option<Duration>,
}

impl AiFailed {
    const fn of(class: FailureClass) -> Self {
        Self {
            class,
            status: None,
            retry_after: None,
        }
    }

    /// The provider was asked, and does not take the essay. Another one may.
    pub(super) fn is_refusal(error: &CallError<Self>) -> bool {
        matches!(error, CallError::Failed(error) if error.class == Caller)
    }
}

impl From<Error> for AiFailed {
    fn from(error: Error) -> Self {
        let status = error.status();
        let retry_after = error.headers().and_then(retry_after);
        let class = match error {
            Error::WebStream { error, .. } => match error.downcast::<Error>() {
                Ok(told) => return (*told).into(),
                Err(error) if error.is::<StreamTimeout>() => FailureClass::Timeout,
                Err(error) => match error.downcast_ref::<reqwest::Error>() {
                    Some(error) if error.is_connect() => FailureClass::Connect,
                    _ => FailureClass::Reset,
                },
            },
            // Google's word for a key that is none; others say 401.
            ref told if told.to_string().contains("API_KEY_INVALID") => FailureClass::Status,
            // It is about what was asked.
            _ if status.is_some_and(|code| matches!(code.as_u16(), 400 | 413 | 422)) => Caller,
            // Google has no candidate for a prompt that it blocks.
            Error::ChatResponse { body, .. } if body.get("finishReason") == Some(&Null) => Caller,
            // It says so, in its status or in its stream.
            _ if status.is_some() => FailureClass::Status,
            Error::ChatResponse { .. } => FailureClass::Status,
            _ => FailureClass::Other,
        };
        Self {
            class,
            status,
            retry_after,
        }
    }
}

/// HTTP client errors and API errors count, but for those about the essay: by those one essay would
/// open every circuit.
impl<T> Classifier<T, AiFailed> for Providers {
    fn classify(&self, result: Result<&T, &AiFailed>) -> Settlement {
        match result {
            Ok(_) => Outcome::Success.into(),
            Err(error) if error.class == Caller => Outcome::Ignored.into(),
            Err(error) => {
                let settlement = Settlement::new(Outcome::Failure(error.class));
                let wait = error.retry_after;
                wait.map_or(settlement, |wait| settlement.retry_after(wait))
            }
        }
    }

    /// A refusal may be the provider's own fault all the same: it answers so, too, where its bill
    /// is not paid.
    fn goes_on(&self, result: Result<&T, &AiFailed>, _: Outcome) -> bool {
        result.is_err()
    }
}

/// More than any assessment has.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// How to ask one provider.
#[derive(Debug)]
struct Provider {
    name: &'static str,
    circuit: &'static CircuitBreaker,
    target: ServiceTarget,
}

impl Deref for Provider {
    type Target = CircuitBreaker;

    fn deref(&self) -> &CircuitBreaker {
        self.circuit
    }
}

/// All of them, asked in turn.
#[derive(Debug)]
pub(super) struct Providers {
    all: Failover<Provider>,
    client: Client,
    timeout: Duration,
}

impl Providers {
    pub(super) fn new(
        providers: Vec<(String, AuthData)>,
        settings: &Settings,
        variables: &Variables<'_>,
        registry: &Registry,
    ) -> Result<Self, Failed> {
        let mut all = Vec::new();
        for (kind, (api, auth)) in KINDS.into_iter().zip(providers) {
            let (name, wire, model) = kind;
            let variable = format!("{}_MODEL", name.to_uppercase());
            let given = variables.read(&variable, "a model", |text| Some(text.to_owned()))?;
            let target = ServiceTarget {
                endpoint: Endpoint::from_owned(format!("{api}/")),
                auth,
                model: ModelIden::new(wire, given.unwrap_or_else(|| model.to_owned())),
            };
            let circuit = registry.find(&circuit(kind))?;
            all.push(Provider {
                name,
                circuit,
                target,
            });
        }
        let options = ChatOptions::default()
            .with_max_tokens(1_024)
            .with_stream_header_timeout(settings.ai_stall_timeout)
            .with_stream_read_timeout(settings.ai_stall_timeout);
        Ok(Self {
            all: Failover::new(all),
            client: Client::builder().with_chat_options(options).build()?,
            timeout: settings.ai_timeout,
        })
    }

    /// What the first provider writes that has an answer, and its name.
    pub(super) async fn write(&self, prompt: &str) -> Written {
        let ask = self.all.call_async_with(self, |provider| async move {
            let (by, target) = (provider.name, provider.target.clone());
            let asked = timeout(self.timeout, self.ask(target, prompt)).await;
            let written = asked.unwrap_or(Err(AiFailed::of(FailureClass::Timeout)));
            written
                .inspect_err(|error| tracing::warn!(by, %error, "a provider has no answer"))
                .map(|text| (text, by))
        });
        ask.await
    }

    async fn ask(&self, target: ServiceTarget, prompt: &str) -> Result<String, AiFailed> {
        let asked = ChatRequest::from_user(prompt);
        let asked = self.client.exec_chat_stream(target, asked, None);
        let (mut stream, mut text) = (asked.await?.stream, String::new());
        while let Some(event) = stream.try_next().await? {
            match event {
                ChatStreamEvent::Chunk(more) if text.len() < ANSWER_BYTES_MAX => {
                    text += &more.content;
                }
                ChatStreamEvent::Chunk(_) => return Err(AiFailed::of(FailureClass::Other)),
                ChatStreamEvent::End(end) => match end.captured_stop_reason {
                    Some(ContentFilter(_)) => return Err(AiFailed::of(Caller)),
                    Some(_) if !text.is_empty() => return Ok(text),
                    // One that ends before it is over has no reason.
                    _ => return Err(AiFailed::of(FailureClass::Reset)),
                },
                _ => {}
            }
        }
        Err(AiFailed::of(FailureClass::Reset))
    }
}
