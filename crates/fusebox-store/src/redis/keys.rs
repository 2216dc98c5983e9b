//! The names under which things stand.

/// The names, each after one prefix.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    pub(super) fn after(prefix: &str) -> Self {
        let prefix = prefix.to_owned();
        Self { prefix }
    }

    fn key(&self, name: &str, of: &str) -> String {
        format!("{}{name}{of}", self.prefix)
    }

    /// A circuit's state, in the form that others read: a hash.
    pub(super) fn state(&self, circuit: &str) -> String {
        self.key("circuit_breaker_state:", circuit)
    }

    /// A circuit's history, for others to read: a stream.
    pub(super) fn history(&self, circuit: &str) -> String {
        self.key("circuit_breaker_history:", circuit)
    }

    /// The names of the circuits that have a state: a set.
    pub(super) fn circuits(&self) -> String {
        self.key("fusebox:circuits", "")
    }

    /// The main breaker while it is open: a string.
    pub(super) fn main(&self) -> String {
        self.key("fusebox:main", "")
    }

    /// Overrides by circuit: a hash.
    pub(super) fn overrides(&self) -> String {
        self.key("fusebox:overrides", "")
    }

    /// The whole history: a stream whose ids are the events' numbers.
    pub(super) fn events(&self) -> String {
        self.key("fusebox:events", "")
    }

    /// The numbers of a circuit's events: a sorted set.
    pub(super) fn events_of(&self, circuit: &str) -> String {
        self.key("fusebox:events:", circuit)
    }

    /// The replay file of an event: a string.
    pub(super) fn replay(&self, event: u64) -> String {
        self.key("fusebox:replay:", &event.to_string())
    }

    /// The numbers of a circuit's events that have a replay file: a sorted set.
    pub(super) fn replays_of(&self, circuit: &str) -> String {
        self.key("fusebox:replays:", circuit)
    }

    /// The names of the circuits that have replay files: a set.
    pub(super) fn replayed(&self) -> String {
        self.key("fusebox:replayed", "")
    }

    /// The audit log: a stream whose ids are the entries' numbers.
    pub(super) fn audit(&self) -> String {
        self.key("fusebox:audit", "")
    }

    /// The newest numbers of `event` and `audit`, and `schema`: a hash.
    pub(super) fn numbers(&self) -> String {
        self.key("fusebox:numbers", "")
    }

    /// What a storage wrote last: a string.
    pub(super) fn writer(&self, id: &str) -> String {
        self.key("fusebox:writer:", id)
    }
}
