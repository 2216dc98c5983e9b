//! What is acted on, and how it is: before and after an action.

use fusebox::Registry;
use serde_json::{Map, Value, json};

use super::plain::{cleaned, plain};
use crate::view::{Branch, Circuit, Main};

/// What the path of a request names.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// The main breaker, or what concerns all circuits.
    All,
    Circuit(String),
    /// A circuit and a key of it.
    Branch(String, String),
}

/// What an entry tells of a circuit; the rest is in its history.
const TOLD: [&str; 5] = ["state", "hold", "generation", "override", "settings"];

impl Subject {
    /// `main`, `rag`, `ofd/pos-7`; in one line whatever the names are.
    pub(super) fn name(&self) -> String {
        match self {
            Self::All => "main".to_owned(),
            Self::Circuit(name) => plain(name),
            Self::Branch(name, key) => plain(&format!("{name}/{key}")),
        }
    }

    /// How it is now; null where there is no such thing.
    pub(super) fn facts(&self, registry: &Registry) -> Value {
        let whole = match self {
            Self::All => return cleaned(json!(Main::now(registry.main()))),
            Self::Circuit(name) => registry.listed(name).map(|it| json!(Circuit::now(&it))),
            Self::Branch(name, key) => {
                let circuit = registry.listed(name);
                let branch = circuit.and_then(|it| it.circuit.branch(key));
                branch.map(|branch| json!(Branch::of(key, &branch)))
            }
        };
        let Some(Value::Object(mut whole)) = whole else {
            return Value::Null;
        };
        let told = TOLD
            .iter()
            .filter_map(|&key| Some((key.to_owned(), whole.remove(key)?)));
        cleaned(Value::Object(told.collect::<Map<_, _>>()))
    }
}

/// Takes the settings out of both where they are the same: they are long, and few actions touch
/// them.
pub(super) fn without_same_settings(before: &mut Value, after: &mut Value) {
    if let (Value::Object(before), Value::Object(after)) = (before, after)
        && before.get("settings") == after.get("settings")
    {
        before.remove("settings");
        after.remove("settings");
    }
}
