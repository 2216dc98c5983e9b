//! A replay file, read and checked as far as that is possible without running it.

use super::fields::{Fields, kind};
use super::step::{Act, Step};
use super::{BadFile, Report, document, world};
use fusebox::{Settings, SettingsError};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::Duration;

/// A replay file that can be run.
#[derive(Clone, Debug)]
pub struct Script {
    id: String,
    check: Check,
}

/// What a file is about.
#[derive(Clone, Debug)]
enum Check {
    Steps {
        settings: Box<Settings>,
        steps: Vec<Step>,
    },
    /// The settings are to be refused, naming `field`.
    Refusal {
        field: String,
        refused: Option<String>,
    },
}

/// So many calls run in about ten seconds; a file that asks for more is a mistake.
const CALLS_MAX: u64 = 50_000_000;

/// A clock counts nanoseconds in 64 bits; half of that leaves room for every deadline.
const TIME_MAX: Duration = Duration::from_nanos(u64::MAX / 2);

impl Script {
    /// Reads a file.
    ///
    /// # Errors
    /// Whatever is not in the format: no JSON, unknown keys, wrong types, unknown words, an
    /// `end` without a `begin`, settings that are refused, neither `steps` nor `error`.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadFile> {
        let document = document::parse(bytes)?;
        let known = ["id", "rule", "about", "origin", "breaker", "steps", "error"];
        let fields = Fields::read(&document, "a replay file", "", &known)?;
        let id = fields.name("id", "a text that is not empty")?;
        let check = Check::read(&fields).map_err(|bad| bad.in_script(id))?;
        Ok(Self {
            id: id.to_owned(),
            check,
        })
    }

    /// The name that the file gives itself.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Runs the file on a breaker and a clock of its own.
    ///
    /// # Errors
    /// What only a run can show: an `end` or `drop` of a call that was not admitted, a `begin`
    /// with the name of a call that is still in flight. If an expectation before that step did
    /// not hold, that is reported instead: the one explains the other.
    pub fn run(&self) -> Result<Report, BadFile> {
        match &self.check {
            Check::Steps { settings, steps } => {
                let misses = world::run(settings, steps).map_err(|bad| bad.in_script(&self.id))?;
                Ok(Report::new(&self.id, misses))
            }
            Check::Refusal { field, refused } => {
                Ok(Report::of_settings(&self.id, json!(field), json!(refused)))
            }
        }
    }
}

impl Check {
    fn read(fields: &Fields<'_>) -> Result<Self, BadFile> {
        for key in ["rule", "about", "origin"] {
            fields.text(key)?;
        }
        let breaker = fields.need("breaker", "an object of settings")?;
        let settings = read_settings(breaker, "breaker")?;
        match (fields.get("steps"), fields.get("error")) {
            (Some(_), Some(_)) => Err(BadFile::new("both \"steps\" and \"error\": one has to go")),
            (None, None) => {
                let text = "neither \"steps\" nor \"error\" (the setting that is to be refused)";
                Err(BadFile::new(text))
            }
            (None, Some(_)) => {
                let field = fields
                    .name("error", "the name of the refused setting")?
                    .to_owned();
                let refused = settings.err().map(|error| error.field().to_owned());
                Ok(Self::Refusal { field, refused })
            }
            (Some(steps), None) => {
                let settings = settings.map_err(|error| refused(&error))?;
                Ok(Self::Steps {
                    settings: Box::new(settings),
                    steps: read_steps(steps)?,
                })
            }
        }
    }
}

fn read_steps(value: &Value) -> Result<Vec<Step>, BadFile> {
    let Value::Array(items) = value else {
        return Err(BadFile::new(format!(
            "\"steps\" is {}, not an array",
            kind(value)
        )));
    };
    let mut begun = HashSet::new();
    let (mut calls, mut time) = (0_u64, Duration::ZERO);
    let mut steps = Vec::with_capacity(items.len());
    for (item, number) in items.iter().zip(1..) {
        let step = Step::read(item).map_err(|bad| bad.at_step(number))?;
        match &step.act {
            Some(Act::Call { times, .. }) => calls = calls.saturating_add(*times),
            Some(Act::Advance { by }) => time = time.saturating_add(*by),
            _ => {}
        }
        follow(&mut begun, &step).map_err(|bad| bad.at_step(number))?;
        if calls > CALLS_MAX {
            let text = format!("more than {CALLS_MAX} calls in all");
            return Err(BadFile::new(text).at_step(number));
        }
        if time > TIME_MAX {
            return Err(BadFile::new("more than 292 years in all").at_step(number));
        }
        steps.push(step);
    }
    Ok(steps)
}

/// Keeps the names of calls that may be in flight. Whether one was admitted shows in a run.
fn follow(begun: &mut HashSet<String>, step: &Step) -> Result<(), BadFile> {
    match &step.act {
        Some(Act::Begin { call }) => {
            begun.insert(call.clone());
            Ok(())
        }
        Some(Act::End { call, .. } | Act::Drop { call }) if !begun.remove(call) => {
            let text = format!("call {call:?} was never begun or is over already");
            Err(BadFile::new(text))
        }
        _ => Ok(()),
    }
}

/// The settings in a `breaker` object. A bad file is one that cannot be asked yet; settings that
/// are refused may be what the file wants.
pub(super) fn read_settings(
    value: &Value,
    what: &str,
) -> Result<Result<Settings, SettingsError>, BadFile> {
    let Value::Object(object) = value else {
        return Err(BadFile::new(format!(
            "{what:?} is {}, not an object",
            kind(value)
        )));
    };
    if object.contains_key("branch") {
        let text = format!("key \"{what}.branch\": keyed circuits are not available yet");
        return Err(BadFile::new(text));
    }
    let entries = object
        .iter()
        .map(|(key, value)| (key.as_str(), entry(value)));
    Ok(Settings::from_entries(entries))
}

/// Settings that were refused where the file needs them.
pub(super) fn refused(error: &SettingsError) -> BadFile {
    BadFile::new(format!("the settings are refused: {error}"))
}

fn entry(value: &Value) -> fusebox::Value<'_> {
    match value {
        Value::String(text) => fusebox::Value::Text(text),
        Value::Bool(truth) => fusebox::Value::Bool(*truth),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => fusebox::Value::Integer(whole),
            (None, Some(float)) if number.is_f64() => fusebox::Value::Float(float),
            _ => fusebox::Value::Other("a number above 9223372036854775807"),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => fusebox::Value::Other(kind(value)),
    }
}
