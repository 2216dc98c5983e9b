//! Writes down how a sending went, also on a storage that has trouble.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::stats::RelayWatch;
use crate::QueueError;
use crate::message::Leased;
use crate::queue::Queue;
use crate::storage::Ending;

/// Waits for a storage that has trouble: short at first, never long.
#[derive(Debug, Default)]
pub(super) struct Backoff(u32);

impl Backoff {
    pub(super) fn next(&mut self) -> Duration {
        const FIRST: Duration = Duration::from_millis(100);
        // 100 ms, ... 6.4 s.
        let wait = FIRST * (1 << self.0.min(6));
        self.0 += 1;
        wait
    }
}

/// Tries until it is written, until the lease has ended by all means, or until the queues are
/// closed. What could not be written is sent again once its lease has ended.
pub(super) async fn settle(
    queue: &Queue,
    leased: &Leased,
    ending: Ending,
    watch: &RelayWatch,
    until: Instant,
) {
    let mut backoff = Backoff::default();
    let mut trouble: Option<Unwritten<'_>> = None;
    loop {
        let error = match queue.settle(leased, ending.clone()).await {
            Ok(true) => break,
            // After an error it may have been written down by the try before.
            Ok(false) if trouble.is_some() => break,
            Ok(false) => {
                watch.counts().lost.fetch_add(1, Relaxed);
                tracing::warn!(id = %leased.id, "the lease ended before the message was settled");
                break;
            }
            Err(error) => error,
        };
        watch.storage_failed(&error);
        trouble.get_or_insert_with(|| Unwritten::new(watch));
        if error == QueueError::Closed || Instant::now() >= until {
            watch.counts().lost.fetch_add(1, Relaxed);
            tracing::warn!(id = %leased.id, %error, "a message was sent and could not be settled");
            return;
        }
        sleep(backoff.next()).await;
    }
    drop(trouble);
    watch.storage_is_well();
}

/// While there is one, nothing is leased.
struct Unwritten<'a>(&'a RelayWatch);

impl<'a> Unwritten<'a> {
    fn new(watch: &'a RelayWatch) -> Self {
        watch.counts().unwritten.fetch_add(1, Relaxed);
        Self(watch)
    }
}

impl Drop for Unwritten<'_> {
    fn drop(&mut self) {
        self.0.counts().unwritten.fetch_sub(1, Relaxed);
    }
}
