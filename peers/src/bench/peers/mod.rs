//! One file for each breaker, each in the fastest configuration that is fair for the row.
//!
//! Fair: it has the policy that the row names, it is shared by the threads as its documentation
//! says, and it never opens where the row is about a closed one. What a breaker has not, it has no
//! case for.

mod breaker_machines;
mod circuitbreaker_rs;
mod failsafe;
mod floor;
mod fusebox;
mod nobreak;
mod recloser;
mod reliakit;
mod tower_resilience;

use crate::case::Case;
use std::time::Duration;

pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
/// The window of a rate, in calls, where a breaker counts calls.
pub(crate) const CALLS: usize = 100;

pub(crate) fn all() -> Vec<Case> {
    let files = [
        floor::cases(),
        fusebox::cases(),
        failsafe::cases(),
        recloser::cases(),
        nobreak::cases(),
        circuitbreaker_rs::cases(),
        reliakit::cases(),
        breaker_machines::cases(),
        tower_resilience::cases(),
    ];
    files.into_iter().flatten().collect()
}

/// A case of another breaker.
const fn case(
    peer: &'static str,
    row: crate::case::Row,
    how: &'static str,
    make: fn() -> crate::case::Calls,
) -> Case {
    Case {
        row,
        peer,
        how,
        ours: false,
        make,
    }
}
