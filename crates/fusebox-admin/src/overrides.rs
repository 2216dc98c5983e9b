//! Overrides: settings that an administrator puts over those of a circuit's definition, for a time
//! or until they are ended. The definition stays the truth.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use fusebox::{Listed, OverrideRequest, RegistryError, Settings, SettingsChange, SettingsError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::actions::{Answer, Because, because, checked, lasting};
use crate::body;
use crate::desk::Desk;
use crate::etag;
use crate::named::Named;
use crate::problem::Problem;
use crate::target::Target;
use crate::view::{Circuit, Override};
use crate::wall::Wall;

pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(show, put, end))
}

/// From the look at the tag to the change nobody else may change anything.
static TURN: Mutex<()> = Mutex::new(());

/// Settings to be put over the definition's.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutOverride {
    /// Keys of the settings file with their values; `"off"` takes a trip policy out.
    #[schema(value_type = BTreeMap<String, Value>)]
    settings: Map<String, Value>,
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
    /// When it ends by itself, as `30m`; default when somebody ends it.
    #[serde(rename = "for")]
    lasts: Option<String>,
}

/// The settings of a circuit and where each comes from.
#[derive(Serialize, ToSchema)]
pub(crate) struct Origins {
    /// What the definition says.
    #[schema(value_type = BTreeMap<String, String>)]
    base: BTreeMap<&'static str, String>,
    /// Null: the definition alone is in force.
    #[serde(rename = "override")]
    #[schema(required)]
    over: Option<Override>,
    /// What is in force.
    #[schema(value_type = BTreeMap<String, Setting>)]
    effective: BTreeMap<&'static str, Setting>,
}

/// A setting in force.
#[derive(Serialize, ToSchema)]
pub(crate) struct Setting {
    value: String,
    origin: Origin,
    /// What it is where nobody says anything; null where it is unset then.
    #[schema(required)]
    default: Option<String>,
}

/// Where a setting comes from.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    /// The definition: the settings file, or the code of a service.
    File,
    /// The override, or what has to follow it.
    Override,
}

/// The settings of a circuit, and where each comes from.
#[utoipa::path(get, path = "/api/v1/circuit-breakers/{name}/override", tag = "settings",
    operation_id = "override",
    params(("name" = String, Path, description = "the circuit")),
    responses((status = 200, description = "definition, override, and both together",
        body = Origins, headers(("ETag" = String, description = "of the settings in force")))))]
pub(crate) async fn show(Named(entry): Named) -> impl IntoResponse {
    (
        [(header::ETAG, etag::header(&entry))],
        Json(Origins::of(&entry)),
    )
}

/// Put settings over those of the definition, in place of any other override.
///
/// They judge from the next outcome on; deadlines that run stay. A definition that comes later lies
/// under them.
#[utoipa::path(put, path = "/api/v1/circuit-breakers/{name}/override", tag = "settings",
    operation_id = "put_override",
    params(
        ("name" = String, Path, description = "the circuit"),
        ("If-Match" = Option<String>, Header,
            description = "the `ETag` that was seen: done only if nothing has changed since"),
    ),
    request_body(content = PutOverride),
    responses(
        (status = 200, description = "the circuit, with the override in force", body = Circuit,
            headers(("ETag" = String, description = "of the settings in force"))),
        (status = 409, description = "its settings were changed too often"),
        (status = 412, description = "they have changed since"),
    ))]
pub(crate) async fn put(State(desk): State<Desk>, Named(entry): Named, request: Request) -> Answer {
    let author = Caller::of(request.extensions())?.author();
    let headers = request.headers().clone();
    let asked: PutOverride = body::json(request).await?;
    let change = change(&asked.settings);
    if change.is_empty() {
        return Err(Problem::invalid("settings: name at least one"));
    }
    let Some(reason) = checked(Some(asked.reason))? else {
        let detail = "reason: say why, so that the override can be ended by others";
        return Err(Problem::invalid(detail));
    };
    let for_ = asked.lasts.as_deref().map(lasting).transpose()?;
    let name = entry.circuit.name();
    let turn = turn(&desk, name, &headers)?;
    let request = OverrideRequest {
        change,
        reason,
        author,
        for_,
        age: None,
    };
    let set = desk.registry.set_override(name, request);
    drop(turn);
    set.map_err(not_set)?;
    answer(&desk, name)
}

