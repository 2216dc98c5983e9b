//! The circuit to the OFD: its definition, its state as the team reads it, and its control.

use std::time::{Duration, SystemTime};

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State as Shared};
use fusebox::{Author, BranchSettings, CircuitBreaker, Definition, Registry, Snapshot, State};
use fusebox_store::rfc3339;
use serde::Deserialize;
use serde_json::{Value, json};

use super::failures::Failed;
use super::{Desk, Settings};
use crate::problem::Problem;

/// How long a control waits until its effect is on the disk.
const KEPT_WITHIN: Duration = Duration::from_secs(5);

pub(super) fn define(
    registry: &Registry,
    settings: &Settings,
) -> Result<&'static CircuitBreaker, fusebox::RegistryError> {
    let mut ofd = Definition::new("ofd").settings(settings.breaker.clone());
    ofd = ofd.timeout(settings.ofd_timeout).priority(1);
    if settings.is_per_terminal {
        ofd = ofd.branches(BranchSettings::default());
    }
    registry.add(ofd)
}

/// A circuit as the team reads it.
pub(super) fn view(seen: &Snapshot, failed: Failed) -> Value {
    let in_state = seen.taken_at.saturating_since(seen.since);
    json!({
        "state": match seen.effective_state() {
            State::Closed => "CLOSED",
            State::Open => "OPEN",
            State::HalfOpen => "HALF_OPEN",
        },
        "failure_count": failed.in_a_row,
        "success_count": seen.totals.success,
        "state_changes": seen.transitions,
        "last_failure": failed.last.map(rfc3339),
        "last_state_change": rfc3339(SystemTime::now() - in_state),
    })
}

/// `GET /v1/circuit`, and `GET /v1/circuits/{pos_id}`.
pub(super) async fn show(
    Shared(desk): Shared<Desk>,
    pos_id: Option<Path<String>>,
) -> Result<Json<Value>, Problem> {
    let Some(Path(pos_id)) = pos_id else {
        return Ok(Json(desk.circuit()));
    };
    let unknown = "one circuit for all (OFD_CIRCUIT_PER_TERMINAL), or nothing was sent for it yet";
    let seen = desk.circuit.branch(&pos_id);
    let seen = seen.ok_or_else(|| Problem::new(404, "No circuit of this terminal", unknown))?;
    Ok(Json(view(&seen, desk.failures.of(&pos_id))))
}

/// What a person may do to a circuit. Holds, with reason and end, are the admin interface's.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(super) enum Control {
    /// Closes, and clears failure count and last failure.
    Reset,
    Close,
    Open,
    HalfOpen,
}

/// `POST /v1/circuit`, and `POST /v1/circuits/{pos_id}`.
pub(super) async fn control(
    Shared(desk): Shared<Desk>,
    pos_id: Option<Path<String>>,
    control: Result<Json<Control>, JsonRejection>,
) -> Result<Json<Value>, Problem> {
    let to = match control?.0 {
        Control::Reset => None,
        Control::Close => Some(State::Closed),
        Control::Open => Some(State::Open),
        Control::HalfOpen => Some(State::HalfOpen),
    };
    let (ofd, by) = (desk.circuit, Author::new("operator"));
    let done = match (&pos_id, to) {
        (Some(Path(pos_id)), Some(to)) => ofd.transition_branch(pos_id, to, &by),
        (Some(Path(pos_id)), None) => Ok(ofd.reset_branch(pos_id, &by)),
        (None, Some(to)) => ofd.transition(to, &by),
        (None, None) => {
            ofd.reset(&by);
            Ok(true)
        }
    };
    done.map_err(|held| Problem::new(409, "The circuit is held", held.to_string()))?;
    // It survives a crash that follows; a store that is away hinders nobody.
    let kept = tokio::time::timeout(KEPT_WITHIN, desk.keeper.flushed()).await;
    if !matches!(kept, Ok(Ok(()))) {
        tracing::warn!("a control of the circuit is in force, but not kept yet");
    }
    show(Shared(desk), pos_id).await
}
