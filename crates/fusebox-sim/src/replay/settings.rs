//! The `breaker` object of a file: the settings of the circuit, and of its branches (R19).

use super::BadFile;
use super::fields::kind;
use fusebox::{BranchSettings, Settings, SettingsChange, SettingsError};
use serde_json::{Map, Value};

/// Checked settings of a circuit.
#[derive(Clone, Debug)]
pub(super) struct Circuit {
    pub(super) settings: Settings,
    /// `None`: the circuit is not keyed.
    pub(super) branches: Option<BranchSettings>,
}

/// Settings that are refused: which, and why.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    field: String,
    text: String,
}

const BRANCH_KEYS: [&str; 3] = ["keys_min", "keys_max", "breaker"];

impl Refusal {
    fn new(field: &str, value: &Value, allowed: &str) -> Self {
        Self {
            field: field.to_owned(),
            text: format!("{field} = {value}: {allowed}"),
        }
    }

    /// The setting that is to be changed.
    pub(super) fn field(&self) -> &str {
        &self.field
    }

    /// For a file that needs the settings.
    pub(super) fn into_bad_file(self) -> BadFile {
        BadFile::new(format!("the settings are refused: {}", self.text))
    }
}

impl From<SettingsError> for Refusal {
    fn from(error: SettingsError) -> Self {
        Self {
            field: error.field().to_owned(),
            text: error.to_string(),
        }
    }
}

/// The settings in a `breaker` object. A bad file is one that cannot be asked yet; settings that
/// are refused may be what the file wants.
pub(super) fn read(value: &Value) -> Result<Result<Circuit, Refusal>, BadFile> {
    let Value::Object(object) = value else {
        return Err(BadFile::new(format!(
            "\"breaker\" is {}, not an object",
            kind(value)
        )));
    };
    Ok(Circuit::read(object))
}

impl Circuit {
    fn read(object: &Map<String, Value>) -> Result<Self, Refusal> {
        let own = object.iter().filter(|(key, _)| *key != "branch");
        let entries = own.map(|(key, value)| (key.as_str(), entry(value)));
        let settings = Settings::from_entries(entries)?;
        let branches = object.get("branch").map(read_branches).transpose()?;
        Ok(Self { settings, branches })
    }

    /// The same with some settings of the circuit changed; branches follow where they have none of
    /// their own.
    pub(super) fn changed_by(&self, change: &SettingsChange) -> Result<Self, BadFile> {
        let settings = self.settings.changed_by(change);
        let refused = |error| BadFile::new(format!("the changed settings are refused: {error}"));
        Ok(Self {
            settings: settings.map_err(refused)?,
            branches: self.branches.clone(),
        })
    }
}

fn read_branches(value: &Value) -> Result<BranchSettings, Refusal> {
    let object = as_object("branch", value)?;
    if let Some((key, value)) = object
        .iter()
        .find(|(key, _)| !BRANCH_KEYS.contains(&key.as_str()))
    {
        let allowed = format!("unknown key; known are {}", BRANCH_KEYS.join(", "));
        return Err(Refusal::new(key, value, &allowed));
    }
    let mut builder = BranchSettings::builder();
    if let Some(keys_min) = object.get("keys_min") {
        builder = builder.keys_min(whole(keys_min));
    }
    if let Some(keys_max) = object.get("keys_max") {
        builder = builder.keys_max(whole(keys_max));
    }
    if let Some(inner) = object.get("breaker") {
        // Without a `branch` of its own: that is a setting that no breaker knows.
        let entries = as_object("breaker", inner)?.iter();
        let entries = entries.map(|(key, value)| (key.as_str(), entry(value)));
        builder = builder.breaker(Settings::from_entries(entries)?);
    }
    builder.build().map_err(|error| {
        let given = object.get(error.field()).unwrap_or(&Value::Null);
        let allowed = format!("a whole number, {}", error.allowed());
        Refusal::new(error.field(), given, &allowed)
    })
}

fn as_object<'a>(field: &str, value: &'a Value) -> Result<&'a Map<String, Value>, Refusal> {
    let wrong = || Refusal::new(field, value, "an object of settings");
    value.as_object().ok_or_else(wrong)
}

/// What is no number of keys becomes one that is outside every range: 0, or the largest.
fn whole(value: &Value) -> u32 {
    let number = value.as_u64().unwrap_or(0);
    u32::try_from(number).unwrap_or(u32::MAX)
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
