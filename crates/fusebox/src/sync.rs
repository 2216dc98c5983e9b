//! The only file that names std or loom: everything else takes its atomics and locks from here,
//! so that the same code runs in production and under the model checker.

#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
#[cfg(not(loom))]
pub(crate) use std::sync::{Arc, Mutex, MutexGuard};

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};
#[cfg(loom)]
pub(crate) use loom::sync::{Mutex, MutexGuard};
#[cfg(loom)]
pub(crate) use std::sync::Arc;

/// Buckets of a time window (RULES.md, "Keeping time"). Two keep loom's state space small.
#[cfg(not(loom))]
pub(crate) const BUCKETS: usize = 16;
#[cfg(loom)]
pub(crate) const BUCKETS: usize = 2;

/// Locks, also after a thread panicked while it held the lock: no code of ours that runs under
/// a lock leaves its data half-changed, and a breaker must not die of somebody else's panic.
#[cfg(not(fusebox_tsan))]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The same for the thread sanitizer, which sees what is compiled here and not what std was
/// compiled to: there a thread that has to wait for the lock takes it.
#[cfg(fusebox_tsan)]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    loop {
        match mutex.try_lock() {
            Ok(guard) => return guard,
            Err(std::sync::TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
            Err(std::sync::TryLockError::WouldBlock) => std::thread::yield_now(),
        }
    }
}
