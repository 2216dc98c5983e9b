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
    /// A queue or a message by its id; `None`: dead letters that the body names. How it is, is
    /// known to its storage alone, so that who acts on it has to tell: [`Told`].
    Queued(Option<String>),
}

/// What an action on queues did, among the extensions of its answer.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) after: Value,
}

/// What an entry tells of a circuit; the rest is in its history.
const TOLD: [&str; 5] = ["state", "hold", "generation", "override", "settings"];

impl Subject {
    /// `main`, `rag`, `ofd/pos-7`; in one line whatever the names are.
    pub(super) fn name(&self) -> String {
        match self {
            Self::All => "main".to_owned(),
            Self::Circuit(name) | Self::Queued(Some(name)) => plain(name),
            Self::Branch(name, key) => plain(&format!("{name}/{key}")),
            Self::Queued(None) => "dead letters".to_owned(),
        }
    }

    /// Whether it cannot be seen here that something was done.
    pub(super) const fn is_out_of_sight(&self) -> bool {
        matches!(self, Self::Queued(_))
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
            Self::Queued(_) => None,
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
