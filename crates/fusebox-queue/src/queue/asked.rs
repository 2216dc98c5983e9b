//! What was asked of the writer: turned into an order first, told how it went afterwards.

use std::sync::Arc;
use std::time::Duration;

use super::answer::Promise;
use super::line::Line;
use super::shared::Shared;
use crate::clock::{Millis, millis_of, time};
use crate::id::MessageId;
use crate::message::{Leases, NewMessage, Pushed};
use crate::record::{Pause, Selection};
use crate::storage::{
    Done, Ending, Lease, LeasesTaken, Order, PauseOrder, Push, PushLimits, PushRefused, Settle,
};
use crate::{PauseError, PushError, QueueError, StorageError};

/// With the promise that is to be kept.
pub(super) enum Asked {
    Push {
        line: Arc<Line>,
        message: Arc<NewMessage>,
        promise: Promise<Pushed, PushError>,
    },
    Lease {
        line: Arc<Line>,
        max: usize,
        lasts: Duration,
        promise: Promise<Leases>,
    },
    Settle {
        line: Arc<Line>,
        id: MessageId,
        token: u64,
        ending: Ending,
        promise: Promise<bool>,
    },
    /// The time of the order is set by the writer.
    Pause {
        order: PauseOrder,
        told: Told<QueueError>,
    },
    Resume {
        order: PauseOrder,
        epoch: Option<u64>,
        told: Told<PauseError>,
    },
    Retry {
        selection: Selection,
        promise: Promise<u64>,
    },
    Discard {
        selection: Selection,
        promise: Promise<u64>,
    },
}

/// Who waits for an order's end, with what has to be known then.
pub(super) enum Waiter {
    Push(Arc<Line>, PushLimits, Promise<Pushed, PushError>),
    Lease(Arc<Line>, Promise<Leases>),
    Settle(Arc<Line>, Ending, Promise<bool>),
    Pause(Told<QueueError>),
    Resume(Option<u64>, Told<PauseError>),
    Retry(Promise<u64>),
    Discard(Promise<u64>),
}

impl Asked {
    /// As an order of this time. `name` gives a message its name.
    pub(super) fn into_order(
        self,
        at: Millis,
        name: impl FnOnce() -> Result<MessageId, StorageError>,
    ) -> Option<(Order, Waiter)> {
        let pair = match self {
            Self::Push {
                line,
                message,
                promise,
            } => {
                let id = match name() {
                    Ok(id) => id,
                    Err(error) => {
                        let waiter = Waiter::Push(line, NO_LIMITS, promise);
                        waiter.failed(&error);
                        return None;
                    }
                };
                let push = push(&line, id, message, at);
                let waiter = Waiter::Push(line, push.limits, promise);
                (Order::Push(push), waiter)
            }
            Self::Lease {
                line,
                max,
                lasts,
                promise,
            } => {
                let lease = lease(&line, max, lasts, at);
                (Order::Lease(lease), Waiter::Lease(line, promise))
            }
            Self::Settle {
                line,
                id,
                token,
                ending,
                promise,
            } => {
                let settle = Settle {
                    id,
                    token,
                    at,
                    ending: ending.clone(),
                };
                (Order::Settle(settle), Waiter::Settle(line, ending, promise))
            }
            Self::Pause { order, told } => {
                let order = PauseOrder { at, ..order };
                (Order::Pause(order), Waiter::Pause(told))
            }
            Self::Resume { order, epoch, told } => {
                let order = PauseOrder { at, ..order };
                let waiter = Waiter::Resume(epoch, told);
                (Order::Resume(order, epoch), waiter)
            }
            Self::Retry { selection, promise } => {
                (Order::Retry { selection, at }, Waiter::Retry(promise))
            }
            Self::Discard { selection, promise } => {
                (Order::Discard { selection }, Waiter::Discard(promise))
            }
        };
        Some(pair)
    }
}

/// Of a push that no storage sees.
const NO_LIMITS: PushLimits = PushLimits {
    messages_max: 0,
    bytes_max: 0,
};

fn push(line: &Line, id: MessageId, message: Arc<NewMessage>, at: Millis) -> Push {
    let settings = line.settings();
    let limits = PushLimits {
        messages_max: settings.messages_max,
        bytes_max: settings.bytes_max,
    };
    let queue = Arc::clone(line.name());
    Push {
        queue,
        id,
        message,
        limits,
        at,
    }
}

fn lease(line: &Line, max: usize, lasts: Duration, at: Millis) -> Lease {
    let settings = line.settings();
    Lease {
        queue: Arc::clone(line.name()),
        at,
        until: at.saturating_add(millis_of(lasts)),
        max,
        crashes_max: settings.crashes_max.unwrap_or(u32::MAX),
        pushed_after: settings.too_old_before(at),
    }
}

