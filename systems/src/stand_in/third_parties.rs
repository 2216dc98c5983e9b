//! Stand-ins for the paid APIs that campaigns call. Each knows a repeat by its `Idempotency-Key`
//! and answers it with its first answer, so that the work of a job is done, and paid, once.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::uri::InvalidUri;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use serde_json::{Value, json};

use super::switches::Switches;
use crate::campaign_queue::Apis;
use crate::hosting::Hosted;

/// All of them.
#[derive(Debug)]
pub struct ThirdParties {
    /// Finds people.
    pub apollo: ThirdParty,
    /// Answers questions.
    pub perplexity: ThirdParty,
}

impl ThirdParties {
    /// Starts them on ports that the system chooses.
    ///
    /// # Errors
    /// No port can be listened on.
    pub async fn start() -> io::Result<Self> {
        Ok(Self {
            apollo: ThirdParty::start().await?,
            perplexity: ThirdParty::start().await?,
        })
    }

    /// Where they are, a line for each.
    pub fn told(&self) -> String {
        let (apollo, perplexity) = (self.apollo.hosted.url(), self.perplexity.hosted.url());
        format!("apollo listens on {apollo}\nperplexity listens on {perplexity}\n")
    }

    /// Where they are.
    ///
    /// # Errors
    /// None that can happen: a socket's address is one.
    pub fn apis(&self) -> Result<Apis, InvalidUri> {
        let apollo = self.apollo.hosted.url().parse()?;
        let perplexity = self.perplexity.hosted.url().parse()?;
        let apis = [("apollo", apollo), ("perplexity", perplexity)];
        Ok(Apis(apis.into()))
    }
}

/// `POST /jobs`, and `GET /done`: what was done.
#[derive(Debug)]
pub struct ThirdParty {
    hosted: Hosted,
    /// How it behaves.
    pub switches: Switches,
    work: Arc<Work>,
}

#[derive(Debug, Default)]
struct Work(Mutex<Done>);

/// What a third party has done.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Done {
    /// The jobs that it did, in order, each once.
    pub jobs: Vec<String>,
    /// Calls for a job that was done already.
    pub repeats: u64,
    #[serde(skip)]
    answers: BTreeMap<String, (Bytes, Value)>,
}

impl Work {
    fn lock(&self) -> MutexGuard<'_, Done> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ThirdParty {
    async fn start() -> io::Result<Self> {
        let (switches, work) = (Switches::new(), Arc::<Work>::default());
        let routes = Router::new()
            .route("/jobs", post(work_on))
            .route("/done", get(show))
            .with_state(Arc::clone(&work));
        let listen = ([127, 0, 0, 1], 0).into();
        Ok(Self {
            hosted: Hosted::start(listen, switches.over(routes)).await?,
            switches,
            work,
        })
    }

    /// What it has done.
    pub fn done(&self) -> Done {
        self.work.lock().clone()
    }
}

async fn work_on(State(work): State<Arc<Work>>, headers: HeaderMap, body: Bytes) -> Response {
    let key = headers
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok());
    let Some(key) = key else {
        return told(StatusCode::BAD_REQUEST, "no Idempotency-Key");
    };
    let Ok(asked) = serde_json::from_slice::<Value>(&body) else {
        return told(StatusCode::BAD_REQUEST, "no JSON");
    };
    let mut done = work.lock();
    if let Some((first, answer)) = done.answers.get(key) {
        if *first != body {
            return told(StatusCode::CONFLICT, "another job has this Idempotency-Key");
        }
        let answer = answer.clone();
        done.repeats += 1;
        return Json(answer).into_response();
    }
    done.jobs.push(key.to_owned());
    let answer = json!({ "lead": asked["lead"], "score": 100 - done.jobs.len() % 100 });
    done.answers.insert(key.to_owned(), (body, answer.clone()));
    Json(answer).into_response()
}

async fn show(State(work): State<Arc<Work>>) -> Json<Done> {
    Json(work.lock().clone())
}

fn told(status: StatusCode, detail: &str) -> Response {
    (status, Json(json!({ "detail": detail }))).into_response()
}
