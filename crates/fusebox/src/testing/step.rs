//! One step of a script.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What a scripted back end does with one call, or with several.
pub struct Step<T, E> {
    answer: Arc<dyn Fn() -> Result<T, E> + Send + Sync>,
    pub(super) takes: Duration,
    pub(super) hangs: bool,
    pub(super) times: usize,
}

impl<T: 'static, E: 'static> Step<T, E> {
    /// The call succeeds with this value.
    pub fn ok(value: T) -> Self
    where
        T: Clone + Send + Sync,
    {
        Self::answers(move || Ok(value.clone()))
    }

    /// The call fails with this error.
    pub fn err(error: E) -> Self
    where
        E: Clone + Send + Sync,
    {
        Self::answers(move || Err(error.clone()))
    }

    /// The call ends with what this closure makes: for values and errors that cannot be cloned,
    /// for answers that differ, and for panics.
    ///
    /// ```
    /// use fusebox::testing::Step;
    /// use std::io::{Error, ErrorKind};
    /// let reset = Step::<u32, Error>::answers(|| Err(ErrorKind::ConnectionReset.into()));
    /// ```
    pub fn answers(answer: impl Fn() -> Result<T, E> + Send + Sync + 'static) -> Self {
        Self {
            answer: Arc::new(answer),
            takes: Duration::ZERO,
            hangs: false,
            times: 1,
        }
    }
}

impl<T, E> Step<T, E> {
    /// The call takes so long: the clock is moved by it before the answer.
    #[must_use]
    pub fn takes(mut self, takes: Duration) -> Self {
        self.takes = takes;
        self
    }

    /// The call does not end until [`BackEnd::release`](super::BackEnd::release) lets it go on.
    #[must_use]
    pub fn hangs(mut self) -> Self {
        self.hangs = true;
        self
    }

    /// The same for so many calls, one after the other; 0 leaves the step out.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    pub(super) fn answer(&self) -> Result<T, E> {
        (self.answer)()
    }
}

// Not derived: that would ask `T` and `E` to be `Clone` too.
impl<T, E> Clone for Step<T, E> {
    fn clone(&self) -> Self {
        Self {
            answer: Arc::clone(&self.answer),
            ..*self
        }
    }
}

impl<T, E> fmt::Debug for Step<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step")
            .field("takes", &self.takes)
            .field("hangs", &self.hangs)
            .field("times", &self.times)
            .finish_non_exhaustive()
    }
}