impl Waiter {
    pub(super) fn is_push(&self) -> bool {
        matches!(self, Self::Push(..))
    }

    /// Messages of queues that are not named come back or go.
    pub(super) fn is_about_any_queue(&self) -> bool {
        matches!(self, Self::Retry(_) | Self::Discard(_))
    }

    /// It was done. What is known of the queue is set right, and its bell rung, before anybody is
    /// told.
    pub(super) fn done(self, done: Done, shared: &Shared) {
        match (self, done) {
            (Self::Push(line, limits, promise), Done::Push(pushed)) => {
                line.was_pushed(&pushed);
                let refused = |refused| refusal(&refused, line.name(), limits);
                let pushed = pushed.map_err(refused);
                line.bell().ring();
                promise.keep(pushed);
            }
            (Self::Lease(line, promise), Done::Lease(taken)) => {
                line.was_leased(&taken);
                promise.keep(Ok(leases(taken)));
            }
            (Self::Settle(line, ending, promise), Done::Settle(was_in_force)) => {
                if was_in_force {
                    line.was_settled(&ending);
                }
                line.bell().ring();
                promise.keep(Ok(was_in_force));
            }
            (Self::Pause(promise), Done::Pause(pauses)) => {
                shared.pauses.put(&pauses);
                promise.keep(Ok(pauses));
            }
            (Self::Resume(epoch, promise), Done::Resume(resumed)) => {
                if let Ok(pauses) = &resumed {
                    shared.pauses.put(pauses);
                }
                shared.ring_all();
                promise.keep(resumed.map_err(|found| stale(epoch, found)));
            }
            (Self::Retry(promise), Done::Retry(count))
            | (Self::Discard(promise), Done::Discard(count)) => {
                shared.ring_all();
                promise.keep(Ok(count));
            }
            (waiter, _) => waiter.failed(&StorageError::Failed {
                place: "the storage".to_owned(),
                detail: "it answered another question".to_owned(),
            }),
        }
    }

    /// It was not done, or nobody knows.
    pub(super) fn failed(self, error: &StorageError) {
        let failed = || QueueError::Storage(error.clone());
        match self {
            Self::Push(line, _, promise) => {
                let queue = line.name().to_string();
                let mut tally = line.tally();
                let error = if matches!(error, StorageError::Full { .. }) {
                    tally.rejected.disk_full += 1;
                    PushError::DiskFull { queue }
                } else {
                    tally.rejected.failed += 1;
                    failed().into()
                };
                drop(tally);
                promise.keep(Err(error));
            }
            Self::Lease(_, promise) => promise.keep(Err(failed())),
            Self::Settle(_, _, promise) => promise.keep(Err(failed())),
            Self::Pause(promise) => promise.keep(Err(failed())),
            Self::Resume(_, promise) => promise.keep(Err(failed().into())),
            Self::Retry(promise) | Self::Discard(promise) => promise.keep(Err(failed())),
        }
    }
}

fn refusal(refused: &PushRefused, queue: &str, limits: PushLimits) -> PushError {
    let (what, max, unit) = match *refused {
        PushRefused::Messages(what) => (what, limits.messages_max, "messages"),
        PushRefused::Bytes(what) => (what, limits.bytes_max, "bytes"),
        PushRefused::Mismatch(first) => return PushError::Mismatch { first },
    };
    PushError::Full {
        queue: queue.to_owned(),
        what,
        max,
        unit,
    }
}

/// Who is told of a pause.
pub(super) enum Told<E: From<QueueError>> {
    /// Of the scope that was asked for.
    One(Promise<Pause, E>),
    /// Of all that were changed, the scope that was asked for first.
    All(Promise<Vec<Pause>, E>),
}

impl<E: From<QueueError>> Told<E> {
    fn keep(self, result: Result<Vec<Pause>, E>) {
        match self {
            Self::One(promise) => promise.keep(result.and_then(|pauses| {
                let first = pauses.into_iter().next();
                first.ok_or_else(|| QueueError::Closed.into())
            })),
            Self::All(promise) => promise.keep(result),
        }
    }
}

/// Without an epoch only a scope that was never paused is refused.
fn stale(expected: Option<u64>, found: u64) -> PauseError {
    match expected {
        Some(expected) if found > 0 => PauseError::Stale { expected, found },
        _ => PauseError::Never,
    }
}

fn leases(taken: LeasesTaken) -> Leases {
    Leases {
        leased: taken.leased,
        corrupt: taken.corrupt,
        crashed: taken.crashed,
        dead: taken.dead,
        expired: taken.expired,
        next_due: taken.next_due.map(time),
    }
}
