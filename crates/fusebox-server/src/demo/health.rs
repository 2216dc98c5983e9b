//! How a service is doing. The upstream behind it really behaves so, on its socket.

use std::time::Duration;

/// How a service is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// Answers 200 within a few milliseconds.
    Fine,
    /// Answers 500 to so many of ten calls.
    Faulty {
        /// 0 to 10.
        of_ten: u64,
    },
    /// Answers 200, but only after this time.
    Slow(Duration),
    /// Cuts its connections; its port refuses new ones.
    Down,
    /// Takes connections and requests, and never answers.
    Hang,
    /// Answers 429, and asks to be left alone for a second.
    TooMany,
    /// Answers 500 to calls for this key, and the others as if nothing were wrong.
    Shard(&'static str),
}

impl Health {
    /// Whether it is so bad that the circuit in front should open.
    pub(crate) fn is_trouble(self) -> bool {
        match self {
            Health::Fine => false,
            Health::Faulty { of_ten } => of_ten >= 5,
            Health::Slow(_) | Health::Down | Health::Hang | Health::TooMany | Health::Shard(_) => {
                true
            }
        }
    }
}
