//! What other settings would have made of the last hour: the real breaker, in virtual time.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use fusebox::{Settings, State as Word};
use fusebox_sim::tape::Recorded;
use fusebox_sim::what_if::{Outlook, what_if};
use fusebox_sim::{Opening, Openings};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::body;
use crate::desk::Desk;
use crate::named::Named;
use crate::overrides;
use crate::problem::Problem;
use crate::recorder::Recorder;
use crate::view::StateWord;
use crate::wall::Wall;

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(dry_run))
}

/// Openings that are shown one by one.
const OPENINGS_SHOWN: usize = 100;
/// Dry runs at once, of different circuits: one takes a processor for some tenths of a second.
const AT_ONCE: usize = 2;

/// Settings to be tried.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DryRun {
    /// Keys and values, to be put over the circuit's definition as an override is.
    #[schema(value_type = BTreeMap<String, Value>)]
    settings: Map<String, Value>,
}

/// What happened beside what would have happened.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tried {
    circuit: String,
    /// Since when it is known what happened: an hour ago, or later.
    #[schema(format = DateTime)]
    from: String,
    #[schema(format = DateTime)]
    until: String,
    /// Recorded calls in that time.
    calls: u64,
    /// Recorded calls of that time that the recorder missed; no course has them.
    missed: u64,
    /// The settings that were tried, whole.
    #[schema(value_type = BTreeMap<String, String>)]
    settings: BTreeMap<&'static str, String>,
    /// What really happened.
    real: Course,
    /// The same engine with the settings of the time. Where it differs from what really happened,
    /// so may the last one.
    replayed: Replayed,
    /// What the tried settings would have done.
    tried: Difference,
    /// What has to be known to read this.
    notes: Vec<&'static str>,
}

/// The life of a circuit in that time.
#[derive(Serialize, ToSchema)]
pub(crate) struct Course {
    /// The first hundred.
    openings: Vec<ShownOpening>,
    openings_total: u64,
    /// Calls that were not let through.
    rejected: u64,
    /// Seconds.
    time_open: f64,
    #[schema(value_type = StateWord)]
    state: &'static str,
}

/// A course that is a check.
#[derive(Serialize, ToSchema)]
pub(crate) struct Replayed {
    #[serde(flatten)]
    course: Course,
    /// The share of the time in which both were open or both were not, 0 to 1; null where there
    /// is too little or too much to tell.
    #[schema(required)]
    agreement: Option<f64>,
}

/// A course and what it would have changed.
#[derive(Serialize, ToSchema)]
pub(crate) struct Difference {
    #[serde(flatten)]
    course: Course,
    /// Recorded calls that would have been rejected.
    calls_rejected: u64,
    /// Of these, failed ones.
    failures_avoided: u64,
    /// Of these, successful ones.
    successes_lost: u64,
    /// Calls that were rejected and would have been let through. How they would have ended nobody
    /// knows: they count as ignored.
    let_through: u64,
}

/// One opening.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShownOpening {
    #[schema(format = DateTime)]
    at: String,
    cause: &'static str,
    why: String,
    /// How long it was to last, in seconds; null: until somebody closes it.
    #[schema(required)]
    open_for: Option<f64>,
    /// How long it lasted, in seconds; null: it still does.
    #[schema(required)]
    lasted: Option<f64>,
    /// Held in observe: it would have opened, and did not.
    would: bool,
}

/// Try settings on the last hour.
///
/// Changes nothing. The circuit is run again in virtual time with everything that is known of the
/// last hour (calls with their outcomes and durations, rejections, what people did), once with the
/// settings of the time as a check, and once with these all the time.
#[utoipa::path(post, path = "/api/v1/circuit-breakers/{name}/dry-run", tag = "settings",
    operation_id = "dry_run",
    params(("name" = String, Path, description = "the circuit")),
    request_body(content = DryRun),
    responses(
        (status = 200, description = "what would have been", body = Tried),
        (status = 409, description = "nothing is recorded, or one of this circuit is under way"),
    ))]
pub(crate) async fn dry_run(
    State(desk): State<Desk>,
    Named(entry): Named,
    request: Request,
) -> Result<Json<Tried>, Problem> {
    let asked: DryRun = body::json(request).await?;
    let change = overrides::change(&asked.settings);
    let settings = entry.base.changed_by(&change);
    let settings = settings.map_err(|error| overrides::refused(&error))?;
    let name = entry.circuit.name();
    let Some(recorder) = desk.recorder.clone() else {
        return Err(Problem::conflict("this service records no calls"));
    };
    let place = desk.dry_runs.begin(name)?;
    let run = move || {
        // Kept to the end, also if the client goes away.
        let _place = place;
        tried(&recorder, name, &settings)
    };
    // Some tenths of a second of computing: not on a thread that serves others.
    let run = tokio::task::spawn_blocking(run).await;
    let failed = |_| {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Problem::new(
            status,
            "failed",
            "Dry run failed",
            "it did not come to an end",
        )
    };
    run.map_err(failed)?.map(Json)
}

