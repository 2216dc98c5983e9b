//! Panics settle calls too, also those that somebody catches.

use std::mem;

/// Runs `step`. If it panics, what `slot` holds is dropped while the stack unwinds, so that a
/// permit in it counts as a failure.
///
/// Without this, a future whose panic was caught around `poll` would be dropped later, calmly, and
/// its permit would look like that of a caller who left.
pub(crate) fn emptied_by_panic<T, R>(slot: &mut Option<T>, step: impl FnOnce() -> R) -> R {
    let guard = Guard(slot);
    let result = step();
    mem::forget(guard);
    result
}

/// Forgotten on the way out of a step that returns, so its drop runs only while unwinding.
struct Guard<'a, T>(&'a mut Option<T>);

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        self.0.take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn a_step_that_returns_leaves_the_slot_alone() {
        let mut slot = Some(1);
        assert_eq!(emptied_by_panic(&mut slot, || 2), 2);
        assert_eq!(slot, Some(1));
    }

    #[test]
    fn a_step_that_panics_empties_the_slot_while_unwinding() {
        struct Seen<'a>(&'a mut bool);
        impl Drop for Seen<'_> {
            fn drop(&mut self) {
                *self.0 = std::thread::panicking();
            }
        }
        let mut unwinding = false;
        let mut slot = Some(Seen(&mut unwinding));
        let caught = catch_unwind(AssertUnwindSafe(|| {
            emptied_by_panic(&mut slot, || panic!("as a broken service would"));
        }));
        assert!(caught.is_err());
        assert!(slot.is_none());
        drop(slot);
        assert!(unwinding);
    }
}
