//! Dead letters: looked at, retried, discarded.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use fusebox_queue::{MessageId, MessageState, Query as Which, Selection};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::look::{Messages, cursor, named, page};
use super::view::Message;
use super::{Id, away, found, mounted, no_dead_letter};
use crate::access::{Caller, Role};
use crate::actions::{Answer, because, checked};
use crate::audit::Told;
use crate::body;
use crate::desk::Desk;
use crate::paging::Query;
use crate::problem::Problem;

/// What is done to many in one request at most.
const MANY_MAX: usize = 10_000;
const MANY: usize = 1000;

/// Which dead letters.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with a queue")]
pub(crate) struct Many {
    queue: String,
    /// Only of this key.
    key: Option<String>,
    /// The oldest so many; default 1,000.
    #[schema(minimum = 1, maximum = 10_000)]
    max: Option<usize>,
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

/// How many there were.
#[derive(Serialize, ToSchema)]
pub(crate) struct Changed {
    changed: u64,
}

#[derive(Clone, Copy)]
enum Act {
    Retry,
    Discard,
}

/// Dead letters that the caller may see, in the order of their pushing.
#[utoipa::path(get, path = "/api/v1/dead-letters", tag = "dead-letters",
    operation_id = "dead_letters",
    params(
        ("queue" = Option<String>, Query, description = "only of this queue"),
        ("key" = Option<String>, Query, description = "only of this key"),
        ("limit" = Option<u16>, Query, description = "how many at most; default 100",
            minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "a page of dead letters", body = Messages),
        (status = 404, description = "there is no such queue, or none at all"),
        (status = 503, description = "the queues cannot be read now"),
    ))]
pub(crate) async fn all(
    State(desk): State<Desk>,
    caller: Caller,
    query: Query,
) -> Result<Json<Messages>, Problem> {
    let queues = mounted(&desk)?;
    let query = query.only(&["queue", "key", "limit", "cursor"])?;
    let which = Which {
        queue: query.one("queue")?.map(str::to_owned),
        key: query.one("key")?.map(str::to_owned),
        group: None,
        dead: true,
        after: cursor(&query)?,
        limit: query.limit()?,
    };
    if let Some(queue) = &which.queue {
        caller.may(Role::Viewer, queue)?;
        named(&queues, queue, &caller).await?;
    } else if caller.may_all(Role::Viewer).is_err() {
        // Who may see some only has to name one: a page of what is left would be short or long by
        // chance.
        let detail = "queue: name one, for this token does not see them all";
        return Err(Problem::invalid(detail));
    }
    page(&queues, which).await.map(Json)
}

/// One dead letter with its history.
#[utoipa::path(get, path = "/api/v1/dead-letters/{id}", tag = "dead-letters",
    operation_id = "dead_letter",
    params(("id" = String, Path, description = "its id")),
    responses(
        (status = 200, description = "the dead letter", body = Message),
        (status = 503, description = "the queues cannot be read now"),
    ))]
pub(crate) async fn one(
    State(desk): State<Desk>,
    caller: Caller,
    Id(id): Id,
) -> Result<Json<Message>, Problem> {
    let record = found(&desk, &caller, Role::Viewer, id).await?;
    if !is_dead(record.state) {
        return Err(no_dead_letter());
    }
    Ok(Json(Message::whole(&record)))
}

/// Deliver a dead letter after all: it waits again, before all others of its key.
#[utoipa::path(post, path = "/api/v1/dead-letters/{id}/retry", tag = "dead-letters",
    operation_id = "retry_dead_letter",
    params(("id" = String, Path, description = "its id")),
    request_body(content = Option<crate::actions::Because>),
    responses(
        (status = 200, description = "how many", body = Changed),
        (status = 409, description = "its row is damaged; it can only be discarded"),
        (status = 503, description = "the queues cannot be used now"),
    ))]
pub(crate) async fn retry(State(desk): State<Desk>, Id(id): Id, request: Request) -> Answer {
    act_on_one(&desk, id, request, Act::Retry).await
}

