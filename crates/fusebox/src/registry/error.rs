//! Why a registry refused, and what may be done about it.

use crate::environment::EnvironmentError;
use crate::settings::SettingsError;
use std::fmt;

/// A registry refused. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistryError {
    /// There is a circuit of that name, or a list of definitions has two: use
    /// [`define`](super::Registry::define) to replace it.
    NameTaken {
        /// The name.
        name: String,
    },
    /// There is no circuit of that name.
    UnknownCircuit {
        /// The name.
        name: String,
        /// The name that was perhaps meant.
        nearest: Option<String>,
    },
    /// A name or setting outside what is allowed.
    Settings {
        /// The circuit.
        circuit: String,
        /// What is wrong.
        error: SettingsError,
    },
    /// The registry has as many circuits as it may have, parked ones included: raise
    /// [`circuits_max`](super::RegistryBuilder::circuits_max), or do not make names from input.
    Full {
        /// The circuit that found no place.
        name: String,
        /// How many may be there.
        circuits_max: usize,
    },
    /// The settings of this circuit were changed too often to be changed again: see
    /// [`ControlError::TooManyChanges`](crate::ControlError::TooManyChanges).
    TooManyChanges {
        /// The circuit.
        circuit: String,
    },
    /// Two circuits would be set by the same environment variables: rename one of them.
    SameVariable {
        /// The part that stands for both.
        variable: String,
        /// Both names.
        circuits: [String; 2],
    },
    /// An environment variable is wrong.
    Environment(EnvironmentError),
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameTaken { name } => write!(f, "there is a circuit {name} already"),
            Self::UnknownCircuit {
                name,
                nearest: Some(nearest),
            } => write!(f, "there is no circuit {name:?} (did you mean {nearest}?)"),
            Self::UnknownCircuit { name, .. } => write!(f, "there is no circuit {name:?}"),
            Self::Settings { circuit, error } => write!(f, "circuit {circuit}: {error}"),
            Self::Full { name, circuits_max } => {
                write!(f, "no place for circuit {name}: {circuits_max} are allowed")
            }
            Self::TooManyChanges { circuit } => {
                write!(
                    f,
                    "the settings of circuit {circuit} were changed too often"
                )
            }
            Self::SameVariable {
                variable,
                circuits: [one, other],
            } => write!(
                f,
                "circuits {one} and {other} have the same environment variables \
                 ({variable}): rename one of them"
            ),
            Self::Environment(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RegistryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Settings { error, .. } => Some(error),
            Self::Environment(error) => Some(error),
            _ => None,
        }
    }
}

impl From<EnvironmentError> for RegistryError {
    fn from(error: EnvironmentError) -> Self {
        Self::Environment(error)
    }
}
