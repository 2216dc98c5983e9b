//! Looking at queues and messages.

use axum::Json;
use axum::extract::State;
use fusebox_queue::{Depth, MessageId, Query as Which, Queues, Scope};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::{Message, PauseView, Queue};
use super::{Id, Name, away, found, mounted, unknown_queue};
use crate::access::{Caller, Role};
use crate::desk::Desk;
use crate::paging::Query;
use crate::problem::Problem;

/// Queues, by name.
#[derive(Serialize, ToSchema)]
pub(crate) struct AllQueues {
    queues: Vec<Queue>,
    /// Always null: the list comes whole.
    #[schema(required)]
    next: Option<String>,
}

/// A page of messages, in the order of their pushing.
#[derive(Serialize, ToSchema)]
pub(crate) struct Messages {
    pub(super) messages: Vec<Message>,
    /// The cursor of the next page; null: this is the last.
    #[schema(required)]
    pub(super) next: Option<String>,
}

/// Pauses of a queue, of its groups, and of everything.
#[derive(Serialize, ToSchema)]
pub(crate) struct Pauses {
    pauses: Vec<PauseView>,
}

/// Every queue that the caller may see.
#[utoipa::path(get, path = "/api/v1/queues", tag = "queues", operation_id = "queues",
    responses(
        (status = 200, description = "by name", body = AllQueues),
        (status = 404, description = "this service has no queues"),
        (status = 503, description = "the queues cannot be read now"),
    ))]
pub(crate) async fn all(
    State(desk): State<Desk>,
    caller: Caller,
) -> Result<Json<AllQueues>, Problem> {
    let queues = shown(&mounted(&desk)?, |name| caller.sees(name)).await?;
    Ok(Json(AllQueues { queues, next: None }))
}

/// One queue.
#[utoipa::path(get, path = "/api/v1/queues/{queue}", tag = "queues", operation_id = "queue",
    params(("queue" = String, Path, description = "its name")),
    responses(
        (status = 200, description = "the queue", body = Queue),
        (status = 503, description = "the queues cannot be read now"),
    ))]
pub(crate) async fn one(
    State(desk): State<Desk>,
    caller: Caller,
    Name(name): Name,
) -> Result<Json<Queue>, Problem> {
    named(&mounted(&desk)?, &name, &caller).await.map(Json)
}

/// What waits in a queue or is being sent.
#[utoipa::path(get, path = "/api/v1/queues/{queue}/messages", tag = "queues",
    operation_id = "messages_of_queue",
    params(
        ("queue" = String, Path, description = "its name"),
        ("key" = Option<String>, Query, description = "only of this key"),
        ("group" = Option<String>, Query, description = "only of this group"),
        ("limit" = Option<u16>, Query, description = "how many at most; default 100",
            minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "a page of messages", body = Messages),
        (status = 503, description = "the queues cannot be read now"),
    ))]
pub(crate) async fn messages(
    State(desk): State<Desk>,
    caller: Caller,
    Name(name): Name,
    query: Query,
) -> Result<Json<Messages>, Problem> {
    let queues = mounted(&desk)?;
    let query = query.only(&["key", "group", "limit", "cursor"])?;
    named(&queues, &name, &caller).await?;
    let which = Which {
        queue: Some(name),
        key: query.one("key")?.map(str::to_owned),
        group: query.one("group")?.map(str::to_owned),
        dead: false,
        after: cursor(&query)?,
        limit: query.limit()?,
    };
    page(&queues, which).await.map(Json)
}

/// What of a queue is or was paused.
#[utoipa::path(get, path = "/api/v1/queues/{queue}/pauses", tag = "queues",
    operation_id = "pauses_of_queue",
    params(("queue" = String, Path, description = "its name")),
    responses(
        (status = 200, description = "everything, the queue, its groups", body = Pauses),
        (status = 503, description = "the queues cannot be read now"),
    ))]
pub(crate) async fn pauses(
    State(desk): State<Desk>,
    caller: Caller,
    Name(name): Name,
) -> Result<Json<Pauses>, Problem> {
    let queues = mounted(&desk)?;
    named(&queues, &name, &caller).await?;
    let pauses = queues.pauses().await;
    let pauses = pauses.map_err(|error| away(&error))?;
    let of_queue = pauses.iter().filter(|pause| match &pause.scope {
        Scope::Everything => true,
        Scope::Queue(queue) | Scope::Group(queue, _) => *queue == name,
    });
    let pauses = of_queue.map(PauseView::of).collect();
    Ok(Json(Pauses { pauses }))
}

/// One message, waiting, dead or delivered, with all that is known of it.
#[utoipa::path(get, path = "/api/v1/messages/{id}", tag = "queues", operation_id = "message",
    params(("id" = String, Path, description = "its id")),
    responses(
        (status = 200, description = "the message", body = Message),
        (status = 503, description = "the queues cannot be read now"),
    ))]
pub(crate) async fn message(
    State(desk): State<Desk>,
    caller: Caller,
    Id(id): Id,
) -> Result<Json<Message>, Problem> {
    let record = found(&desk, &caller, Role::Viewer, id).await?;
    Ok(Json(Message::whole(&record)))
}

/// The queue of that name as it is now. Where there is none, the error names those that the caller
/// sees.
pub(super) async fn named(queues: &Queues, name: &str, caller: &Caller) -> Result<Queue, Problem> {
    let seen = shown(queues, |found| caller.sees(found)).await?;
    let known: Vec<String> = seen.iter().map(|queue| queue.name().to_owned()).collect();
    let mut seen = seen.into_iter();
    seen.find(|queue| queue.name() == name)
        .ok_or_else(|| unknown_queue(name, &known))
}

async fn shown(queues: &Queues, wanted: impl Fn(&str) -> bool) -> Result<Vec<Queue>, Problem> {
    let mut depths = queues.depths().await.map_err(|error| away(&error))?;
    // Those that nothing was ever pushed into are there, too.
    for queue in queues.list() {
        if depths.iter().all(|depth| depth.queue != **queue.name()) {
            depths.push(Depth {
                queue: queue.name().to_string(),
                ..Depth::default()
            });
        }
    }
    depths.sort_by(|one, other| one.queue.cmp(&other.queue));
    let pauses = queues.pauses().await.map_err(|error| away(&error))?;
    let depths = depths.into_iter().filter(|depth| wanted(&depth.queue));
    let shown = depths.map(|depth| {
        let settings = queues.find(&depth.queue).map(|queue| queue.settings());
        Queue::of(depth, settings.as_deref(), &pauses)
    });
    Ok(shown.collect())
}

pub(super) async fn page(queues: &Queues, which: Which) -> Result<Messages, Problem> {
    let page = queues.messages(which).await;
    let page = page.map_err(|error| away(&error))?;
    Ok(Messages {
        messages: page.items.iter().map(Message::of).collect(),
        next: page.next.map(|id| id.to_string()),
    })
}

/// Where the page before ended.
pub(super) fn cursor(query: &Query) -> Result<Option<MessageId>, Problem> {
    let Some(text) = query.one("cursor")? else {
        return Ok(None);
    };
    let unknown = |_| Problem::invalid("cursor: it is none that a page told");
    text.parse().map(Some).map_err(unknown)
}
