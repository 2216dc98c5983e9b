//! A breaker's clock placed on the wall, for display.

use std::time::SystemTime;

use fusebox::{Snapshot, Tick};
use fusebox_store::rfc3339;

/// One instant known in both times.
pub(crate) struct Wall {
    tick: Tick,
    wall: SystemTime,
}

impl Wall {
    /// For the instants of a snapshot that was taken just now.
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        Self::now_is(snapshot.taken_at)
    }

    /// `tick` is now.
    pub(crate) fn now_is(tick: Tick) -> Self {
        Self {
            tick,
            wall: SystemTime::now(),
        }
    }

    /// `tick` in RFC 3339, UTC, with milliseconds.
    pub(crate) fn at(&self, tick: Tick) -> String {
        let past = self.tick.saturating_since(tick);
        let ahead = tick.saturating_since(self.tick);
        let at = self
            .wall
            .checked_sub(past)
            .unwrap_or(SystemTime::UNIX_EPOCH);
        rfc3339(at.checked_add(ahead).unwrap_or(at))
    }
}

/// The wall-clock time now in RFC 3339.
pub(crate) fn now() -> String {
    rfc3339(SystemTime::now())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn ticks_lie_as_far_from_now_as_from_the_snapshot() {
        let wall = UNIX_EPOCH + Duration::from_secs(1_735_689_600);
        let wall = Wall {
            tick: Tick::from_nanos(10_000_000_000),
            wall,
        };
        assert_eq!(
            wall.at(Tick::from_nanos(8_500_000_000)),
            "2024-12-31T23:59:58.500Z"
        );
        assert_eq!(
            wall.at(Tick::from_nanos(10_000_000_000)),
            "2025-01-01T00:00:00.000Z"
        );
        assert_eq!(
            wall.at(Tick::from_nanos(70_000_000_000)),
            "2025-01-01T00:01:00.000Z"
        );
    }
}
