//! Time that tests move: tokio's clock, paused.

use std::future::pending;
use std::time::Duration;

/// Moves the paused clock by `by` and runs every task that is due on the way, in order of time.
/// No real time passes: where the clock is not paused this panics.
pub(crate) async fn pass(by: Duration) {
    tokio::time::advance(Duration::ZERO).await;
    let nothing = tokio::time::timeout(by, pending::<()>()).await;
    assert!(nothing.is_err(), "what never comes came");
}
