//! What an action acts on: a circuit, or one branch of it. Both have the same actions.

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use fusebox::{Author, ControlError, HoldRequest, Listed, State};

use crate::etag;
use crate::named::{Named, NamedKey, unknown_branch};
use crate::problem::Problem;
use crate::view::{Branch, Circuit};

/// Keys come from requests; one that an operator types is not longer.
const KEY_BYTES_MAX: usize = 1024;

/// A circuit or a branch.
pub(crate) enum Target {
    Circuit(Listed),
    Branch(Listed, String),
}

impl From<Named> for Target {
    fn from(Named(circuit): Named) -> Self {
        Self::Circuit(circuit)
    }
}

impl From<NamedKey> for Target {
    fn from(NamedKey(circuit, key): NamedKey) -> Self {
        Self::Branch(circuit, key)
    }
}

impl Target {
    /// Moves the machine once (R16).
    pub(crate) fn transition(&self, to: State, by: &Author) -> Result<(), Problem> {
        // Refused under observe, which never rejects.
        let refused = |refused: ControlError| Problem::conflict(refused.to_string());
        match self {
            Self::Circuit(circuit) => circuit.circuit.transition(to, by).map_err(refused)?,
            Self::Branch(circuit, key) => {
                self.check_key()?;
                let moved = circuit.circuit.transition_branch(key, to, by);
                let moved = moved.map_err(refused)?;
                if !moved && to != State::Closed && self.is_unknown() {
                    return Err(no_room());
                }
                moved
            }
        };
        Ok(())
    }

    /// Sets a hold (R15).
    pub(crate) fn hold(&self, request: HoldRequest) -> Result<(), Problem> {
        match self {
            Self::Circuit(circuit) => circuit.circuit.hold(request),
            Self::Branch(circuit, key) => {
                self.check_key()?;
                if !circuit.circuit.hold_branch(key, request) {
                    return Err(no_room());
                }
            }
        }
        Ok(())
    }

    /// Ends the hold; `false`: there was none.
    pub(crate) fn release(&self, by: &Author) -> bool {
        match self {
            Self::Circuit(circuit) => circuit.circuit.release(by),
            Self::Branch(circuit, key) => circuit.circuit.release_branch(key, by),
        }
    }

    /// Closes it and forgets its backoff; a hold stays.
    pub(crate) fn reset(&self, by: &Author) {
        match self {
            Self::Circuit(circuit) => circuit.circuit.reset(by),
            Self::Branch(circuit, key) => {
                circuit.circuit.reset_branch(key, by);
            }
        }
    }

    /// The answer to every action: what was acted on, as it is now.
    pub(crate) fn answer(&self) -> Result<Response, Problem> {
        match self {
            Self::Circuit(circuit) => {
                let tag = [(header::ETAG, etag::header(circuit))];
                Ok((tag, Json(Circuit::now(circuit))).into_response())
            }
            Self::Branch(circuit, key) => {
                let branch = circuit.circuit.branch(key);
                let branch = branch.ok_or_else(|| unknown_branch(circuit, key))?;
                Ok(Json(Branch::of(key, &branch)).into_response())
            }
        }
    }

    /// The error of an action that makes nothing new, on a key that is not known.
    pub(crate) fn known(self) -> Result<Self, Problem> {
        match &self {
            Self::Branch(circuit, key) if self.is_unknown() => Err(unknown_branch(circuit, key)),
            _ => Ok(self),
        }
    }

    fn is_unknown(&self) -> bool {
        match self {
            Self::Circuit(_) => false,
            Self::Branch(circuit, key) => circuit.circuit.branch(key).is_none(),
        }
    }

    fn check_key(&self) -> Result<(), Problem> {
        match self {
            Self::Branch(_, key) if key.is_empty() || key.len() > KEY_BYTES_MAX => Err(
                Problem::invalid(format!("key: it needs 1 to {KEY_BYTES_MAX} bytes")),
            ),
            _ => Ok(()),
        }
    }
}

fn no_room() -> Problem {
    Problem::conflict("every other branch is held, and there is no room for this one")
}
