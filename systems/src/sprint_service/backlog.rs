//! `backlog-service`: its circuit goes around a plain function, and as a guard around an `await`.

use axum::http::StatusCode;
use bytes::Bytes;
use fusebox::{CallError, CircuitBreaker, Reason};
use serde::Deserialize;
use serde_json::{Value, json};

use super::entry::Entry;
use crate::call::{CallFailed, Client};

#[derive(Debug)]
pub(super) struct Backlog {
    pub(super) client: Client,
    pub(super) circuit: &'static CircuitBreaker,
}

#[derive(Deserialize)]
struct Task {
    id: Value,
}

impl Backlog {
    /// The ids of a project's unassigned tasks.
    pub(super) async fn unassigned(&self, project: &str) -> Result<Vec<Value>, CallFailed> {
        let counted = &self.client.counted;
        let asked = ask_unassigned(&self.client, project);
        let answer = self.circuit.call_async_with(counted, asked).await;
        answer.map_err(|error| match error {
            CallError::Rejected(no) => no.into(),
            CallError::Failed(error) => error,
        })
    }

    /// Assigns all tasks of a sprint, or none of them. Sent again it does nothing more.
    pub(super) async fn assign(&self, sprint: &Entry) -> Result<(), CallFailed> {
        let permit = self.circuit.acquire()?;
        let answer = send_assignment(&self.client, sprint).await;
        permit.settle_result(&self.client.counted, &answer);
        answer
    }

    /// The same for a sprint that waits for the end of its story: an open circuit does not hold it
    /// back, since its tasks may be assigned already. There is at most one such call a second. A
    /// circuit that a person has opened does.
    pub(super) async fn assign_anyway(&self, sprint: &Entry) -> Result<(), CallFailed> {
        match self.assign(sprint).await {
            Err(CallFailed::Rejected(no)) if no.reason() != Reason::ForcedOpen => {
                send_assignment(&self.client, sprint).await
            }
            answer => answer,
        }
    }
}

async fn ask_unassigned(client: &Client, project: &str) -> Result<Vec<Value>, CallFailed> {
    let path = format!("/backlogs/{project}?status=unassigned");
    match client.get(&path).await {
        Ok(body) => {
            let tasks: Result<Vec<Task>, _> = serde_json::from_slice(&body);
            let tasks = tasks.map_err(|_| CallFailed::Unreadable)?;
            Ok(tasks.into_iter().map(|task| task.id).collect())
        }
        // A project that has no backlog has no tasks.
        Err(CallFailed::Status(StatusCode::NOT_FOUND)) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

async fn send_assignment(client: &Client, sprint: &Entry) -> Result<(), CallFailed> {
    let assignment = json!({
        "sprint_id": sprint.sprint_id(),
        "project_id": sprint.project,
        "task_ids": sprint.tasks,
        "status": "assigned_to_sprint",
    });
    client
        .post("/assignments", Bytes::from(assignment.to_string()))
        .await?;
    Ok(())
}
