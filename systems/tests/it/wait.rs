//! Waiting for a condition, with a bound.

use std::time::{Duration, Instant};

/// Long enough for a machine that has much else to do.
const BOUND: Duration = Duration::from_secs(60);

/// Waits until it is so; a test whose condition never comes fails.
#[track_caller]
pub(crate) fn until(is_so: impl AsyncFnMut() -> bool) -> impl Future<Output = ()> {
    let from = std::panic::Location::caller();
    wait(BOUND, from.to_string(), is_so)
}

/// The same within a time that was promised.
pub(crate) async fn within(at_most: Duration, what: &str, is_so: impl AsyncFnMut() -> bool) {
    wait(at_most, what.to_owned(), is_so).await;
}

async fn wait(bound: Duration, what: String, mut is_so: impl AsyncFnMut() -> bool) {
    // A bound for the test itself, not a clock of what it tests.
    #[allow(clippy::disallowed_methods)]
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < bound, "not within {bound:?}: {what}");
        // tidy-allow(sleep): a look every few ms, within the bound above
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// How long something takes by the wall clock.
#[allow(clippy::disallowed_methods)] // what a caller waits is real
pub(crate) async fn timed<T>(what: impl Future<Output = T>) -> (T, Duration) {
    let begun = Instant::now();
    let done = what.await;
    (done, begun.elapsed())
}
