//! A breaker's clock placed on the wall, for display.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fusebox::{Snapshot, Tick};

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
        let since_1970 = self.wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        let past = self.tick.saturating_since(tick);
        let ahead = tick.saturating_since(self.tick);
        rfc3339(since_1970.saturating_sub(past).saturating_add(ahead))
    }
}

/// The wall-clock time now in RFC 3339.
pub(crate) fn now() -> String {
    rfc3339(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default(),
    )
}

fn rfc3339(since_1970: Duration) -> String {
    let seconds = since_1970.as_secs();
    let (year, month, day) = civil(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let millis = since_1970.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Year, month and day of a day since 1970-01-01, by Howard Hinnant's `civil_from_days`: years
/// begin in March, so that the leap day is the last, in eras of 400 years.
fn civil(day: u64) -> (u64, u64, u64) {
    let day = day + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let march_month = (5 * day + 2) / 153;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = era * 400 + year + u64::from(month <= 2);
    (year, month, day - (153 * march_month + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_in_utc_with_milliseconds() {
        for (millis, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_001, "2024-02-29T23:59:59.001Z"),
            (1_735_689_600_000, "2025-01-01T00:00:00.000Z"),
            (1_767_225_599_000, "2025-12-31T23:59:59.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(rfc3339(Duration::from_millis(millis)), expected);
        }
    }

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