fn tried(recorder: &Recorder, name: &str, settings: &Settings) -> Result<Tried, Problem> {
    let Some(recorded) = recorder.recorded(name) else {
        return Err(Problem::conflict("nothing of this circuit is recorded yet"));
    };
    let record = &recorded.record;
    let wall = Wall::now_is(record.until);
    let run = |settings| what_if(record, settings).map_err(|error| overrides::refused(&error));
    let (replayed, tried) = (run(None)?, run(Some(settings))?);
    let agreement = replayed
        .openings
        .agreement(&recorded.openings, record.from, record.until);
    Ok(Tried {
        circuit: name.to_owned(),
        from: wall.at(record.from),
        until: wall.at(record.until),
        calls: recorded.calls,
        missed: recorded.missed,
        settings: settings.entries().into_iter().collect(),
        real: Course::real(&recorded, &wall),
        replayed: Replayed {
            course: Course::of(&replayed, &wall),
            agreement,
        },
        notes: notes(&recorded, &tried),
        tried: Difference {
            calls_rejected: tried.calls_rejected,
            failures_avoided: tried.failures_avoided,
            successes_lost: tried.successes_lost,
            let_through: tried.let_through,
            course: Course::of(&tried, &wall),
        },
    })
}

fn notes(recorded: &Recorded, tried: &Outlook) -> Vec<&'static str> {
    let unknown = "calls let through that were rejected count as ignored: nobody knows how they \
        would have ended";
    let missed = "the recorder missed calls; they are in no course but the real one";
    let seed = "the jitter is drawn from a fixed seed, so two runs are the same";
    let keyed = "a keyed circuit is replayed as one, without its keys";
    [
        (tried.let_through > 0).then_some(unknown),
        (recorded.missed > 0).then_some(missed),
        recorded.keyed.then_some(keyed),
        Some(seed),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Course {
    fn real(recorded: &Recorded, wall: &Wall) -> Self {
        let (from, until) = (recorded.record.from, recorded.record.until);
        Self {
            openings: shown(&recorded.openings, wall),
            openings_total: recorded.openings.total(),
            rejected: recorded.rejections,
            time_open: recorded.openings.time_open(from, until).as_secs_f64(),
            state: recorded.state.as_str(),
        }
    }

    fn of(outlook: &Outlook, wall: &Wall) -> Self {
        Self {
            openings: shown(&outlook.openings, wall),
            openings_total: outlook.openings.total(),
            rejected: outlook.rejected(),
            time_open: outlook.time_open.as_secs_f64(),
            state: outlook.ended.map_or("", Word::as_str),
        }
    }
}

fn shown(openings: &Openings, wall: &Wall) -> Vec<ShownOpening> {
    let shown = openings.kept().iter().take(OPENINGS_SHOWN);
    shown
        .map(|opening| ShownOpening::of(opening, wall))
        .collect()
}

impl ShownOpening {
    fn of(opening: &Opening, wall: &Wall) -> Self {
        let seconds = |duration: Duration| duration.as_secs_f64();
        Self {
            at: wall.at(opening.at),
            cause: opening.cause.as_str(),
            why: opening.why(),
            open_for: opening.evidence.open_for.map(seconds),
            lasted: opening.lasted.map(seconds),
            would: opening.would,
        }
    }
}

/// The dry runs under way; clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct DryRuns(Arc<Mutex<HashSet<&'static str>>>);

/// One of them, until it is dropped.
#[derive(Debug)]
struct Place(DryRuns, &'static str);

impl DryRuns {
    fn begin(&self, circuit: &'static str) -> Result<Place, Problem> {
        let mut running = self.lock();
        if running.contains(circuit) {
            return Err(Problem::conflict("a dry run of this circuit is under way"));
        }
        if running.len() >= AT_ONCE {
            let detail = format!("{AT_ONCE} dry runs are under way, of other circuits");
            let busy = Problem::new(StatusCode::TOO_MANY_REQUESTS, "busy", "Busy", detail);
            return Err(busy.retry_after(Duration::from_secs(1)));
        }
        running.insert(circuit);
        Ok(Place(self.clone(), circuit))
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<&'static str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.lock().remove(self.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circuit_has_one_dry_run_at_a_time_and_all_together_two() {
        let runs = DryRuns::default();
        let rag = runs.begin("rag").expect("a place");
        runs.begin("rag").expect_err("it is under way");
        let vms = runs.begin("vms").expect("a place");
        runs.begin("ofd").expect_err("two are under way");
        drop(rag);
        let again = runs.begin("rag").expect("it has ended");
        drop((vms, again));
        assert!(runs.lock().is_empty());
    }
}
