//! What the environment says.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::Uri;
use fusebox::environment::{EnvironmentError, Variables};

use crate::hosting::{addresses, data_dir};

/// How the service runs.
#[derive(Clone, Debug)]
pub struct CampaignSettings {
    /// `DATA_DIR`.
    pub data_dir: PathBuf,
    /// `WORKERS`: jobs at a time. Default 4.
    pub workers: usize,
    /// `CALL_TIMEOUT`: how long one call of a third party may take. Default 10 s.
    pub call_timeout: Duration,
}

impl CampaignSettings {
    /// Reads them.
    ///
    /// # Errors
    /// The first variable that is wrong, and what is allowed.
    pub fn read(variables: &Variables<'_>) -> Result<Self, EnvironmentError> {
        let workers = |text: &str| text.parse().ok().filter(|n| (1..=1000).contains(n));
        let workers = variables.read("WORKERS", "1 to 1000", workers)?;
        let call_timeout = variables.seconds("CALL_TIMEOUT")?;
        Ok(Self {
            data_dir: data_dir(variables, "campaign-queue")?,
            workers: workers.unwrap_or(4),
            call_timeout: call_timeout.unwrap_or(Duration::from_secs(10)),
        })
    }
}

/// The third parties by name.
#[derive(Clone, Debug, Default)]
pub struct Apis(pub BTreeMap<&'static str, Uri>);

impl Apis {
    /// `APOLLO_URL` and `PERPLEXITY_URL`. `None`: none is given, and the service is to run with its
    /// stand-ins.
    ///
    /// # Errors
    /// One is wrong, or only one is given.
    pub fn read(variables: &Variables<'_>) -> Result<Option<Self>, EnvironmentError> {
        let given = addresses(variables, ["APOLLO_URL", "PERPLEXITY_URL"])?;
        Ok(given.map(|[apollo, perplexity]| {
            Self([("apollo", apollo), ("perplexity", perplexity)].into())
        }))
    }

    /// Whether it is a name of theirs; if not, what is wrong with it.
    pub(super) fn check(&self, name: &str) -> Result<(), String> {
        if self.0.contains_key(name) {
            return Ok(());
        }
        let known: Vec<_> = self.0.keys().copied().collect();
        Err(format!("service: {name:?} is none of {}", known.join(", ")))
    }
}
