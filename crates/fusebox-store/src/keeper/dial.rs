//! A registry's clock placed on the wall, at one instant.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fusebox::{Registry, Tick};

use crate::wall;

/// Reads both clocks.
#[derive(Clone)]
pub(super) struct Dial {
    registry: Registry,
    wall: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

/// The same instant in both times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) tick: Tick,
    pub(super) wall: SystemTime,
}

impl Dial {
    pub(super) fn new(
        registry: &Registry,
        wall: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    ) -> Self {
        Self {
            registry: registry.clone(),
            wall,
        }
    }

    pub(super) fn now(&self) -> Now {
        Now {
            tick: self.registry.main().clock().now(),
            wall: wall::whole_millis((self.wall)()),
        }
    }
}

impl Now {
    /// When that was, or will be.
    pub(super) fn wall_of(&self, tick: Tick) -> SystemTime {
        let ahead = tick.saturating_since(self.tick);
        let past = self.tick.saturating_since(tick);
        let (far, near) = (i64::MAX, wall::unix_millis(self.wall));
        let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(far);
        wall::from_unix_millis(
            near.saturating_add(millis(ahead))
                .saturating_sub(millis(past)),
        )
    }

    /// How long ago that was; a time that lies ahead, on a clock that was set back, is now.
    pub(super) fn since(&self, time: SystemTime) -> Duration {
        self.wall.duration_since(time).unwrap_or_default()
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Dial").field(&self.now()).finish()
    }
}
