//! What can be done to an upstream.

use std::time::Duration;

use crate::demo::health::Health;

/// Shorter than the time-out of arena.toml, long enough to hold every place of a system.
const SLOW: Duration = Duration::from_millis(1200);

/// What is wrong with an upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Kill,
    Hang,
    Slow,
    Errors,
    TooMany,
    Shard,
}

impl Fault {
    /// All, in the order of their buttons.
    pub(super) const ALL: [Fault; 6] = [
        Fault::Kill,
        Fault::Hang,
        Fault::Slow,
        Fault::Errors,
        Fault::TooMany,
        Fault::Shard,
    ];

    /// Its name in requests and answers.
    pub(super) fn name(self) -> &'static str {
        match self {
            Fault::Kill => "kill",
            Fault::Hang => "hang",
            Fault::Slow => "slow",
            Fault::Errors => "errors",
            Fault::TooMany => "too_many",
            Fault::Shard => "shard",
        }
    }

    pub(super) fn named(name: &str) -> Option<Fault> {
        Fault::ALL.into_iter().find(|fault| fault.name() == name)
    }

    /// The rest of a sentence that begins with the upstream's name.
    pub(super) fn says(self) -> &'static str {
        match self {
            Fault::Kill => "refuses connections",
            Fault::Hang => "takes requests and never answers",
            Fault::Slow => "takes 1.2 s for each answer",
            Fault::Errors => "answers every call with 500",
            Fault::TooMany => "answers every call with 429: try again in a second",
            Fault::Shard => "answers the calls for one key of four with 500",
        }
    }

    /// How the upstream is then.
    pub(super) fn health(self, sick_key: &'static str) -> Health {
        match self {
            Fault::Kill => Health::Down,
            Fault::Hang => Health::Hang,
            Fault::Slow => Health::Slow(SLOW),
            Fault::Errors => Health::Faulty { of_ten: 10 },
            Fault::TooMany => Health::TooMany,
            Fault::Shard => Health::Shard(sick_key),
        }
    }
}
