//! The one seam through which time enters. Everything below it takes a [`Tick`] as an argument.

use crate::sync::Arc;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A point in time: nanoseconds since the origin of the clock that made it. Monotonic, without
/// relation to the wall clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(u64);

impl Tick {
    /// The origin of a clock.
    pub const ZERO: Self = Self(0);
    /// Later than every instant that a clock can show.
    pub const NEVER: Self = Self(u64::MAX);

    /// The tick `nanos` nanoseconds after the origin.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the origin.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The tick `by` later; [`Tick::NEVER`] if that cannot be represented.
    #[must_use]
    pub fn saturating_add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(nanos(by)))
    }

    /// The time from `earlier` to this tick; zero if `earlier` is not earlier.
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// A duration as nanoseconds; more than 584 years are cut there.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Where a breaker reads the time.
///
/// Both readings are of one time scale and never go back. `coarse` may lag `now` by a few
/// milliseconds and is never ahead of it: the call path uses it because it costs a quarter.
pub trait Clock: Send + Sync + Debug {
    /// The exact time.
    fn now(&self) -> Tick;

    /// The time, a few milliseconds old at most.
    fn coarse(&self) -> Tick {
        self.now()
    }
}

/// The machine's monotonic clock. `coarse` is `CLOCK_MONOTONIC_COARSE` on Linux (4 to 10 ms
/// resolution, no system call, no helper thread that a fork would lose), elsewhere `now`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[cfg(target_os = "linux")]
impl Clock for SystemClock {
    fn now(&self) -> Tick {
        linux::read(rustix::time::ClockId::Monotonic)
    }

    fn coarse(&self) -> Tick {
        linux::read(rustix::time::ClockId::MonotonicCoarse)
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::Tick;
    use rustix::time::{ClockId, clock_gettime};

    #[inline]
    pub(super) fn read(id: ClockId) -> Tick {
        let time = clock_gettime(id);
        // Monotonic clocks start at boot: both parts are positive and fit for 584 years.
        Tick::from_nanos(time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned())
    }
}

#[cfg(not(target_os = "linux"))]
impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // this is the seam
    fn now(&self) -> Tick {
        use std::sync::OnceLock;
        use std::time::Instant;
        static ORIGIN: OnceLock<Instant> = OnceLock::new();
        Tick::from_nanos(nanos(ORIGIN.get_or_init(Instant::now).elapsed()))
    }
}

/// A clock that moves only when told: for tests, replays and simulations. Clones share the time.
#[derive(Clone, Debug, Default)]
pub struct ManualClock {
    nanos: Arc<AtomicU64>,
}

impl ManualClock {
    /// A clock at its origin.
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves the time forward, to [`Tick::NEVER`] at most.
    pub fn advance(&self, by: Duration) {
        let later = |now: u64| Some(now.saturating_add(nanos(by)));
        // Never refuses.
        let _ = self
            .nanos
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, later);
    }

    /// Moves the time to `tick`; an earlier one changes nothing, as a clock never goes back.
    pub fn set(&self, tick: Tick) {
        self.nanos.fetch_max(tick.as_nanos(), Ordering::AcqRel);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Tick {
        Tick::from_nanos(self.nanos.load(Ordering::Acquire))
    }
}

/// The clock of a breaker: the system's without a virtual call, or the one that was given.
#[derive(Clone, Debug)]
pub(crate) enum ClockSource {
    System,
    Given(Arc<dyn Clock>),
}

impl ClockSource {
    #[inline]
    pub(crate) fn now(&self) -> Tick {
        match self {
            Self::System => SystemClock.now(),
            Self::Given(clock) => clock.now(),
        }
    }

    #[inline]
    pub(crate) fn coarse(&self) -> Tick {
        match self {
            Self::System => SystemClock.coarse(),
            Self::Given(clock) => clock.coarse(),
        }
    }

    pub(crate) fn as_dyn(&self) -> &dyn Clock {
        match self {
            Self::System => &SystemClock,
            Self::Given(clock) => clock.as_ref(),
        }
    }
}
