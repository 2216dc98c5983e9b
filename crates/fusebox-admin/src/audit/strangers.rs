//! How much of what nobody was let in for is written down.
//!
//! The audit log is never trimmed, so that whoever may not act must not be able to fill it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fusebox::Tick;

const ENTRIES_MAX: u32 = 60;
const WINDOW: Duration = Duration::from_secs(60);

/// Entries about callers who were not let in, all together.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    window: Mutex<Window>,
}

#[derive(Debug, Default)]
struct Window {
    began: Option<Tick>,
    entries: u32,
    left_out: u64,
}

impl Strangers {
    /// `Some`: write it down, and with it how many were left out since the last one.
    pub(super) fn admit(&self, now: Tick) -> Option<u64> {
        // Counts stay right whatever panics elsewhere.
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |began| now.saturating_since(began) >= WINDOW;
        if window.began.is_none_or(is_over) {
            window.began = Some(now);
            window.entries = 0;
        }
        if window.entries >= ENTRIES_MAX {
            window.left_out += 1;
            return None;
        }
        window.entries += 1;
        Some(std::mem::take(&mut window.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_a_minute_are_written_down_and_the_rest_is_counted() {
        let strangers = Strangers::default();
        let at = |seconds: u64| Tick::from_nanos(seconds * 1_000_000_000);
        for _ in 0..60 {
            assert_eq!(strangers.admit(at(1)), Some(0));
        }
        for _ in 0..1000 {
            assert_eq!(strangers.admit(at(60)), None);
        }
        assert_eq!(strangers.admit(at(61)), Some(1000));
        assert_eq!(strangers.admit(at(61)), Some(0));
    }
}