/// Throw a dead letter away, for good.
#[utoipa::path(post, path = "/api/v1/dead-letters/{id}/discard", tag = "dead-letters",
    operation_id = "discard_dead_letter",
    params(("id" = String, Path, description = "its id")),
    request_body(content = Option<crate::actions::Because>),
    responses(
        (status = 200, description = "how many", body = Changed),
        (status = 503, description = "the queues cannot be used now"),
    ))]
pub(crate) async fn discard(State(desk): State<Desk>, Id(id): Id, request: Request) -> Answer {
    act_on_one(&desk, id, request, Act::Discard).await
}

/// Deliver many dead letters of a queue after all, the oldest first.
#[utoipa::path(post, path = "/api/v1/dead-letters/retry", tag = "dead-letters",
    operation_id = "retry_dead_letters",
    request_body(content = Many),
    responses(
        (status = 200, description = "how many", body = Changed),
        (status = 404, description = "there is no such queue, or none at all"),
        (status = 503, description = "the queues cannot be used now"),
    ))]
pub(crate) async fn retry_many(State(desk): State<Desk>, request: Request) -> Answer {
    act_on_many(&desk, request, Act::Retry).await
}

/// Throw many dead letters of a queue away, for good, the oldest first.
#[utoipa::path(post, path = "/api/v1/dead-letters/discard", tag = "dead-letters",
    operation_id = "discard_dead_letters",
    request_body(content = Many),
    responses(
        (status = 200, description = "how many", body = Changed),
        (status = 404, description = "there is no such queue, or none at all"),
        (status = 503, description = "the queues cannot be used now"),
    ))]
pub(crate) async fn discard_many(State(desk): State<Desk>, request: Request) -> Answer {
    act_on_many(&desk, request, Act::Discard).await
}

async fn act_on_one(desk: &Desk, id: MessageId, request: Request, act: Act) -> Answer {
    let caller = Caller::of(request.extensions())?.clone();
    because(request).await?;
    let record = found(desk, &caller, Role::Operator, id).await?;
    if !is_dead(record.state) {
        return Err(no_dead_letter());
    }
    let changed = done(desk, Selection::Ids(vec![id]), act).await?;
    if changed == 0 {
        let detail = "its row is damaged, or somebody was quicker; it can only be discarded";
        return Err(Problem::conflict(detail));
    }
    Ok(told(changed, &record.queue))
}

async fn act_on_many(desk: &Desk, request: Request, act: Act) -> Answer {
    let caller = Caller::of(request.extensions())?.clone();
    let asked: Many = body::json(request).await?;
    checked(asked.reason)?;
    let max = asked.max.unwrap_or(MANY);
    if !(1..=MANY_MAX).contains(&max) {
        return Err(Problem::invalid(format!("max: 1 to {MANY_MAX}")));
    }
    let queues = mounted(desk)?;
    caller.may(Role::Operator, &asked.queue)?;
    // A slip of the pen would look like a queue without dead letters.
    named(&queues, &asked.queue, &caller).await?;
    let selection = Selection::Oldest {
        queue: asked.queue.clone(),
        key: asked.key,
        max,
    };
    let changed = done(desk, selection, act).await?;
    Ok(told(changed, &asked.queue))
}

async fn done(desk: &Desk, selection: Selection, act: Act) -> Result<u64, Problem> {
    let queues = mounted(desk)?;
    let changed = match act {
        Act::Retry => queues.retry(selection).await,
        Act::Discard => queues.discard(selection).await,
    };
    changed.map_err(|error| away(&error))
}

fn told(changed: u64, queue: &str) -> Response {
    let mut response = Json(Changed { changed }).into_response();
    let after = json!({ "queue": queue, "changed": changed });
    response.extensions_mut().insert(Told { after });
    response
}

const fn is_dead(state: MessageState) -> bool {
    matches!(state, MessageState::Dead | MessageState::Expired)
}
