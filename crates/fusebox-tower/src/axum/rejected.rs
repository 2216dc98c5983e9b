//! A rejection as an error of a handler.

use super::problem::Problem;
use axum::response::{IntoResponse, Response};
use fusebox::{CircuitBreaker, Reason, Rejection, State};
use std::error::Error;
use std::fmt;

/// A call that was not admitted, as a handler's error: 503 with a body that says why.
///
/// Made of a bare [`Rejection`] by `?`, it cannot know the circuit: the answer then has no
/// `Fusebox-Circuit`, and its body no `circuit` and no `state`. [`Rejected::of`] names both.
///
/// ```
/// use axum::response::IntoResponse;
/// use fusebox::{Author, CircuitBreaker, State};
/// use fusebox_tower::axum::Rejected;
///
/// fn handler(circuit: &CircuitBreaker) -> Result<&'static str, Rejected> {
///     let permit = circuit.acquire()?;
///     permit.success();
///     Ok("well")
/// }
///
/// let circuit = CircuitBreaker::builder("rag").build()?;
/// assert_eq!(handler(&circuit).into_response().status(), 200);
///
/// circuit.transition(State::Open, &Author::new("ada"))?;
/// let answer = handler(&circuit).into_response();
/// assert_eq!(answer.status(), 503);
/// assert_eq!(answer.headers()["fusebox-reason"], "open");
/// assert!(answer.headers().contains_key("retry-after"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    rejection: Rejection,
    circuit: Option<Seen>,
}

/// The circuit that rejected, when it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) name: String,
    pub(super) state: State,
}

impl Rejected {
    /// The rejection of this circuit, or of one of its branches, with the circuit's name and the
    /// state in which it rejected.
    #[must_use]
    pub fn of(circuit: &CircuitBreaker, rejection: Rejection) -> Self {
        // What the reason says comes first: a branch may reject while its circuit is closed, and
        // the circuit may have moved on since it did.
        let state = match rejection.reason() {
            Reason::Open => State::Open,
            Reason::HalfOpen => State::HalfOpen,
            Reason::Ramp => State::Closed,
            Reason::Main | Reason::ForcedOpen => circuit.state(),
        };
        let seen = Seen {
            name: circuit.name().to_owned(),
            state,
        };
        Self {
            rejection,
            circuit: Some(seen),
        }
    }

    /// Why, and when to try again.
    #[must_use]
    pub fn rejection(&self) -> Rejection {
        self.rejection
    }

    /// The name of the circuit, if it is known.
    #[must_use]
    pub fn circuit(&self) -> Option<&str> {
        self.circuit.as_ref().map(|seen| &*seen.name)
    }
}

impl From<Rejection> for Rejected {
    fn from(rejection: Rejection) -> Self {
        Self {
            rejection,
            circuit: None,
        }
    }
}

impl IntoResponse for Rejected {
    fn into_response(self) -> Response {
        let circuit = self.circuit.as_ref();
        Problem::rejected(self.rejection, circuit).answer(circuit)
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(seen) = &self.circuit {
            write!(f, "{}: ", seen.name)?;
        }
        self.rejection.fmt(f)
    }
}

impl Error for Rejected {}
