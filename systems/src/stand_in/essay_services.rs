//! Stand-ins for what the essay platform calls: the conductor, the content service, and the AI
//! providers.

use std::io;
use std::net::SocketAddr;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::uri::InvalidUri;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use genai::resolver::AuthData;
use serde_json::json;

use super::ai_providers::{AiProvider, Wire};
use super::switches::Switches;
use crate::essay_platform::Addresses;
use crate::hosting::Hosted;

/// The key that the AI stand-ins know.
pub const KEY: &str = "stand-in-key";

/// All of them.
#[derive(Debug)]
pub struct EssayServices {
    /// Knows pipelines. A batch `unknown…` is none.
    pub conductor: StandIn,
    /// Knows essays. An essay `unknown…` is none, `long…` is a very long one.
    pub content: StandIn,
    /// Anthropic, `OpenAI`, Google, `OpenRouter`.
    pub providers: [AiProvider; 4],
}

impl EssayServices {
    /// Starts them on ports that the system chooses.
    ///
    /// # Errors
    /// No port can be listened on.
    pub async fn start() -> io::Result<Self> {
        Ok(Self {
            conductor: StandIn::start(
                Router::new().route("/v1/batches/{id}/pipeline", get(pipeline)),
            )
            .await?,
            content: StandIn::start(Router::new().route("/v1/essays/{id}", get(essay))).await?,
            providers: [
                AiProvider::start(Wire::Anthropic).await?,
                AiProvider::start(Wire::OpenAi).await?,
                AiProvider::start(Wire::Google).await?,
                AiProvider::start(Wire::OpenRouter).await?,
            ],
        })
    }

    /// Where they are, a line for each.
    pub fn told(&self) -> String {
        let providers = ["anthropic", "openai", "google", "openrouter"];
        let providers = providers.into_iter().zip(&self.providers);
        let mut told = format!(
            "conductor listens on {}\ncontent listens on {}\n",
            self.conductor.url(),
            self.content.url()
        );
        for (name, provider) in providers {
            told += &format!("{name} listens on {}\n", provider.stand_in.url());
        }
        told
    }

    /// Where they are.
    ///
    /// # Errors
    /// None that can happen: a socket's address is one.
    pub fn addresses(&self) -> Result<Addresses, InvalidUri> {
        let key = || AuthData::from_single(KEY);
        let providers = self.providers.iter();
        Ok(Addresses {
            conductor: self.conductor.url().parse()?,
            content: self.content.url().parse()?,
            providers: providers.map(|one| (one.api(), key())).collect(),
        })
    }
}

/// A server that can crash, and come back at the same address.
#[derive(Debug)]
pub struct StandIn {
    at: SocketAddr,
    hosted: Option<Hosted>,
    routes: Router,
    /// How it behaves.
    pub switches: Switches,
}

impl StandIn {
    pub(super) async fn start(routes: Router) -> io::Result<Self> {
        let switches = Switches::new();
        let routes = switches.over(routes);
        let hosted = Hosted::start(([127, 0, 0, 1], 0).into(), routes.clone()).await?;
        Ok(Self {
            at: hosted.address(),
            hosted: Some(hosted),
            routes,
            switches,
        })
    }

    /// Where it is, or was.
    pub fn url(&self) -> String {
        format!("http://{}", self.at)
    }

    /// Nobody listens any more. Connections end with the calls on them.
    pub async fn crash(&mut self) {
        if let Some(hosted) = self.hosted.take() {
            hosted.end().await;
        }
    }

    /// It is back.
    ///
    /// # Errors
    /// Somebody has its address.
    pub async fn come_back(&mut self) -> io::Result<()> {
        self.hosted = Some(Hosted::start(self.at, self.routes.clone()).await?);
        Ok(())
    }
}

async fn pipeline(Path(batch): Path<String>) -> Response {
    if batch.starts_with("unknown") {
        return not_there();
    }
    let steps = ["spell_check", "readability", "assessment"];
    Json(json!({ "batch_id": batch, "steps": steps })).into_response()
}

async fn essay(Path(essay): Path<String>) -> Response {
    if essay.starts_with("unknown") {
        return not_there();
    }
    let text = match essay.starts_with("long") {
        true => "word ".repeat(50_000),
        false => format!("I will recieve the prize for {essay}, untill it is to late."),
    };
    Json(json!({ "id": essay, "text": text })).into_response()
}

fn not_there() -> Response {
    (
        StatusCode::NOT_FOUND,
        Json(json!({ "detail": "not there" })),
    )
        .into_response()
}
