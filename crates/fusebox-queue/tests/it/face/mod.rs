//! The face of the queues.

mod lease;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fusebox_queue::{ManualWallClock, NewMessage, Queue, QueueSettings, Queues};

/// Far more than anything here takes: who waits so long has failed.
pub(crate) const SOON: Duration = Duration::from_secs(10);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// Where clocks of tests begin.
pub(crate) fn begin() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

/// Queues in memory with a clock that the test moves; chores come quickly.
pub(crate) fn queues() -> (Queues, ManualWallClock) {
    let clock = ManualWallClock::new(begin());
    let builder = Queues::builder().clock(clock.clone());
    let builder = builder.tick(Duration::from_millis(2));
    (builder.in_memory().expect("opens"), clock)
}

pub(crate) fn queue(queues: &Queues) -> Queue {
    let settings = QueueSettings::default();
    queues.queue("receipts", settings).expect("a fine queue")
}

pub(crate) fn message(body: &str) -> NewMessage {
    NewMessage::new(body.to_owned())
}
