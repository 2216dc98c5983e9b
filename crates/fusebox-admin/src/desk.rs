//! What every route works with.

use std::sync::Arc;

use fusebox::{Registry, Source};
use fusebox_queue::Queues;
use fusebox_store::Keeper;
use fusebox_telemetry::{Facts, Names};

use crate::Readiness;
use crate::access::Door;
use crate::activity::Activity;
use crate::audit::Journal;
use crate::dry_run::DryRuns;
use crate::recorder::Recorder;
use crate::stream::Feed;
use crate::thread::Running;
use crate::told::Requests;

/// Finds the queues of the host.
pub(crate) type FindQueues = Arc<dyn Fn() -> Option<Queues> + Send + Sync>;

/// Shared by all requests; each field is cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) registry: Registry,
    pub(crate) source: Arc<dyn Source>,
    /// What is told beside the circuits.
    pub(crate) facts: Arc<dyn Facts>,
    /// Under which names circuits are shown.
    pub(crate) metric_names: Names,
    pub(crate) requests: Requests,
    pub(crate) readiness: Readiness,
    /// Who is let in.
    pub(crate) door: Door,
    /// Where actions are written down.
    pub(crate) journal: Journal,
    /// Who keeps history and audit log; `None`: it could not be started.
    pub(crate) keeper: Option<Keeper>,
    /// The queues that the host mounted, if it has any by now.
    pub(crate) queues: FindQueues,
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
