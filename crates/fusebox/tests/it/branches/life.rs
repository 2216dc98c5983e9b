//! What can happen to the keys of a circuit.

use crate::model::action::{Action, action};
use proptest::prelude::*;

/// Keys that are watched.
pub(super) const KEYS: usize = 3;

/// One thing that happens.
#[derive(Clone, Debug)]
pub(super) enum Turn {
    /// To one key, or (time, settings, the end of the process) to all.
    One { key: usize, action: Action },
    /// The n-th call in flight passes its slow-call limit.
    Overdue { which: usize },
    /// Somebody looks at a key.
    Look { key: usize },
    /// So many other keys are called and looked at: the table looks whether watched ones can be
    /// laid to rest.
    Crowd(usize),
}

pub(super) fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        24 => (0..KEYS, action()).prop_map(|(key, action)| Turn::One { key, action }),
        2 => (0..8_usize).prop_map(|which| Turn::Overdue { which }),
        1 => (0..KEYS).prop_map(|key| Turn::Look { key }),
        5 => (1..5_usize).prop_map(Turn::Crowd),
    ]
}
