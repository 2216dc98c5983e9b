//! `project-service` and `backlog-service`, each behind its circuit, in three forms: a decorator, a
//! call around a plain function, and a guard around an `await`.

use axum::http::StatusCode;
use fusebox::Reason;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::entry::Entry;
use crate::call::{CallFailed, Callee, Client};

pub(super) struct Projects(pub(super) Callee);

pub(super) struct Backlog(pub(super) Callee);

#[derive(Deserialize)]
struct Task {
    id: Value,
}

impl Projects {
    /// Asks for a project. That there is none is an error for the caller and an answer for the
    /// circuit.
    #[fusebox::breaker(self.0.circuit, classify = self.0.client.counted)]
    pub(super) async fn find(&self, project: &str) -> Result<IgnoredAny, CallFailed> {
        self.0.client.get(&format!("/projects/{project}")).await
    }
}

impl Backlog {
    /// The ids of a project's unassigned tasks.
    pub(super) async fn unassigned(&self, project: &str) -> Result<Vec<Value>, CallFailed> {
        let Callee { client, circuit } = &self.0;
        let asked = ask_unassigned(client, project);
        Ok(circuit.call_async_with(&client.counted, asked).await?)
    }

    /// Assigns all tasks of a sprint, or none of them. Sent again it does nothing more.
    pub(super) async fn assign(&self, sprint: &Entry) -> Result<(), CallFailed> {
        let permit = self.0.circuit.acquire()?;
        let answer = self.send_assignment(sprint).await;
        permit.settle_result(&self.0.client.counted, &answer);
        answer
    }

    /// The same for a sprint that waits for the end of its story: an open circuit does not hold it
    /// back, since its tasks may be assigned already. There is at most one such call a second,
    /// behind a breaker of its own. A circuit that a person has opened does hold it back.
    pub(super) async fn assign_anyway(&self, sprint: &Entry) -> Result<(), CallFailed> {
        match self.assign(sprint).await {
            Err(CallFailed::Rejected(no)) if no.reason() != Reason::ForcedOpen => {
                self.send_assignment(sprint).await
            }
            answer => answer,
        }
    }

    async fn send_assignment(&self, sprint: &Entry) -> Result<(), CallFailed> {
        let assignment = json!({
            "sprint_id": sprint.sprint_id(),
            "project_id": sprint.project,
            "task_ids": sprint.tasks,
            "status": "assigned_to_sprint",
        });
        self.0.client.post("/assignments", &assignment).await
    }
}

async fn ask_unassigned(client: &Client, project: &str) -> Result<Vec<Value>, CallFailed> {
    let path = format!("/backlogs/{project}?status=unassigned");
    match client.get::<Vec<Task>>(&path).await {
        Ok(tasks) => Ok(tasks.into_iter().map(|task| task.id).collect()),
        // A project that has no backlog has no tasks.
        Err(CallFailed::Status(StatusCode::NOT_FOUND)) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
