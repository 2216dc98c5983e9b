//! Which circuits a client follows.

use crate::access::Caller;

/// Of those that the caller may see, all, or those that it named.
#[derive(Debug)]
pub(super) struct Filter {
    caller: Caller,
    names: Vec<String>,
}

impl Filter {
    /// Only these; of none named, all. A name may be one that comes later.
    pub(super) fn only<'a>(caller: Caller, names: impl Iterator<Item = &'a str>) -> Self {
        let mut names: Vec<_> = names.map(str::to_owned).collect();
        names.sort_unstable();
        names.dedup();
        Self { caller, names }
    }

    /// Whether the client follows this circuit. What happens to the whole box (no name) concerns
    /// everyone.
    pub(super) fn wants(&self, circuit: &str) -> bool {
        let named = || self.names.binary_search_by(|name| (**name).cmp(circuit));
        circuit.is_empty()
            || (self.names.is_empty() || named().is_ok()) && self.caller.sees(circuit)
    }
}
