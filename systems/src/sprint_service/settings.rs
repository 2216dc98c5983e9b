//! What the environment says.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::Uri;
use fusebox::compat::ErrorRatio;
use fusebox::{FailureClass, Settings};

use super::service::StartError;
use crate::environment::{Environment, WrongVariable};

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
    pub fn read(environment: &Environment) -> Result<Self, StartError> {
        let old = ErrorRatio::default();
        let ratio = |text: &str| text.parse().ok();
        let old = ErrorRatio {
            error_ratio: environment.read("ERROR_RATIO", old.error_ratio, "a number", ratio)?,
            response_time: environment.seconds("RESPONSE_TIME", old.response_time)?,
            broken_time: environment.seconds("BROKEN_TIME", old.broken_time)?,
        };
        let all = FailureClass::ALL.map(FailureClass::as_str).into();
        let allowed = "a list of connect, timeout, reset, status and other";
        Ok(Self {
            data_dir: environment.data_dir("sprint-service"),
            circuits: old.settings()?,
            error_kinds: environment.read("ERROR_KINDS", all, allowed, kinds)?,
            call_timeout: environment.seconds("CALL_TIMEOUT", Duration::from_secs(2))?,
        })
    }
}

impl Addresses {
    /// Reads them. `None`: none is given, and the service is to run with its stand-ins.
    ///
    /// # Errors
    /// One is wrong, or only some are given: a service that someone forgot is no stand-in.
    pub fn read(environment: &Environment) -> Result<Option<Self>, WrongVariable> {
        const NAMES: [&str; 3] = [
            "PROJECT_SERVICE_URL",
            "BACKLOG_SERVICE_URL",
            "CHRONICLE_SERVICE_URL",
        ];
        if NAMES.iter().all(|name| environment.text(name).is_none()) {
            return Ok(None);
        }
        let [project, backlog, chronicle] = NAMES.map(|name| {
            let text = environment.text(name).unwrap_or_default();
            let uri = text.parse().ok().filter(|uri: &Uri| {
                uri.scheme_str() == Some("http")
                    && uri.authority().is_some()
                    && uri.query().is_none()
            });
            uri.ok_or_else(|| WrongVariable {
                name,
                value: text.to_owned(),
                allowed: "an address like http://host:port, for all three services or for none"
                    .into(),
            })
        });
        Ok(Some(Self {
            project: project?,
            backlog: backlog?,
            chronicle: chronicle?,
        }))
    }
}

fn kinds(text: &str) -> Option<BTreeSet<&'static str>> {
    let kind = |word: &str| word.trim().parse().ok().map(FailureClass::as_str);
    text.split(',').map(kind).collect()
}
