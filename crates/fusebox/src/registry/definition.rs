//! What a circuit is to be.

use crate::branch::BranchSettings;
use crate::settings::Settings;
use std::sync::Arc;
use std::time::Duration;

/// Everything that a registry has to know of a circuit. It says all of it: what is not named
/// here has its default, also where the definition replaces another one.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Definition {
    pub(crate) name: String,
    pub(crate) settings: Option<Settings>,
    pub(crate) branches: Option<BranchSettings>,
    pub(crate) trips_main: bool,
    pub(crate) enabled: bool,
    pub(crate) fallback_enabled: bool,
    pub(crate) has_fallback: bool,
    pub(crate) service: Option<String>,
    pub(crate) priority: u8,
    pub(crate) timeout: Option<Duration>,
    pub(crate) service_type: Option<String>,
    /// The environment variables that set it, if it was made from those.
    pub(crate) set_by: Option<Arc<SetBy>>,
    /// Whether a switch that somebody turned by hand stays as it is.
    pub(crate) hand_stays: bool,
}

/// Environment variables that set a group of circuits.
#[derive(Debug, PartialEq)]
pub(crate) struct SetBy {
    /// The group's name as it was given.
    pub(crate) group: String,
    pub(crate) names: Vec<String>,
}

/// Neither critical nor least: see [`Definition::priority`].
const PRIORITY: u8 = 2;

impl Definition {
    /// A circuit of that name with the registry's default settings. The name is checked when
    /// the circuit is added.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            settings: None,
            branches: None,
            trips_main: false,
            enabled: true,
            fallback_enabled: true,
            has_fallback: false,
            service: None,
            priority: PRIORITY,
            timeout: None,
            service_type: None,
            set_by: None,
            hand_stays: false,
        }
    }

    /// Its settings; default those of the registry.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = Some(settings);
        self
    }

    /// Makes it keyed (R19); default it is not.
    pub fn branches(mut self, branches: BranchSettings) -> Self {
        self.branches = Some(branches);
        self
    }

    /// Whether its automatic opening opens the main breaker (R18); default no.
    pub fn trips_main(mut self, trips_main: bool) -> Self {
        self.trips_main = trips_main;
        self
    }

    /// The circuit's own switch; default on. Off: it is held
    /// [`Disabled`](crate::HoldKind::Disabled).
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// The switch of its fallbacks; default on.
    pub fn fallback_enabled(mut self, fallback_enabled: bool) -> Self {
        self.fallback_enabled = fallback_enabled;
        self
    }

    /// Whether its callers have an answer in place of a failed call; default no. For readers only:
    /// a fallback is given with the call, and the breaker does not know of it before.
    pub fn has_fallback(mut self, has_fallback: bool) -> Self {
        self.has_fallback = has_fallback;
        self
    }

    /// The service that it belongs to, for metrics; default the registry's, or else what stands
    /// before the first dot of the name.
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.service = Some(service.into());
        self
    }

    /// How much the service misses it: 1 is critical, larger numbers less; default 2. For
    /// readers only, the breaker does not look at it.
    pub fn priority(mut self, priority: u8) -> Self {
        self.priority = priority;
        self
    }

    /// How long its caller waits for one call. For readers only: the breaker has no timer.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// What kind of service stands behind it (`llm`, `database`, …), for readers only.
    pub fn service_type(mut self, service_type: impl Into<String>) -> Self {
        self.service_type = Some(service_type.into());
        self
    }

    /// The service for metrics, in a registry of that service (empty: none).
    pub(super) fn service_in<'a>(&'a self, registry: &'a str) -> &'a str {
        match (&self.service, registry) {
            (Some(service), _) => service,
            (None, "") => self.name.split_once('.').map_or("", |(service, _)| service),
            (None, service) => service,
        }
    }
}

impl From<&str> for Definition {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for Definition {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}
