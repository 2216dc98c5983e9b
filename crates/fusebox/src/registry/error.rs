//! Why a registry refused, and what may be done about it.

use crate::environment::EnvironmentError;
use crate::settings::SettingsError;
use std::fmt;

/// A registry refused. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistryError {
    /// There is a circuit of that name: use [`define`](super::Registry::define) to replace it.
    NameTaken {
        /// The name.
        name: String,
    },
    /// A list of definitions has two of that name.
    DefinedTwice {
        /// The name.
        name: String,
    },
    /// The process's registry was used before it was
    /// [installed](super::RegistryBuilder::install): install it first thing in `main`.
    InUse,
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
    /// The registry has as many circuits as it may have: raise
    /// [`circuits_max`](super::RegistryBuilder::circuits_max), or do not make names from input.
    /// Removed circuits count, and wait for their names to come back, as somebody may still call
    /// through them.
    Full {
        /// The circuit that found no place.
        name: String,
        /// How many may be there.
        circuits_max: usize,
        /// How many of them are removed circuits.
        parked: usize,
    },
    /// The settings of this circuit were changed too often to be changed again: see
    /// [`ControlError::TooManyChanges`](crate::ControlError::TooManyChanges).
    TooManyChanges {
        /// The circuit.
        circuit: String,
    },
    /// Two services would be set by the same environment variable: rename one of them.
    SameVariable {
        /// The variable.
        variable: String,
        /// A circuit of each.
        circuits: [String; 2],
    },
    /// An environment variable is wrong.
    Environment(EnvironmentError),
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameTaken { name } => write!(f, "there is a circuit {name} already"),
            Self::DefinedTwice { name } => write!(f, "circuit {name} is defined twice"),
            Self::InUse => f.write_str("the process's registry was used before it was installed"),
            Self::UnknownCircuit {
                name,
                nearest: Some(nearest),
            } => write!(f, "there is no circuit {name:?} (did you mean {nearest}?)"),
            Self::UnknownCircuit { name, .. } => write!(f, "there is no circuit {name:?}"),
            Self::Settings { circuit, error } => write!(f, "circuit {circuit}: {error}"),
            Self::Full {
                name,
                circuits_max,
                parked: 0,
            } => write!(f, "no place for circuit {name}: {circuits_max} are allowed"),
            Self::Full {
                name,
                circuits_max,
                parked,
            } => write!(
                f,
                "no place for circuit {name}: {circuits_max} are allowed, and {parked} of them \
                 are removed ones that wait for their names to come back"
            ),
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
                "circuits {one} and {other} would both be set by {variable}: rename the \
                 service of one of them"
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
