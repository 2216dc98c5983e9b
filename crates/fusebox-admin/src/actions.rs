//! What an operator can do to a circuit or a branch. The guard writes down each action.

use std::str::FromStr;
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use fusebox::{Author, HoldKind, HoldRequest, State};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::body;
use crate::desk::Desk;
use crate::named::Named;
use crate::problem::Problem;
use crate::target::Target;
use crate::view::{Circuit, HoldWord};

/// Reasons are kept, shown and logged; a sentence or two is enough.
const REASON_CHARS_MAX: usize = 1000;

pub(crate) type Answer = Result<Response, Problem>;

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(force_state))
        .routes(routes!(hold, release))
        .routes(routes!(reset))
}

/// One move of the machine.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with a state")]
pub(crate) struct ForceState {
    #[schema(value_type = ForcedWord)]
    state: String,
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

/// A state to be moved to.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "the schema of the words that are read")]
pub(crate) enum ForcedWord {
    Closed,
    Open,
    HalfOpen,
    #[serde(rename = "half-open")]
    HalfOpenWithHyphen,
}

/// The same, with or without an object around it.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "the schema of what is read by hand")]
pub(crate) enum ForceStateBody {
    Object(ForceState),
    Word(ForcedWord),
}

/// A hold to be set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetHold {
    #[schema(value_type = HoldWord)]
    kind: String,
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
    /// When it ends by itself, as `30m`; default never.
    #[serde(rename = "for")]
    lasts: Option<String>,
}

/// Why, where that is all there is to say.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct Because {
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

/// Move the machine once (R16).
///
/// Never a hold: the breaker goes on from there by itself. To the state it is in changes nothing.
#[utoipa::path(post, path = "/api/v1/circuit-breakers/{name}/force-state", tag = "actions",
    params(("name" = String, Path, description = "the circuit")),
    request_body(content = ForceStateBody),
    responses(
        (status = 200, description = "the circuit, moved", body = Circuit),
        (status = 409, description = "under observe it can only be closed"),
    ))]
pub(crate) async fn force_state(named: Named, request: Request) -> Answer {
    move_once(named.into(), request).await
}

/// Set a hold (R15). It takes the place of another.
#[utoipa::path(post, path = "/api/v1/circuit-breakers/{name}/hold", tag = "actions",
    params(("name" = String, Path, description = "the circuit")),
    request_body(content = SetHold),
    responses((status = 200, description = "the circuit, held", body = Circuit)))]
pub(crate) async fn hold(named: Named, request: Request) -> Answer {
    set_hold(named.into(), request).await
}

/// End the hold. To end none is no error.
#[utoipa::path(delete, path = "/api/v1/circuit-breakers/{name}/hold", tag = "actions",
    params(("name" = String, Path, description = "the circuit")),
    request_body(content = Option<Because>),
    responses((status = 200, description = "the circuit, held by nobody", body = Circuit)))]
pub(crate) async fn release(named: Named, request: Request) -> Answer {
    end_hold(named.into(), request).await
}

/// Close the circuit and forget its backoff. A hold stays.
#[utoipa::path(post, path = "/api/v1/circuit-breakers/{name}/reset", tag = "actions",
    params(("name" = String, Path, description = "the circuit")),
    request_body(content = Option<Because>),
    responses((status = 200, description = "the circuit, closed", body = Circuit)))]
pub(crate) async fn reset(named: Named, request: Request) -> Answer {
    close_anew(named.into(), request).await
}

/// `{"state": "open", "reason"?}`, or the bare word `"open"`.
pub(crate) async fn move_once(target: Target, request: Request) -> Answer {
    let by = Caller::of(request.extensions())?.author();
    let bytes = body::json_bytes(request).await?;
    let asked = if bytes.trim_ascii_start().starts_with(b"\"") {
        ForceState {
            state: body::parse(&bytes)?,
            reason: None,
        }
    } else {
        body::parse::<ForceState>(&bytes)?
    };
    let words = "open, closed, half-open or half_open";
    let to = word::<State>("state", &asked.state, words)?;
    checked(asked.reason)?;
    target.transition(to, &by)?;
    target.answer()
}

/// `{"kind", "reason", "for"?}`.
pub(crate) async fn set_hold(target: Target, request: Request) -> Answer {
    let by = Caller::of(request.extensions())?.author();
    let asked: SetHold = body::json(request).await?;
    let kind = word::<HoldKind>("kind", &asked.kind, "forced_open, disabled or observe")?;
    let Some(reason) = checked(Some(asked.reason))? else {
        return Err(Problem::invalid(
            "reason: say why, so that the hold can be ended by others",
        ));
    };
    let for_ = asked.lasts.as_deref().map(lasting).transpose()?;
    target.hold(HoldRequest {
        kind,
        reason,
        author: by,
        for_,
    })?;
    target.answer()
}

/// `{"reason"?}` or nothing.
pub(crate) async fn end_hold(target: Target, request: Request) -> Answer {
    let by = because(request).await?;
    let target = target.known()?;
    target.release(&by);
    target.answer()
}

/// `{"reason"?}` or nothing.
pub(crate) async fn close_anew(target: Target, request: Request) -> Answer {
    let by = because(request).await?;
    let target = target.known()?;
    target.reset(&by);
    target.answer()
}

/// Reads the reason, which is for the audit log only, and tells who gives it.
pub(crate) async fn because(request: Request) -> Result<Author, Problem> {
    let by = Caller::of(request.extensions())?.author();
    let asked: Option<Because> = body::json_or_nothing(request).await?;
    checked(asked.unwrap_or_default().reason)?;
    Ok(by)
}

pub(crate) fn word<T: FromStr>(field: &str, text: &str, allowed: &str) -> Result<T, Problem> {
    text.parse()
        .map_err(|_| Problem::invalid(format!("{field}: {text:?} is not {allowed}")))
}

/// How long something is to last, more than 0.
pub(crate) fn lasting(text: &str) -> Result<Duration, Problem> {
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
