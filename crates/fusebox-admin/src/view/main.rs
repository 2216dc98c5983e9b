//! The main breaker (R18).

use fusebox::MainBreaker;
use serde::Serialize;
use utoipa::ToSchema;

use crate::wall::Wall;

/// The switch above all circuits.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MainBreaker)]
pub(crate) struct Main {
    #[schema(value_type = MainState)]
    state: &'static str,
    /// Why it was opened; null where it is closed or nobody said.
    #[schema(required)]
    reason: Option<String>,
    #[schema(required)]
    author: Option<String>,
    #[schema(required, format = DateTime)]
    since: Option<String>,
    /// The circuit whose opening opened it, if one did.
    #[schema(required)]
    circuit: Option<String>,
}

/// Open or closed; nothing between.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "the schema of two words")]
pub(crate) enum MainState {
    Open,
    Closed,
}

impl Main {
    /// The main breaker as it is now.
    pub(crate) fn now(main: &MainBreaker) -> Self {
        let wall = Wall::now_is(main.clock().now());
        let Some(opening) = main.opened() else {
            return Self {
                state: "closed",
                reason: None,
                author: None,
                since: None,
                circuit: None,
            };
        };
        Self {
            state: "open",
            since: Some(wall.at(opening.since)),
            author: Some(opening.by.as_str().to_owned()),
            circuit: opening.circuit.as_deref().map(str::to_owned),
            reason: Some(opening.reason).filter(|reason| !reason.is_empty()),
        }
    }
}
