//! AI providers in their own wire formats: one is asked, and the next one if it fails.
//!
//! Answers are streamed (server-sent events) and put together. A stream that breaks off, stalls or
//! tells of an error is a failure like any other.

use std::time::Duration;

use axum::http::{HeaderValue, Request, StatusCode, Uri, header};
use bytes::Bytes;
use fusebox::environment::Variables;
use fusebox::{
    CircuitBreaker, Failover, FailoverError, FailureClass, Outcome, Registry, Settlement,
};
use fusebox_tower::retry_after;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use thiserror::Error;
use tokio::time::timeout;

use super::settings::{Key, Settings};
use crate::call::CallFailed;
use crate::kept::Failed;

/// More than any assessment has.
const STREAM_BYTES_MAX: usize = 4 << 20;
const TOKENS_MAX: u32 = 1_024;

/// How a provider is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    /// Messages.
    Anthropic,
    /// Chat completions.
    OpenAi,
    /// `streamGenerateContent`.
    Google,
    /// As `OpenAI`, and comments while it waits.
    OpenRouter,
}

impl Wire {
    /// In the order in which they are asked.
    pub(super) const ALL: [Self; 4] = [
        Self::Anthropic,
        Self::OpenAi,
        Self::Google,
        Self::OpenRouter,
    ];

    /// Its name, and the model that it is asked for.
    pub(super) const fn words(self) -> [&'static str; 2] {
        match self {
            Self::Anthropic => ["anthropic", "claude-haiku-4-5"],
            Self::OpenAi => ["openai", "gpt-5-mini"],
            Self::Google => ["google", "gemini-2.5-flash"],
            Self::OpenRouter => ["openrouter", "openai/gpt-5-mini"],
        }
    }

    /// The name of its circuit.
    pub(super) fn circuit(self) -> String {
        format!("cj_assessment.{}_provider", self.words()[0])
    }

    /// What one event says: a piece of the text, and whether it is the last one.
    fn piece(self, data: &str) -> Result<(String, bool), AiFailed> {
        if data == "[DONE]" {
            return Ok((String::new(), true));
        }
        let event: Value =
            serde_json::from_str(data).map_err(|_| AiFailed::Call(CallFailed::Unreadable))?;
        if !event["error"].is_null() {
            return Err(AiFailed::Stream);
        }
        let text = |text: &Value| text.as_str().unwrap_or_default().to_owned();
        Ok(match self {
            Self::Anthropic => (
                text(&event["delta"]["text"]),
                event["type"] == "message_stop",
            ),
            Self::OpenAi | Self::OpenRouter => {
                (text(&event["choices"][0]["delta"]["content"]), false)
            }
            Self::Google => {
                let first = &event["candidates"][0];
                let parts = first["content"]["parts"].as_array();
                let texts = parts.into_iter().flatten().map(|part| text(&part["text"]));
                (texts.collect(), !first["finishReason"].is_null())
            }
        })
    }
}

/// Why a provider has no answer. Its own words are not told: they may hold anything.
#[derive(Debug, Error)]
pub(super) enum AiFailed {
    /// The HTTP call.
    #[error(transparent)]
    Call(CallFailed),
    /// The API refused or failed, 429 among others.
    #[error("the API answered {status}")]
    Api {
        /// How.
        status: StatusCode,
        /// When to come back.
        retry_after: Option<Duration>,
    },
    /// The API told of an error when the answer had begun.
    #[error("the API told of an error in its stream")]
    Stream,
}

impl AiFailed {
    /// The essay is too long, for each of them.
    pub(super) fn is_the_essays(&self) -> bool {
        matches!(self, Self::Api { status, .. } if *status == StatusCode::PAYLOAD_TOO_LARGE)
    }
}

/// HTTP client errors and API errors count.
fn judge<T>(result: Result<&T, &AiFailed>) -> Settlement {
    let class = match result {
        Ok(_) => return Outcome::Success.into(),
        Err(error) if error.is_the_essays() => return Outcome::Ignored.into(),
        Err(AiFailed::Call(error)) => error.class(),
        Err(AiFailed::Api { .. } | AiFailed::Stream) => FailureClass::Status,
    };
    let settlement = Settlement::new(Outcome::Failure(class));
    match result {
        Err(AiFailed::Api {
            retry_after: Some(wait),
            ..
        }) => settlement.retry_after(*wait),
        _ => settlement,
    }
}

/// How to ask one provider.
struct Provider {
    wire: Wire,
    circuit: &'static CircuitBreaker,
    base: String,
    key: Key,
    model: String,
}

/// All of them, asked in turn.
pub(super) struct Providers {
    circuits: Failover<&'static CircuitBreaker>,
    all: Vec<Provider>,
    http: Client<HttpConnector, Full<Bytes>>,
    timeouts: [Duration; 2],
}

/// What a provider wrote, and which one.
pub(super) struct Written {
    pub(super) text: String,
    pub(super) by: &'static str,
}

