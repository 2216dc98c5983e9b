//! What the environment says.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::Uri;
use fusebox::Settings;
use fusebox::compat::ErrorRatio;
use fusebox::environment::{EnvironmentError, Variables};

use crate::call::Counted;
use crate::hosting::{addresses, data_dir};
use crate::kept::Failed;

/// How the service runs.
#[derive(Clone, Debug)]
pub struct SprintSettings {
    /// `DATA_DIR`.
    pub data_dir: PathBuf,
    /// Of the three circuits: `ERROR_RATIO`, `RESPONSE_TIME`, `BROKEN_TIME`, the team's old names.
    pub circuits: Settings,
    /// `ERROR_KINDS`: the kinds of errors that count, as in `connect,timeout`; all if not set.
    pub error_kinds: BTreeSet<&'static str>,
    /// `CALL_TIMEOUT`: how long one call to another service may take. Default 2 s, so that a sprint
    /// whose fate is unknown is settled within 5 s of recovery: one call that still hangs, one wait
    /// of a second, and the call that decides.
    pub call_timeout: Duration,
}

/// Where the other services are.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// `PROJECT_SERVICE_URL`.
    pub project: Uri,
    /// `BACKLOG_SERVICE_URL`.
    pub backlog: Uri,
    /// `CHRONICLE_SERVICE_URL`.
    pub chronicle: Uri,
}

impl SprintSettings {
    /// Reads them.
    ///
    /// # Errors
    /// The first variable that is wrong, and what is allowed.
    pub fn read(variables: &Variables<'_>) -> Result<Self, Failed> {
        let error_kinds = variables.read("ERROR_KINDS", Counted::FORM, Counted::parse)?;
        let call_timeout = variables.seconds("CALL_TIMEOUT")?;
        Ok(Self {
            data_dir: data_dir(variables, "sprint-service")?,
            circuits: ErrorRatio::from_variables(variables)?.settings()?,
            error_kinds: error_kinds.unwrap_or_default().0,
            call_timeout: call_timeout.unwrap_or(Duration::from_secs(2)),
        })
    }
}

impl Addresses {
    /// Reads them. `None`: none is given, and the service is to run with its stand-ins.
    ///
    /// # Errors
    /// One is wrong, or only some are given: a service that someone forgot is no stand-in.
    pub fn read(variables: &Variables<'_>) -> Result<Option<Self>, EnvironmentError> {
        let names = [
            "PROJECT_SERVICE_URL",
            "BACKLOG_SERVICE_URL",
            "CHRONICLE_SERVICE_URL",
        ];
        let all = addresses(variables, names)?;
        Ok(all.map(|[project, backlog, chronicle]| Self {
            project,
            backlog,
            chronicle,
        }))
    }
}
