//! The audit log, read and checked.

use axum::Json;
use axum::extract::State;
use fusebox_store::{AuditEntry, AuditQuery};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::desk::Desk;
use crate::events::{come, keeper};
use crate::paging::Query;
use crate::problem::Problem;

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(verify))
}

/// Entries, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Entries {
    #[schema(value_type = Vec<Entry>)]
    entries: Vec<AuditEntry>,
    /// The cursor of the next page; null: this is the last.
    #[schema(required)]
    next: Option<String>,
}

/// One action.
#[derive(ToSchema)]
#[schema(as = AuditEntry)]
#[allow(dead_code, reason = "the schema of what the store keeps")]
struct Entry {
    /// Its number: the first is 1, and each next one is larger by 1.
    id: u64,
    #[schema(format = DateTime)]
    at: String,
    /// The name of a token, `local`, or `anonymous` where nobody was let in.
    who: String,
    /// `viewer`, `operator`, `admin`, or `none`.
    role: String,
    /// The peer's address.
    from: String,
    action: String,
    /// A circuit, a circuit and a key, or `main`.
    target: String,
    /// The reason that was given.
    #[schema(required)]
    why: Option<String>,
    before: Value,
    /// What is in force after; where the action was refused, why, and what was asked.
    after: Value,
    /// The status that it was answered with; 499: the client did not wait.
    answer: u16,
    request_id: String,
    /// SHA-256 over the entry and the hash before it, in hex.
    hash: String,
}

/// Who did what, the newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", operation_id = "audit",
    params(
        ("who" = Option<String>, Query, description = "only of this person or program"),
        ("target" = Option<String>, Query, description = "only on this"),
        ("action" = Option<String>, Query, description = "only this action"),
        ("limit" = Option<u16>, Query, description = "how many at most; default 100",
            minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before",
            pattern = "^[0-9]{1,18}$"),
    ),
    responses(
        (status = 200, description = "a page of entries", body = Entries),
        (status = 503, description = "the store cannot be read now"),
    ))]
async fn list(State(desk): State<Desk>, query: Query) -> Result<Json<Entries>, Problem> {
    let query = query.only(&["who", "target", "action", "limit", "cursor"])?;
    let text = |name| Ok::<_, Problem>(query.one(name)?.map(str::to_owned));
    let asked = AuditQuery {
        who: text("who")?,
        target: text("target")?,
        action: text("action")?,
        before: query.cursor()?,
        limit: query.limit()?,
    };
    let page = come(keeper(&desk)?.audit(asked)).await?;
    Ok(Json(Entries {
        entries: page.items,
        next: page.next.map(|id| id.to_string()),
    }))
}

/// What a check of the log found.
#[derive(Serialize, ToSchema)]
pub(crate) struct Checked {
    /// Whether nothing was changed, left out or put in.
    holds: bool,
    /// How many entries there are.
    entries: u64,
    /// The number of the oldest one.
    #[schema(required)]
    first: Option<u64>,
    /// The hash of the newest one. Kept elsewhere, it shows later that nobody wrote the log anew.
    newest_hash: String,
    /// The oldest place where the chain does not hold.
    #[schema(required)]
    broken: Option<Broken>,
}

/// Where and how the chain does not hold.
#[derive(Serialize, ToSchema)]
pub(crate) struct Broken {
    /// The number of the entry.
    id: u64,
    why: &'static str,
}

/// Check the log: each entry's hash covers the entry and the hash before it.
#[utoipa::path(get, path = "/api/v1/audit/verify", tag = "audit", operation_id = "verify_audit",
    responses(
        (status = 200, description = "whether the chain holds", body = Checked),
        (status = 503, description = "the store cannot be read now"),
    ))]
async fn verify(State(desk): State<Desk>) -> Result<Json<Checked>, Problem> {
    let check = come(keeper(&desk)?.verify_audit()).await?;
    Ok(Json(Checked {
        holds: check.holds(),
        entries: check.entries,
        first: check.first,
        newest_hash: check.newest_hash,
        broken: check.broken.map(|at| Broken {
            id: at.id,
            why: at.why,
        }),
    }))
}
