//! Answers for calls that the breaker rejected or that failed.
//!
//! A fallback is asked after the call was settled: nothing it does changes what the breaker has
//! recorded. It runs on the caller's thread, outside every lock.

use crate::clock::{Clock, ClockSource, Tick};
use crate::rejection::CallError;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Answers in place of a dependency.
///
/// [`FixedAnswer`] and [`LastGood`] are the common ones, [`fallback_fn`] makes one of a closure.
pub trait Fallback<T, E> {
    /// A short word for counters and metrics: one of few, never a key or a text of an error.
    fn kind(&self) -> &'static str;

    /// The answer, or `None` where this error is the caller's to see.
    fn answer(&self, error: &CallError<E>) -> Option<T>;

    /// Told of every value that a call gave. Does nothing unless the fallback learns from it.
    fn remember(&self, value: &T) {
        let _ = value;
    }
}

/// Always the same answer, kind `fixed`.
///
/// ```
/// use fusebox::{CallError, Fallback, FixedAnswer};
/// let empty = FixedAnswer(Vec::<u8>::new());
/// assert_eq!(empty.answer(&CallError::Failed("no route")), Some(Vec::new()));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct FixedAnswer<T>(pub T);

impl<T: Clone, E> Fallback<T, E> for FixedAnswer<T> {
    fn kind(&self) -> &'static str {
        "fixed"
    }

    fn answer(&self, _: &CallError<E>) -> Option<T> {
        Some(self.0.clone())
    }
}

/// The value of the last call that gave one, kind `last_good`, while it is young enough.
///
/// It keeps one value: where the answer depends on a question, keep one of these for each
/// question. Every value is cloned when it comes.
pub struct LastGood<T> {
    age_max: Duration,
    clock: ClockSource,
    kept: Mutex<Option<Kept<T>>>,
}

struct Kept<T> {
    /// Shared, so that a stranger's `clone` runs after the lock.
    value: Arc<T>,
    at: Tick,
}

impl<T> LastGood<T> {
    /// Nothing yet. A value that is `age_max` old is not given any more.
    pub fn new(age_max: Duration) -> Self {
        Self {
            age_max,
            clock: ClockSource::System,
            kept: Mutex::new(None),
        }
    }

    /// Another clock than the system's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = ClockSource::Given(Arc::new(clock));
        self
    }

    /// How old the value is, if there is one.
    pub fn age(&self) -> Option<Duration> {
        let now = self.clock.now();
        let at = self.lock().as_ref().map(|kept| kept.at)?;
        Some(now.saturating_since(at))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Kept<T>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone, E> Fallback<T, E> for LastGood<T> {
    fn kind(&self) -> &'static str {
        "last_good"
    }

    fn answer(&self, _: &CallError<E>) -> Option<T> {
        let now = self.clock.now();
        let value = self.lock().as_ref().and_then(|kept| {
            let young = now.saturating_since(kept.at) < self.age_max;
            young.then(|| Arc::clone(&kept.value))
        });
        value.map(|value| T::clone(&value))
    }

    fn remember(&self, value: &T) {
        let new = Kept {
            value: Arc::new(value.clone()),
            at: self.clock.now(),
        };
        let mut kept = self.lock();
        // Of two calls that end together the later one stays, whoever gets the lock first.
        let old = match kept.as_ref() {
            Some(newer) if newer.at > new.at => Some(new),
            _ => kept.replace(new),
        };
        drop(kept);
        // A stranger's `drop`, after the lock.
        drop(old);
    }
}

impl<T> fmt::Debug for LastGood<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LastGood")
            .field("age_max", &self.age_max)
            .field("age", &self.age())
            .finish_non_exhaustive()
    }
}

/// A fallback of a closure. Made by [`fallback_fn`].
#[derive(Clone, Copy)]
pub struct FallbackFn<F> {
    kind: &'static str,
    answer: F,
}

/// Makes a fallback of a closure.
///
/// ```
/// use fusebox::{fallback_fn, CallError, Fallback};
/// let queued = fallback_fn("queued", |error: &CallError<String>| match error {
///     CallError::Rejected(_) => Some("queued for retry"),
///     CallError::Failed(_) => None,
/// });
/// assert_eq!(queued.kind(), "queued");
/// assert_eq!(queued.answer(&CallError::Failed("bad request".to_owned())), None);
/// ```
pub const fn fallback_fn<T, E, F>(kind: &'static str, answer: F) -> FallbackFn<F>
where
    F: Fn(&CallError<E>) -> Option<T>,
{
    FallbackFn { kind, answer }
}

impl<T, E, F: Fn(&CallError<E>) -> Option<T>> Fallback<T, E> for FallbackFn<F> {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn answer(&self, error: &CallError<E>) -> Option<T> {
        (self.answer)(error)
    }
}

impl<F> fmt::Debug for FallbackFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallbackFn")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
