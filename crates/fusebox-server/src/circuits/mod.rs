//! The box of live circuits: what the settings ask for, made of breakers, routes and connections.
//!
//! Everything here is immutable once built; a reload builds the next set and swaps one pointer. So
//! a request finds its circuit without a lock, and one that is under way goes on with the settings
//! it began under.

mod body_budget;
mod circuit;
mod delivery;
mod flight;
mod in_the_box;
mod judgement;
mod queues;
mod routes;
mod stats;
pub mod upstream;

pub(crate) use body_budget::BodyBudget;
pub(crate) use circuit::BranchOf;
pub use circuit::{Circuit, Forwarded, Protected};
pub(crate) use delivery::{Call, Delivery, IDEMPOTENCY_KEY, branch_of};
pub use flight::Flight;
pub use in_the_box::{Changed, Circuits, CircuitsError};
pub use judgement::Judgement;
pub use queues::QueuesAt;
pub use routes::Route;
use routes::Routes;
pub use stats::{Answer, CircuitStats, LATENCY_BOUNDS_US, Latency};
