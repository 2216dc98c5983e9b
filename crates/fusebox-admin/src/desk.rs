//! What every route works with.

use std::sync::Arc;

use fusebox::{Registry, Source};
use fusebox_store::Keeper;

use crate::Readiness;
use crate::access::Door;
use crate::activity::Activity;
use crate::audit::Journal;
use crate::dry_run::DryRuns;
use crate::recorder::Recorder;
use crate::stream::Feed;
use crate::thread::Running;

/// Shared by all requests; each field is cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) registry: Registry,
    pub(crate) source: Arc<dyn Source>,
    pub(crate) readiness: Readiness,
    /// Who is let in.
    pub(crate) door: Door,
    /// Where actions are written down.
    pub(crate) journal: Journal,
    /// Who keeps history and audit log; `None`: it could not be started.
    pub(crate) keeper: Option<Keeper>,
    /// What followers are told.
    pub(crate) feed: Feed,
    /// The last hour of every circuit; `None`: the host wants none.
    pub(crate) recorder: Option<Recorder>,
    pub(crate) dry_runs: DryRuns,
    /// How much was called, and how long it took.
    pub(crate) activity: Activity,
    /// The background thread, as long as somebody may ask; `None`: the system gave none.
    pub(crate) _running: Option<Running>,
    /// The document of all routes.
    pub(crate) openapi: Arc<serde_json::Value>,
}