/// End the override: the definition alone is in force. To end none is no error.
#[utoipa::path(delete, path = "/api/v1/circuit-breakers/{name}/override", tag = "settings",
    operation_id = "end_override",
    params(
        ("name" = String, Path, description = "the circuit"),
        ("If-Match" = Option<String>, Header,
            description = "the `ETag` that was seen: done only if nothing has changed since"),
    ),
    request_body(content = Option<Because>),
    responses(
        (status = 200, description = "the circuit, as defined", body = Circuit,
            headers(("ETag" = String, description = "of the settings in force"))),
        (status = 409, description = "its settings were changed too often"),
        (status = 412, description = "they have changed since"),
    ))]
pub(crate) async fn end(State(desk): State<Desk>, Named(entry): Named, request: Request) -> Answer {
    let headers = request.headers().clone();
    let author = because(request).await?;
    let name = entry.circuit.name();
    let turn = turn(&desk, name, &headers)?;
    let ended = desk.registry.end_override(name, &author);
    drop(turn);
    ended.map_err(not_set)?;
    answer(&desk, name)
}

/// The circuit as it is by now.
fn answer(desk: &Desk, name: &str) -> Answer {
    let entry = desk.registry.listed(name);
    let entry = entry.ok_or_else(|| Problem::unknown_circuit(name))?;
    Target::Circuit(entry).answer()
}

/// Takes the turn, if the circuit is as the request has seen it.
fn turn(desk: &Desk, name: &str, headers: &HeaderMap) -> Result<MutexGuard<'static, ()>, Problem> {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let entry = desk.registry.listed(name);
    let entry = entry.ok_or_else(|| Problem::unknown_circuit(name))?;
    let now = etag::of(&entry);
    let mut seen = headers.get_all(header::IF_MATCH).iter().peekable();
    let is_any = |tag: &str| tag == "*" || tag == now;
    let matches = |value: &header::HeaderValue| {
        let text = value.to_str().unwrap_or_default();
        text.split(',').map(str::trim).any(is_any)
    };
    if seen.peek().is_some() && !seen.any(matches) {
        let detail = format!("the settings have changed since: they are {now} by now");
        let status = StatusCode::PRECONDITION_FAILED;
        return Err(Problem::new(status, "changed", "Changed since", detail));
    }
    Ok(turn)
}

/// The settings of a body as a change. Whether it fits shows when it is put over something.
pub(crate) fn change(settings: &Map<String, Value>) -> SettingsChange {
    let entries = settings.iter();
    entries.fold(SettingsChange::new(), |change, (key, value)| {
        change.set(key.as_str(), setting(value))
    })
}

fn setting(value: &Value) -> fusebox::Value<'_> {
    match value {
        Value::String(text) => fusebox::Value::Text(text),
        Value::Bool(truth) => fusebox::Value::Bool(*truth),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => fusebox::Value::Integer(whole),
            (None, Some(float)) if number.is_f64() => fusebox::Value::Float(float),
            _ => fusebox::Value::Other("a number above 9223372036854775807"),
        },
        Value::Null => fusebox::Value::Other("null"),
        Value::Array(_) => fusebox::Value::Other("an array"),
        Value::Object(_) => fusebox::Value::Other("an object"),
    }
}

/// The key, the value and what is allowed.
pub(crate) fn refused(error: &SettingsError) -> Problem {
    Problem::invalid(format!("settings: {error}"))
}

fn not_set(error: RegistryError) -> Problem {
    match error {
        RegistryError::UnknownCircuit { name, .. } => Problem::unknown_circuit(&name),
        RegistryError::Settings { error, .. } => refused(&error),
        other => Problem::conflict(other.to_string()),
    }
}

impl Origins {
    fn of(entry: &Listed) -> Self {
        let snapshot = entry.circuit.snapshot();
        let over = entry.over.as_deref();
        let base: BTreeMap<_, _> = entry.base.entries().into_iter().collect();
        let defaults: BTreeMap<_, _> = Settings::default().entries().into_iter().collect();
        let effective = snapshot.settings.entries().into_iter();
        let effective = effective.map(|(key, value)| {
            let named = over.is_some_and(|over| over.change.names(key));
            let origin = if named || base.get(key) != Some(&value) {
                Origin::Override
            } else {
                Origin::File
            };
            let default = defaults.get(key).cloned();
            let setting = Setting {
                value,
                origin,
                default,
            };
            (key, setting)
        });
        Self {
            effective: effective.collect(),
            over: over.map(|over| Override::of(over, &Wall::of(&snapshot))),
            base,
        }
    }
}
