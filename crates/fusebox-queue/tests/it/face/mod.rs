//! The face of the queues.

mod ages;
mod dead;
mod end;
mod grouped;
mod pauses;
mod push;
mod way;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fusebox_queue::{
    Attempt, Death, Ending, Leased, ManualWallClock, NewMessage, Queue, QueueSettings, Queues,
};

/// Far more than anything here takes: who waits so long has failed.
pub(crate) const SOON: Duration = Duration::from_secs(10);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// Where clocks of tests begin.
pub(crate) fn begin() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

/// Queues in memory with a clock that the test moves.
pub(crate) fn queues() -> (Queues, ManualWallClock) {
    let clock = ManualWallClock::new(begin());
    let builder = Queues::builder().clock(clock.clone());
    (builder.in_memory().expect("opens"), clock)
}

pub(crate) fn queue(queues: &Queues) -> Queue {
    with(queues, QueueSettings::default())
}

pub(crate) fn with(queues: &Queues, settings: QueueSettings) -> Queue {
    queues.queue("receipts", settings).expect("a fine queue")
}

pub(crate) fn message(body: &str) -> NewMessage {
    NewMessage::new(body.to_owned())
}

/// All that may be leased now.
pub(crate) fn lease(queue: &Queue) -> Vec<Leased> {
    let leases = queue.lease(100, MINUTE).wait(SOON);
    leases.expect("leased").leased
}

pub(crate) fn settle(queue: &Queue, leased: &Leased, ending: Ending) {
    assert_eq!(queue.settle(leased, ending).wait(SOON), Ok(true));
}

pub(crate) fn delivered() -> Ending {
    Ending::Delivered { response: None }
}

pub(crate) fn attempt(queue: &Queue) -> Attempt {
    Attempt {
        at: queue.now(),
        class: "status".to_owned(),
        error: "422 Unprocessable Content".to_owned(),
    }
}

pub(crate) fn refused(queue: &Queue) -> Ending {
    Ending::Dead {
        death: Death::Refused,
        attempt: attempt(queue),
        response: None,
        uncertain: false,
    }
}

/// The writer does its chores after the first commit that finds the clock moved, and before the
/// next one.
pub(crate) fn chores(queue: &Queue) {
    for _ in 0..2 {
        let nothing = queue.lease(0, MINUTE).wait(SOON);
        assert_eq!(nothing.expect("leased").leased, []);
    }
}
