//! An override: settings over those of a circuit's definition.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::wall::Wall;

/// Settings in force over those of the circuit's definition.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Override {
    /// What it changes, as it was given.
    #[schema(value_type = std::collections::BTreeMap<String, Value>)]
    settings: Map<String, Value>,
    reason: String,
    author: String,
    #[schema(format = DateTime)]
    since: String,
    /// When it ends by itself; null: when somebody ends it.
    #[schema(required, format = DateTime)]
    until: Option<String>,
}

impl Override {
    pub(crate) fn of(over: &fusebox::Override, wall: &Wall) -> Self {
        let entries = over.change.entries();
        Self {
            settings: entries
                .map(|(key, value)| (key.into(), json(value)))
                .collect(),
            reason: over.reason.clone(),
            author: over.author.as_str().to_owned(),
            since: wall.at(over.since),
            until: over.until.map(|until| wall.at(until)),
        }
    }
}

fn json(value: fusebox::Value<'_>) -> Value {
    match value {
        fusebox::Value::Text(text) | fusebox::Value::Other(text) => text.into(),
        fusebox::Value::Integer(number) => number.into(),
        fusebox::Value::Float(number) => number.into(),
        fusebox::Value::Bool(truth) => truth.into(),
    }
}
