//! Circuits, branches and the main breaker as JSON, each a type with its schema.

mod breaker;
mod circuit;
mod main;
mod over;

pub(crate) use breaker::{Branch, Breaker, HoldWord, StateWord};
pub(crate) use circuit::Circuit;
pub(crate) use main::{Main, MainState};
pub(crate) use over::Override;

use std::time::Duration;

/// Seconds to the millisecond, rounded up: who waits so long is not too early.
fn seconds(duration: Duration) -> f64 {
    #[allow(clippy::cast_precision_loss)] // exact up to 2^53 ms
    let milliseconds = millis_up(duration) as f64;
    milliseconds / 1000.0
}

fn millis_up(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_rounded_up_to_the_millisecond() {
        assert!((seconds(Duration::from_nanos(1)) - 0.001).abs() < f64::EPSILON);
        assert!((seconds(Duration::from_millis(12_300)) - 12.3).abs() < f64::EPSILON);
        assert!(seconds(Duration::ZERO).abs() < f64::EPSILON);
    }
}
