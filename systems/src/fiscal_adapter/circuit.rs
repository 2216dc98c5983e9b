//! The circuit to the OFD: its definition, its state as the team reads it, and its control.

use std::time::{Duration, SystemTime};

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State as Shared};
use fusebox::{
    Author, BranchSettings, CircuitBreaker, Definition, Registry, RegistryError, Snapshot, State,
};
use fusebox_store::rfc3339;
use serde::{Deserialize, Serialize};

use super::desk::Desk;
use super::failures::Failed;
use super::problem::Problem;
use super::settings::Settings;

/// How long a control waits until its effect is on the disk.
const KEPT_WITHIN: Duration = Duration::from_secs(5);

pub(super) fn define(
    registry: &Registry,
    settings: &Settings,
) -> Result<&'static CircuitBreaker, RegistryError> {
    let mut ofd = Definition::new("ofd")
        .settings(settings.breaker.clone())
        .timeout(settings.ofd_timeout)
        .priority(1);
    if settings.is_per_terminal {
        ofd = ofd.branches(BranchSettings::default());
    }
    registry.add(ofd)
}

/// A circuit as the team reads it.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct CircuitView {
    #[serde(skip_serializing_if = "Option::is_none")]
    pos_id: Option<String>,
    /// `CLOSED`, `OPEN` or `HALF_OPEN`.
    pub(super) state: &'static str,
    /// Failures in a row.
    pub(super) failure_count: u64,
    /// Successes since the start.
    pub(super) success_count: u64,
    pub(super) state_changes: u64,
    pub(super) last_failure: Option<String>,
    pub(super) last_state_change: String,
    /// Seconds until the next trial.
    retry_after: Option<f64>,
}

impl CircuitView {
    pub(super) fn of(seen: &Snapshot, failed: Failed, now: SystemTime) -> Self {
        let in_state = seen.taken_at.saturating_since(seen.since);
        Self {
            pos_id: None,
            state: match seen.effective_state() {
                State::Closed => "CLOSED",
                State::Open => "OPEN",
                State::HalfOpen => "HALF_OPEN",
            },
            failure_count: failed.in_a_row,
            success_count: seen.totals.success,
            state_changes: seen.transitions,
            last_failure: failed.last.map(rfc3339),
            last_state_change: rfc3339(now - in_state),
            retry_after: seen.retry_after.map(|left| left.as_secs_f64()),
        }
    }
}

/// What a person may do to a circuit. Holds, with reason and end, are the admin interface's.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// Closes, and clears failure count and last failure.
    Reset,
    Close,
    Open,
    HalfOpen,
}

impl Action {
    const fn state(self) -> State {
        match self {
            Self::Reset | Self::Close => State::Closed,
            Self::Open => State::Open,
            Self::HalfOpen => State::HalfOpen,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Control {
    action: Action,
}

/// `GET /v1/circuit`.
pub(super) async fn show(Shared(desk): Shared<Desk>) -> Json<CircuitView> {
    Json(desk.circuit())
}

/// `POST /v1/circuit` `{"action": "reset" | "close" | "open" | "half_open"}`.
pub(super) async fn control(
    Shared(desk): Shared<Desk>,
    control: Result<Json<Control>, JsonRejection>,
) -> Result<Json<CircuitView>, Problem> {
    let (action, by) = asked(control)?;
    match action {
        Action::Reset => desk.circuit.reset(&by),
        _ => drop(desk.circuit.transition(action.state(), &by).map_err(held)?),
    }
    kept(&desk).await;
    Ok(show(Shared(desk)).await)
}

/// `GET /v1/circuits/{pos_id}`.
pub(super) async fn show_branch(
    Shared(desk): Shared<Desk>,
    Path(pos_id): Path<String>,
) -> Result<Json<CircuitView>, Problem> {
    let Some(seen) = desk.circuit.branch(&pos_id) else {
        let detail = match desk.circuit.branch_settings() {
            Some(_) => "nothing was sent for this terminal since the start",
            None => "there is one circuit for all: set OFD_CIRCUIT_PER_TERMINAL=true",
        };
        return Err(Problem::new(404, "No circuit of this terminal", detail));
    };
    let failed = desk.failures.of(Some(&pos_id));
    let mut view = CircuitView::of(&seen, failed, SystemTime::now());
    view.pos_id = Some(pos_id);
    Ok(Json(view))
}

/// `POST /v1/circuits/{pos_id}`, as for the whole circuit.
pub(super) async fn control_branch(
    Shared(desk): Shared<Desk>,
    Path(pos_id): Path<String>,
    control: Result<Json<Control>, JsonRejection>,
) -> Result<Json<CircuitView>, Problem> {
    let (action, by) = asked(control)?;
    match action {
        Action::Reset => drop(desk.circuit.reset_branch(&pos_id, &by)),
        _ => {
            let moved = desk.circuit.transition_branch(&pos_id, action.state(), &by);
            moved.map_err(held)?;
        }
    }
    kept(&desk).await;
    show_branch(Shared(desk), Path(pos_id)).await
}

fn asked(control: Result<Json<Control>, JsonRejection>) -> Result<(Action, Author), Problem> {
    let Json(control) = control.map_err(|refused| {
        Problem::new(refused.status().as_u16(), "Not an action", refused.body_text())
    })?;
    Ok((control.action, Author::new("operator")))
}

fn held(error: fusebox::ControlError) -> Problem {
    Problem::new(409, "The circuit is held", error.to_string())
}

/// What an operator did survives a crash that follows; a store that is away hinders nobody.
async fn kept(desk: &Desk) {
    let flushed = tokio::time::timeout(KEPT_WITHIN, desk.keeper.flushed()).await;
    if !matches!(flushed, Ok(Ok(()))) {
        tracing::warn!("a control of the circuit is in force, but not kept yet");
    }
}
