//! Wall-clock time, as an argument: messages outlive the process, so their times are those of the
//! calendar.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, as everything here keeps time.
pub(crate) type Millis = i64;

/// Where the queue's time comes from. Tests give one that they move.
pub trait WallClock: Send + Sync + fmt::Debug + 'static {
    /// The time now. It may jump: the queue stays in order all the same, and what it is set back
    /// by delays nothing.
    fn now(&self) -> SystemTime;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemWallClock;

impl WallClock for SystemWallClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// A clock that only moves when told to. Clones move together.
#[derive(Clone, Debug)]
pub struct ManualWallClock(Arc<AtomicI64>);

impl ManualWallClock {
    /// Begins at this time.
    pub fn new(begin: SystemTime) -> Self {
        Self(Arc::new(AtomicI64::new(millis(begin))))
    }

    /// Moves on by whole milliseconds.
    pub fn advance(&self, by: Duration) {
        // Read by nothing that depends on other memory.
        self.0.fetch_add(millis_of(by), Ordering::Relaxed);
    }

    /// Goes back by whole milliseconds, as a clock that is set right.
    pub fn set_back(&self, by: Duration) {
        self.0.fetch_sub(millis_of(by), Ordering::Relaxed);
    }
}

impl WallClock for ManualWallClock {
    fn now(&self) -> SystemTime {
        time(self.0.load(Ordering::Relaxed))
    }
}

/// The millisecond of a time, rounded down; before 1970 it is 0.
pub(crate) fn millis(time: SystemTime) -> Millis {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    millis_of(since)
}

/// A duration in whole milliseconds, at most what fits.
pub(crate) fn millis_of(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

/// The time of a millisecond.
pub(crate) fn time(millis: Millis) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis.max(0).unsigned_abs())
}
