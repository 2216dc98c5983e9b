//! What an operator can do to a circuit. Each action is logged with who, what and why.

use std::str::FromStr;
use std::time::Duration;

use axum::Json;
use axum::extract::Request;
use fusebox::{Author, HoldKind, HoldRequest, State};
use serde::Deserialize;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::body;
use crate::circuits::Named;
use crate::desk::Desk;
use crate::problem::Problem;
use crate::view;

/// Whoever reaches the loopback listener; there are no accounts to tell apart.
pub(crate) const AUTHOR: &str = "local";
/// Reasons are kept, shown and logged; a sentence or two is enough.
const REASON_CHARS_MAX: usize = 1000;

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(force_state))
        .routes(routes!(hold, release))
        .routes(routes!(reset))
}

pub(crate) type Answer = Result<Json<Value>, Problem>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with a state")]
struct ForceState {
    state: String,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetHold {
    kind: String,
    reason: String,
    #[serde(rename = "for")]
    lasts: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Because {
    reason: Option<String>,
}

#[utoipa::path(post, path = "/api/v1/circuit-breakers/{name}/force-state", responses((status = 200)))]
/// One move of the machine (R16): `{"state": "open", "reason"?}`, or the bare word `"open"`.
pub(crate) async fn force_state(Named(entry): Named, request: Request) -> Answer {
    let bytes = body::json_bytes(request).await?;
    let asked = if bytes.trim_ascii_start().starts_with(b"\"") {
        ForceState {
            state: body::parse(&bytes)?,
            reason: None,
        }
    } else {
        body::parse::<ForceState>(&bytes)?
    };
    let to = word::<State>(
        "state",
        &asked.state,
        "open, closed, half-open or half_open",
    )?;
    let reason = checked(asked.reason)?;
    let author = Author::new(AUTHOR);
    let moved = entry.circuit.transition(to, &author);
    // Refused under observe, which never rejects.
    moved.map_err(|refused| Problem::conflict(refused.to_string()))?;
    log(
        "force-state",
        entry.circuit.name(),
        to.as_str(),
        reason.as_deref(),
    );
    Ok(Json(view::circuit(&entry)))
}

#[utoipa::path(post, path = "/api/v1/circuit-breakers/{name}/hold", responses((status = 200)))]
/// Sets a hold: `{"kind", "reason", "for"?}`.
pub(crate) async fn hold(Named(entry): Named, request: Request) -> Answer {
    let asked: SetHold = body::json(request).await?;
    let kind = word::<HoldKind>("kind", &asked.kind, "forced_open, disabled or observe")?;
    let Some(reason) = checked(Some(asked.reason))? else {
        return Err(Problem::invalid(
            "reason: say why, so that the hold can be ended by others",
        ));
    };
    let for_ = asked.lasts.as_deref().map(lasting).transpose()?;
    let what = match for_ {
        Some(lasts) => format!("{} for {}", kind.as_str(), fusebox::duration::format(lasts)),
        None => kind.as_str().to_owned(),
    };
    log("hold", entry.circuit.name(), &what, Some(&reason));
    entry.circuit.hold(HoldRequest {
        kind,
        reason,
        author: Author::new(AUTHOR),
        for_,
    });
    Ok(Json(view::circuit(&entry)))
}

#[utoipa::path(delete, path = "/api/v1/circuit-breakers/{name}/hold", responses((status = 200)))]
/// Ends the hold; to end none is no error.
pub(crate) async fn release(Named(entry): Named, request: Request) -> Answer {
    let reason = because(request).await?;
    let was_held = entry.circuit.release(&Author::new(AUTHOR));
    let what = if was_held { "released" } else { "was not held" };
    log("release", entry.circuit.name(), what, reason.as_deref());
    Ok(Json(view::circuit(&entry)))
}

#[utoipa::path(post, path = "/api/v1/circuit-breakers/{name}/reset", responses((status = 200)))]
/// Closes the circuit and forgets its backoff; a hold stays.
pub(crate) async fn reset(Named(entry): Named, request: Request) -> Answer {
    let reason = because(request).await?;
    entry.circuit.reset(&Author::new(AUTHOR));
    log("reset", entry.circuit.name(), "closed", reason.as_deref());
    Ok(Json(view::circuit(&entry)))
}

async fn because(request: Request) -> Result<Option<String>, Problem> {
    let asked: Option<Because> = body::json_or_nothing(request).await?;
    checked(asked.unwrap_or_default().reason)
}

pub(crate) fn word<T: FromStr>(field: &str, text: &str, allowed: &str) -> Result<T, Problem> {
    text.parse()
        .map_err(|_| Problem::invalid(format!("{field}: {text:?} is not {allowed}")))
}

fn lasting(text: &str) -> Result<Duration, Problem> {
    let lasts = fusebox::duration::parse(text)
        .map_err(|error| Problem::invalid(format!("for: {text:?}: {error}")))?;
    if lasts.is_zero() {
        return Err(Problem::invalid("for: must be longer than 0"));
    }
    Ok(lasts)
}

/// A reason without the blanks around it; an empty one is none.
pub(crate) fn checked(reason: Option<String>) -> Result<Option<String>, Problem> {
    let Some(reason) = reason else {
        return Ok(None);
    };
    let reason = reason.trim();
    if reason.chars().count() > REASON_CHARS_MAX {
        return Err(Problem::invalid(format!(
            "reason: at most {REASON_CHARS_MAX} characters"
        )));
    }
    // It is shown on terminals and in logs, where a control character could pose as something else.
    if reason.chars().any(char::is_control) {
        return Err(Problem::invalid("reason: one line, no control characters"));
    }
    Ok((!reason.is_empty()).then(|| reason.to_owned()))
}

fn log(action: &str, circuit: &str, what: &str, reason: Option<&str>) {
    tracing::info!(
        author = AUTHOR,
        action,
        circuit,
        what,
        reason,
        "an operator acted"
    );
}
