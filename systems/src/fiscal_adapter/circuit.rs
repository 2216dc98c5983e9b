//! The circuit to the OFD: its definition, its state as the team reads it, and its control.

use std::time::SystemTime;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State as Shared};
use fusebox::{Author, BranchSettings, CircuitBreaker, Definition};
use fusebox::{Registry, RegistryError, Snapshot, State, Tick};
use fusebox_store::rfc3339;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Desk, Settings};
use crate::problem::Problem;

pub(super) fn define(
    registry: &Registry,
    settings: &Settings,
) -> Result<&'static CircuitBreaker, RegistryError> {
    let mut ofd = Definition::new("ofd").settings(settings.breaker.clone());
    ofd = ofd.timeout(settings.ofd_timeout).priority(1);
    if settings.is_per_terminal {
        ofd = ofd.branches(BranchSettings::default());
    }
    registry.add(ofd)
}

/// A circuit as the team reads it.
pub(super) fn view(seen: &Snapshot) -> Value {
    let now = SystemTime::now();
    let date = |at: Tick| rfc3339(now - seen.taken_at.saturating_since(at));
    json!({
        "state": match seen.effective_state() {
            State::Closed => "CLOSED",
            State::Open => "OPEN",
            State::HalfOpen => "HALF_OPEN",
        },
        "failure_count": seen.failures_in_row,
        "success_count": seen.totals.success,
        "state_changes": seen.transitions,
        "last_failure": seen.last_failure.map(date),
        "last_state_change": date(seen.since),
    })
}

/// `GET /v1/circuit`, and `GET /v1/circuits/{pos_id}`.
pub(super) async fn show(Shared(desk): Shared<Desk>, pos_id: Option<Path<String>>) -> Answer {
    let seen = match &pos_id {
        Some(Path(pos_id)) => desk.circuit.branch(pos_id),
        None => Some(desk.circuit.snapshot()),
    };
    let unknown = "one circuit for all (OFD_CIRCUIT_PER_TERMINAL), or nothing was sent for it yet";
    let seen = seen.ok_or_else(|| Problem::new(404, "No circuit of this terminal", unknown))?;
    Ok(Json(view(&seen)))
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
) -> Answer {
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
    if let Err(error) = desk.kept.keeper.flushed().await {
        tracing::warn!(%error, "a control of the circuit is in force, but not kept yet");
    }
    show(Shared(desk), pos_id).await
}
