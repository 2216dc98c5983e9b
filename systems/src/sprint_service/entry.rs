//! A sprint as the book has it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::documents::{Document, Place};

/// What a caller wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Wanted {
    pub(super) sprint_name: String,
    pub(super) duration_weeks: u32,
}

/// How far a sprint has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    /// Its assignment may have been sent. It does not exist for anybody yet.
    #[default]
    Starting,
    /// Its tasks are assigned to it.
    Started,
    /// No task is assigned to it, and none ever will be.
    Undone,
}

/// One sprint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) project: String,
    pub(super) number: u32,
    pub(super) wanted: Wanted,
    pub(super) tasks: Vec<Value>,
    pub(super) stage: Stage,
    /// When it was begun, in RFC 3339.
    pub(super) begun: String,
    /// A caller was told that it started.
    pub(super) is_answered: bool,
    /// Its event is in the queue.
    pub(super) is_told: bool,
}

impl Entry {
    /// `ZEP010-S06`.
    pub(super) fn sprint_id(&self) -> String {
        format!("{}-S{:02}", self.project, self.number)
    }

    /// As people see it.
    pub(super) fn shown(&self) -> Value {
        json!({
            "sprint_id": self.sprint_id(),
            "sprint_name": self.wanted.sprint_name,
            "duration_weeks": self.wanted.duration_weeks,
            "assigned_tasks_count": self.tasks.len(),
        })
    }

    /// As `chronicle-service` is told of it.
    pub(super) fn event(&self) -> Value {
        let mut event = self.shown();
        event["event"] = "sprint_started".into();
        event["project_id"] = self.project.clone().into();
        event["at"] = self.begun.clone().into();
        event
    }
}

impl Document for Entry {
    fn place(&self) -> Place<'_> {
        let is_open = self.stage != Stage::Undone && !self.is_told;
        Place::of(&self.project, self.number, is_open)
    }
}
