//! Pausing and resuming.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use fusebox_queue::{PauseError, Queues, Scope};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::look::named;
use super::view::PauseView;
use super::{Name, away, mounted};
use crate::access::Caller;
use crate::actions::{Answer, checked};
use crate::audit::Told;
use crate::body;
use crate::desk::Desk;
use crate::problem::Problem;

/// In place of a queue's name: all of them.
const EVERYTHING: &str = "*";

/// A pause to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with a reason")]
pub(crate) struct PauseQueue {
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
    /// Only this group of the queue.
    group: Option<String>,
}

/// A pause to be ended.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct ResumeQueue {
    /// Only if it is the pause with this epoch; default whichever it is.
    epoch: Option<u64>,
    #[schema(max_length = 1000)]
    reason: Option<String>,
    /// Only this group of the queue.
    group: Option<String>,
}

/// Pause a queue or a group of it: nothing that waits in it is sent any more. What is being sent
/// goes on to its end, and calls that the circuit admits still pass: only a hold keeps those.
#[utoipa::path(post, path = "/api/v1/queues/{queue}/pause", tag = "queues",
    operation_id = "pause_queue",
    params(("queue" = String, Path, description = "its name; `*`: every queue")),
    request_body(content = PauseQueue),
    responses(
        (status = 200, description = "the pause", body = PauseView),
        (status = 503, description = "the queues cannot be used now"),
    ))]
pub(crate) async fn pause(State(desk): State<Desk>, Name(name): Name, request: Request) -> Answer {
    let caller = Caller::of(request.extensions())?.clone();
    let queues = mounted(&desk)?;
    known(&queues, &name, &caller).await?;
    let asked: PauseQueue = body::json(request).await?;
    let Some(reason) = checked(Some(asked.reason))? else {
        let detail = "reason: say why, so that others can end the pause";
        return Err(Problem::invalid(detail));
    };
    let scope = scope(name, asked.group)?;
    let paused = queues.pause(scope, &reason, caller.author().as_str()).await;
    let pause = paused.map_err(|error| away(&error))?;
    Ok(told(&PauseView::of(&pause)))
}

/// End the pause of a queue or of a group. Of what runs again already it is no error; of what was
/// never paused it is a conflict.
#[utoipa::path(post, path = "/api/v1/queues/{queue}/resume", tag = "queues",
    operation_id = "resume_queue",
    params(("queue" = String, Path, description = "its name; `*`: every queue")),
    request_body(content = Option<ResumeQueue>),
    responses(
        (status = 200, description = "the pause, ended", body = PauseView),
        (status = 409, description = "it was paused anew (another epoch), or never"),
        (status = 503, description = "the queues cannot be used now"),
    ))]
pub(crate) async fn resume(State(desk): State<Desk>, Name(name): Name, request: Request) -> Answer {
    let caller = Caller::of(request.extensions())?.clone();
    let queues = mounted(&desk)?;
    known(&queues, &name, &caller).await?;
    let asked: Option<ResumeQueue> = body::json_or_nothing(request).await?;
    let asked = asked.unwrap_or_default();
    let reason = checked(asked.reason)?.unwrap_or_default();
    let scope = scope(name, asked.group)?;
    let resumed = queues
        .resume(scope, asked.epoch, &reason, caller.author().as_str())
        .await;
    match resumed {
        Ok(pause) => Ok(told(&PauseView::of(&pause))),
        Err(PauseError::Queue(error)) => Err(away(&error)),
        Err(stale) => Err(Problem::conflict(stale.to_string())),
    }
}

/// Only a queue that there is: a slip of the pen would pause nothing.
async fn known(queues: &Queues, name: &str, caller: &Caller) -> Result<(), Problem> {
    match name {
        EVERYTHING => Ok(()),
        name => named(queues, name, caller).await.map(drop),
    }
}

fn scope(queue: String, group: Option<String>) -> Result<Scope, Problem> {
    match (&*queue, group) {
        (EVERYTHING, None) => Ok(Scope::Everything),
        (EVERYTHING, Some(_)) => {
            let detail = "group: everything has none; name its queue";
            Err(Problem::invalid(detail))
        }
        (_, Some(group)) => Ok(Scope::Group(queue, group)),
        (_, None) => Ok(Scope::Queue(queue)),
    }
}

fn told(pause: &PauseView) -> Response {
    let mut response = Json(pause).into_response();
    let after = json!(pause);
    response.extensions_mut().insert(Told { after });
    response
}
