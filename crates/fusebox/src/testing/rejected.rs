//! The assertion that a call was not admitted.

use crate::rejection::{CallError, Reason, Rejection};
use std::fmt::Debug;

/// An error that may be a rejection. Implement it for an error of your own that takes
/// rejections in, to use [`assert_rejected`] on it.
pub trait MayBeRejected {
    /// The rejection, if it is one.
    fn rejected(&self) -> Option<Rejection>;
}

impl MayBeRejected for Rejection {
    fn rejected(&self) -> Option<Rejection> {
        Some(*self)
    }
}

impl<E> MayBeRejected for CallError<E> {
    fn rejected(&self) -> Option<Rejection> {
        self.rejection()
    }
}

/// Asserts that a call, or the asking for a permit, was rejected for this reason. Gives the
/// rejection, to look at its `retry_after`.
///
/// ```
/// use fusebox::testing::assert_rejected;
/// use fusebox::{Author, CircuitBreaker, Reason, State};
/// use std::time::Duration;
/// let breaker = CircuitBreaker::builder("rag").open_for(Duration::from_secs(60)).build()?;
/// breaker.transition(State::Open, &Author::new("a test")).expect("nobody holds it");
/// let rejection = assert_rejected(&breaker.acquire(), Reason::Open);
/// assert!(rejection.retry_after() <= Some(Duration::from_secs(60)));
/// # Ok::<(), fusebox::SettingsError>(())
/// ```
///
/// # Panics
/// The call was admitted, or rejected for another reason.
#[track_caller]
pub fn assert_rejected<T, E: MayBeRejected + Debug>(
    result: &Result<T, E>,
    reason: Reason,
) -> Rejection {
    let expected = reason.as_str();
    let Err(error) = result else {
        panic!("expected a rejection ({expected}), but the call was made and succeeded");
    };
    match error.rejected() {
        Some(rejection) if rejection.reason() == reason => rejection,
        Some(other) => panic!(
            "expected a rejection ({expected}), but the reason is {}: {other}",
            other.reason().as_str()
        ),
        None => panic!("expected a rejection ({expected}), but the call was made: {error:?}"),
    }
}