impl Providers {
    pub(super) fn new(
        providers: Vec<(Uri, Key)>,
        settings: &Settings,
        variables: &Variables<'_>,
        registry: &Registry,
    ) -> Result<Self, Failed> {
        let mut all = Vec::new();
        for (wire, (base, key)) in Wire::ALL.into_iter().zip(providers) {
            let [name, model] = wire.words();
            let variable = format!("{}_MODEL", name.to_uppercase());
            let given = variables.read(&variable, "a model", |text| Some(text.to_owned()))?;
            all.push(Provider {
                wire,
                circuit: registry.find(&wire.circuit())?,
                base: base.to_string().trim_end_matches('/').to_owned(),
                key,
                model: given.unwrap_or_else(|| model.to_owned()),
            });
        }
        Ok(Self {
            circuits: Failover::new(all.iter().map(|provider| provider.circuit)),
            all,
            http: Client::builder(TokioExecutor::new()).build_http(),
            timeouts: [settings.ai_timeout, settings.ai_stall_timeout],
        })
    }

    /// What the first provider writes that has an answer.
    pub(super) async fn write(&self, prompt: &str) -> Result<Written, FailoverError<AiFailed>> {
        let ask = self.circuits.call_async_with(&judge, |circuit| async move {
            let is_its = |provider: &&Provider| std::ptr::eq(provider.circuit, circuit);
            let provider = self.all.iter().find(is_its);
            let provider = provider.ok_or(AiFailed::Call(CallFailed::Connect))?;
            let asked = timeout(self.timeouts[0], self.ask(provider, prompt)).await;
            let text = asked.unwrap_or(Err(AiFailed::Call(CallFailed::Timeout)));
            let by = provider.wire.words()[0];
            text.inspect_err(|error| tracing::warn!(by, %error, "a provider has no answer"))
                .map(|text| Written { text, by })
        });
        ask.await
    }

    async fn ask(&self, provider: &Provider, prompt: &str) -> Result<String, AiFailed> {
        let stall = self.timeouts[1];
        let request = provider.request(prompt);
        let request = request.map_err(|_| AiFailed::Call(CallFailed::Connect))?;
        let answer = in_time(stall, self.http.request(request)).await?;
        let answer = answer.map_err(|error| match error.is_connect() {
            true => AiFailed::Call(CallFailed::Connect),
            false => AiFailed::Call(CallFailed::Reset),
        })?;
        if !answer.status().is_success() {
            let retry_after = retry_after(answer.headers());
            let status = answer.status();
            return Err(AiFailed::Api {
                status,
                retry_after,
            });
        }
        let mut body = answer.into_body();
        let (mut text, mut events, mut bytes) = (String::new(), Events::default(), 0);
        while let Some(frame) = in_time(stall, body.frame()).await? {
            let frame = frame.map_err(|_| AiFailed::Call(CallFailed::Reset))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            bytes += data.len();
            if bytes > STREAM_BYTES_MAX {
                return Err(AiFailed::Call(CallFailed::Unreadable));
            }
            for event in events.take(&data) {
                let (piece, is_last) = provider.wire.piece(&event)?;
                text.push_str(&piece);
                if is_last && !text.is_empty() {
                    return Ok(text);
                }
            }
        }
        // It ended before it was over, or said nothing.
        Err(AiFailed::Call(CallFailed::Reset))
    }
}

async fn in_time<T>(stall: Duration, next: impl Future<Output = T>) -> Result<T, AiFailed> {
    let next = timeout(stall, next).await;
    next.map_err(|_| AiFailed::Call(CallFailed::Timeout))
}

impl Provider {
    fn request(&self, prompt: &str) -> http::Result<Request<Full<Bytes>>> {
        let (base, model, key) = (&self.base, &self.model, &self.key.0);
        let messages = json!([{ "role": "user", "content": prompt }]);
        let chat = json!({ "model": model, "stream": true, "messages": messages });
        let (path, header, key, body) = match self.wire {
            Wire::Anthropic => {
                let mut body = chat;
                body["max_tokens"] = TOKENS_MAX.into();
                ("/v1/messages".to_owned(), "x-api-key", key.clone(), body)
            }
            Wire::OpenAi => {
                let path = "/v1/chat/completions".to_owned();
                (path, "authorization", format!("Bearer {key}"), chat)
            }
            Wire::OpenRouter => {
                let path = "/api/v1/chat/completions".to_owned();
                (path, "authorization", format!("Bearer {key}"), chat)
            }
            Wire::Google => {
                let body = json!({
                    "contents": [{ "role": "user", "parts": [{ "text": prompt }] }],
                });
                let path = format!("/v1beta/models/{model}:streamGenerateContent?alt=sse");
                (path, "x-goog-api-key", key.clone(), body)
            }
        };
        let mut key = HeaderValue::try_from(key)?;
        key.set_sensitive(true);
        Request::post(format!("{base}{path}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header("anthropic-version", "2023-06-01")
            .header(header, key)
            .body(Full::from(body.to_string()))
    }
}

/// Takes events out of a stream: what stands after `data:`. Comments and other fields are left out.
#[derive(Default)]
struct Events {
    line: Vec<u8>,
    data: Vec<String>,
}

impl Events {
    fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut whole = Vec::new();
        for byte in bytes {
            if *byte != b'\n' {
                self.line.push(*byte);
                continue;
            }
            let line = String::from_utf8_lossy(&self.line).into_owned();
            self.line.clear();
            let line = line.trim_end_matches('\r');
            if let Some(data) = line.strip_prefix("data:") {
                self.data
                    .push(data.strip_prefix(' ').unwrap_or(data).to_owned());
            } else if line.is_empty() && !self.data.is_empty() {
                whole.push(std::mem::take(&mut self.data).join("\n"));
            }
        }
        whole
    }
}
