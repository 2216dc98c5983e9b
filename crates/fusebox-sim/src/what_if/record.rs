//! What really happened to a circuit in some span of time.

use fusebox::{HoldKind, RecordedCall, Saved, Settings, State, Tick};
use std::time::Duration;

/// What is known of a circuit between two instants of its clock.
#[derive(Clone, Debug)]
pub struct Record {
    /// Where it begins.
    pub from: Tick,
    /// Where it ends.
    pub until: Tick,
    /// Where the circuit was at the beginning; its windows are not known and begin empty.
    pub start: Saved,
    /// Whether the main breaker was open then.
    pub main_open: bool,
    /// The settings in force at the beginning.
    pub settings: Settings,
    /// Everything in between, in the order in which it was seen.
    pub happened: Vec<Happened>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Happened {
    /// A call ended and was recorded.
    Call(RecordedCall),
    /// So many calls were rejected between two instants; what would have become of them nobody
    /// knows.
    Rejected {
        /// The earlier instant.
        since: Tick,
        /// The later one.
        until: Tick,
        /// How many.
        count: u64,
    },
    /// A generation began: no call of it began sooner.
    Began {
        /// When.
        at: Tick,
        /// Its number.
        generation: u32,
    },
    /// Somebody did something.
    Hand {
        /// When.
        at: Tick,
        /// What.
        hand: Hand,
    },
}

/// What somebody did to a circuit, or to the main breaker above it.
#[derive(Clone, Debug, PartialEq)]
pub enum Hand {
    /// Moved the machine once (R16).
    Transition(State),
    /// Set a hold, with the time after which it ends by itself.
    Hold(HoldKind, Option<Duration>),
    /// Ended the hold.
    Release,
    /// Reset the circuit.
    Reset,
    /// Changed the settings: these are in force from then on.
    Settings(Box<Settings>),
    /// Opened or closed the main breaker.
    Main {
        /// Whether it is open from then on.
        open: bool,
    },
}
