//! A sprint as the book has it.

use serde::Deserialize;
use serde_json::{Value, json};

/// What a caller wants.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Wanted {
    pub(super) sprint_name: String,
    pub(super) duration_weeks: u32,
}

/// How far a sprint has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its assignment may have been sent. It does not exist for anybody yet.
    Starting,
    /// Its tasks are assigned to it.
    Started,
    /// No task is assigned to it, and none ever will be.
    Undone,
}

/// One sprint.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// Never given twice, unlike the number of a sprint whose assignment was never sent.
    pub(super) id: i64,
    pub(super) project: String,
    pub(super) number: u32,
    pub(super) wanted: Wanted,
    pub(super) tasks: Vec<Value>,
    pub(super) stage: Stage,
    /// When it was begun, in RFC 3339.
    pub(super) begun: String,
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

impl Stage {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Started => "started",
            Self::Undone => "undone",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let all = [Self::Starting, Self::Started, Self::Undone];
        all.into_iter().find(|stage| stage.as_str() == text)
    }
}
