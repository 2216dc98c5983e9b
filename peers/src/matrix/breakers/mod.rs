//! One file for each breaker: how it is called, and what its documentation promises.

mod breaker_machines;
mod circuitbreaker_rs;
mod failsafe;
mod nobreak;
mod others;
mod piped;
mod recloser;
mod reliakit;
mod tower_resilience;

use crate::peer::Described;
use std::path::Path;

pub(crate) fn rust() -> Vec<Described> {
    vec![
        failsafe::described(),
        recloser::described(),
        tower_resilience::described(),
        circuitbreaker_rs::described(),
        nobreak::described(),
        reliakit::described(),
        breaker_machines::described(),
    ]
}

pub(crate) fn others(built: &Path) -> Vec<Described> {
    vec![
        others::gobreaker(built),
        others::resilience4j(built),
        others::pybreaker(built),
    ]
}
