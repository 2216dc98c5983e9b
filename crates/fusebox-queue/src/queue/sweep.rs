//! What is too old goes, in small portions, so that a sweep never holds up a push for long.

use std::sync::Arc;
use std::time::Duration;

use super::line::Line;
use super::writer::Writer;
use crate::clock::{Millis, millis_of};
use crate::storage::{Done, Order, Storage};

/// Messages of one queue that one turn kills, and forgets.
const PORTION: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Sweep {
    last: Option<Millis>,
    has_more: bool,
}

impl Sweep {
    /// Whether the last turn left something.
    pub(super) fn has_more(&self) -> bool {
        self.has_more
    }

    /// Whether a tick has gone by; a clock that was set back counts as well.
    pub(super) fn is_due(&self, now: Millis, tick: Duration) -> bool {
        let gone = |last: Millis| now.abs_diff(last) >= millis_of(tick).unsigned_abs();
        self.has_more || self.last.is_none_or(gone)
    }

    /// One turn over all queues that this process has settings for. Whether anything changed.
    pub(super) fn run<S: Storage>(&mut self, writer: &mut Writer<S>) -> bool {
        let at = writer.shared.now();
        self.last = Some(at);
        self.has_more = false;
        let lines = writer.shared.all_lines();
        let orders: Vec<_> = lines.iter().flat_map(|line| orders(line, at)).collect();
        if orders.is_empty() {
            return false;
        }
        // If it fails, everything is as old at the next turn.
        let Some(done) = writer.commit_chore(&orders) else {
            return false;
        };
        let mut has_changed = false;
        for (line, done) in lines.iter().zip(done.chunks(2)) {
            for done in done {
                match done {
                    Done::Expire(count, more) if *count > 0 => {
                        line.has_expired(*count);
                        // Others of their keys may go now.
                        line.bell().ring();
                        self.has_more |= *more;
                        has_changed = true;
                    }
                    Done::Forget(count) => {
                        self.has_more |= usize::try_from(*count) == Ok(PORTION);
                    }
                    _ => {}
                }
            }
        }
        has_changed
    }
}

/// What is to go of one queue: always two orders.
fn orders(line: &Arc<Line>, at: Millis) -> [Order; 2] {
    let settings = line.settings();
    let expire = Order::Expire {
        queue: Arc::clone(line.name()),
        before: settings.too_old_before(at),
        at,
        max: PORTION,
    };
    // What is not remembered at all goes with the next turn.
    let forget = Order::Forget {
        queue: Arc::clone(line.name()),
        before: at.saturating_sub(millis_of(settings.remember_for)),
        max: PORTION,
    };
    [expire, forget]
}
