//! The last hour, as JSON.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use fusebox::{FailureClass, Outcome, Tick};
use fusebox_sim::what_if::Happened;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::EVERY;
use super::line::{Line, Point};
use crate::access::Caller;
use crate::desk::Desk;
use crate::named::Named;
use crate::problem::Problem;
use crate::recorder::Recorder;
use crate::wall::Wall;

/// Points of a line among others: ten minutes, as wide as a cell of a table.
const SHORT: usize = 60;

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(all))
        .routes(routes!(of_circuit))
}

/// The last ten minutes of all circuits.
#[derive(Serialize, ToSchema)]
pub(crate) struct Activities {
    /// Seconds from point to point.
    every: u64,
    circuits: BTreeMap<String, ShortActivity>,
}

/// The last ten minutes of a circuit, the oldest point first.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShortActivity {
    /// Calls that ended, of each point.
    calls: Vec<u64>,
    /// Failed ones of these.
    failures: Vec<u64>,
    /// Calls that were not admitted, of each point.
    rejected: Vec<u64>,
    /// Answers by a fallback in the last minute.
    fallbacks: u64,
    /// Seconds that 95 of 100 calls of the last minute did not exceed, as far as the buckets of the
    /// histogram tell; null where nobody measured.
    #[schema(required)]
    p95: Option<f32>,
}

/// The last hour of a circuit.
#[derive(Serialize, ToSchema)]
#[schema(as = Activity)]
pub(crate) struct Hour {
    /// Seconds from point to point.
    every: u64,
    /// The oldest first; at most an hour, fewer since the start.
    points: Vec<ShownPoint>,
    /// Failures of the last hour by their class, the latest first; null where no calls are
    /// recorded.
    #[schema(required)]
    failures: Option<Vec<Class>>,
}

/// What happened until an instant, since the one before.
#[derive(Serialize, ToSchema)]
#[schema(as = ActivityPoint)]
pub(crate) struct ShownPoint {
    #[schema(format = DateTime)]
    until: String,
    /// How long it is: longer than others where the thread came late.
    seconds: f64,
    success: u64,
    failure: u64,
    ignored: u64,
    rejected: u64,
    fallbacks: u64,
    /// Seconds; null where nobody measured.
    #[schema(required)]
    p50: Option<f32>,
    #[schema(required)]
    p95: Option<f32>,
    #[schema(required)]
    p99: Option<f32>,
}

/// Failures of a class.
#[derive(Serialize, ToSchema)]
#[schema(as = FailuresOfClass)]
pub(crate) struct Class {
    /// `connect`, `timeout`, `reset`, `status`, `caller` or `other`.
    class: &'static str,
    count: u64,
    #[schema(format = DateTime)]
    last: String,
}

/// How much was called in the last ten minutes, of all circuits that the caller may see.
#[utoipa::path(get, path = "/api/v1/activity", tag = "activity", operation_id = "activity",
    responses((status = 200, description = "a line for each circuit", body = Activities)))]
pub(crate) async fn all(State(desk): State<Desk>, caller: Caller) -> Json<Activities> {
    // What is due and was not taken yet, where the thread comes late.
    desk.activity.tick(&desk.registry);
    let inner = desk.activity.lock();
    let seen = inner.lines.iter().filter(|(name, _)| caller.sees(name));
    Json(Activities {
        every: EVERY.as_secs(),
        circuits: seen
            .map(|(name, line)| ((*name).to_owned(), ShortActivity::of(line)))
            .collect(),
    })
}

/// How much was called in the last hour, how it ended and how long it took.
#[utoipa::path(get, path = "/api/v1/circuit-breakers/{name}/activity", tag = "activity",
    operation_id = "activity_of_circuit",
    params(("name" = String, Path, description = "the circuit")),
    responses((status = 200, description = "points and classes of failures", body = Hour)))]
pub(crate) async fn of_circuit(
    State(desk): State<Desk>,
    Named(entry): Named,
) -> Result<Json<Hour>, Problem> {
    let name = entry.circuit.name();
    let wall = Wall::now_is(entry.circuit.clock().now());
    desk.activity.tick(&desk.registry);
    let points = desk.activity.lock().lines.get(name).map(|line| {
        let points = line.points();
        points.map(|point| ShownPoint::of(point, &wall)).collect()
    });
    let failures = match desk.recorder.clone() {
        None => None,
        // Up to 100,000 calls are looked at: not on a thread that serves others.
        Some(recorder) => tokio::task::spawn_blocking(move || classes(&recorder, name))
            .await
            .unwrap_or_default(),
    };
    Ok(Json(Hour {
        every: EVERY.as_secs(),
        points: points.unwrap_or_default(),
        failures: failures.map(|classes| Class::shown(classes, &wall)),
    }))
}

/// How many failures of each class are recorded, and when the last one was.
type Classes = Vec<(FailureClass, u64, Tick)>;

fn classes(recorder: &Recorder, name: &str) -> Option<Classes> {
    let recorded = recorder.recorded(name)?;
    let mut classes = Classes::new();
    for happened in &recorded.record.happened {
        let Happened::Call(call) = happened else {
            continue;
        };
        let Outcome::Failure(class) = call.outcome else {
            continue;
        };
        match classes.iter_mut().find(|known| known.0 == class) {
            Some((_, count, last)) => {
                *count += 1;
                *last = call.at.max(*last);
            }
            None => classes.push((class, 1, call.at)),
        }
    }
    classes.sort_by_key(|(_, _, last)| std::cmp::Reverse(*last));
    Some(classes)
}

impl ShortActivity {
    fn of(line: &Line) -> Self {
        let skipped = line.points().len().saturating_sub(SHORT);
        let column =
            |value: fn(&Point) -> u64| line.points().skip(skipped).map(value).collect::<Vec<_>>();
        Self {
            calls: column(|point| point.success + point.failure + point.ignored),
            failures: column(|point| point.failure),
            rejected: column(|point| point.rejected),
            fallbacks: line.fallbacks(),
            p95: line.p95(),
        }
    }
}

impl ShownPoint {
    fn of(point: &Point, wall: &Wall) -> Self {
        Self {
            until: wall.at(point.until),
            seconds: point.took.as_secs_f64(),
            success: point.success,
            failure: point.failure,
            ignored: point.ignored,
            rejected: point.rejected,
            fallbacks: point.fallbacks,
            p50: point.p50,
            p95: point.p95,
            p99: point.p99,
        }
    }
}

impl Class {
    fn shown(classes: Classes, wall: &Wall) -> Vec<Self> {
        let classes = classes.into_iter();
        classes
            .map(|(class, count, last)| Self {
                class: class.as_str(),
                count,
                last: wall.at(last),
            })
            .collect()
    }
}
