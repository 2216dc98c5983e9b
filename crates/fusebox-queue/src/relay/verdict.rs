//! What a reply means for the breaker, the message and the pace.

use std::time::Duration;

use fusebox::{FailureClass, Outcome, Settlement};

use crate::clock::{Millis, millis_of, time};
use crate::message::Leased;
use crate::queue::Queue;
use crate::record::{Attempt, Death, Response};
use crate::sink::Reply;
use crate::storage::Ending;

/// What is kept of an error's text: enough for a sentence with a cause.
const ERROR_BYTES_MAX: usize = 500;
/// A longer `Retry-After` is a fantasy.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);

/// How a sending ended.
#[derive(Debug)]
pub(super) enum Sent {
    /// The sink replied.
    Replied(Reply),
    /// The time was over, or the sink panicked.
    NoReply(NoReply),
    /// The relay stopped and could not wait.
    BrokenOff,
}

/// Why there was no reply.
#[derive(Debug)]
pub(super) struct NoReply {
    pub(super) word: &'static str,
    pub(super) error: String,
    class: FailureClass,
}

/// The word for a panic, which has no class of its own.
const PANIC: &str = "panic";

impl NoReply {
    pub(super) fn timed_out(limit: Duration) -> Self {
        let class = FailureClass::Timeout;
        let limit = fusebox::duration::format(limit);
        Self {
            word: class.as_str(),
            error: format!("the sink did not answer within {limit}"),
            class,
        }
    }

    pub(super) fn panicked(said: &str) -> Self {
        Self {
            word: PANIC,
            error: format!("the sink panicked: {said}"),
            class: FailureClass::Caller,
        }
    }
}

/// What follows from it.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) outcome: Outcome,
    retry_after: Option<Duration>,
    pub(super) ending: Ending,
    pub(super) kind: Kind,
    /// The receiver asked for a rest.
    pub(super) rest: Option<Duration>,
}

impl Verdict {
    /// What the breaker hears.
    pub(super) fn settlement(&self) -> Settlement {
        let settlement = Settlement::new(self.outcome);
        match self.retry_after {
            Some(retry_after) => settlement.retry_after(retry_after),
            None => settlement,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Delivered,
    Failed,
    Exhausted,
    Panicked,
    Refused,
    Throttled,
    BrokenOff,
}

/// Judges how a sending ended.
pub(super) fn of(sent: Sent, leased: &Leased, queue: &Queue, is_trial: bool) -> Verdict {
    let at = Moment {
        now: queue.now(),
        is_trial,
    };
    match sent {
        Sent::Replied(reply) => of_reply(reply, leased, queue, at),
        Sent::NoReply(NoReply { word, error, class }) => {
            let failure = Failure {
                class,
                word,
                error,
                retry_after: None,
                // Nobody knows what it had done by then.
                uncertain: true,
            };
            let verdict = failure.verdict(leased, queue, at);
            match word {
                PANIC => Verdict {
                    kind: Kind::Panicked,
                    ..verdict
                },
                _ => verdict,
            }
        }
        Sent::BrokenOff => Verdict {
            outcome: Outcome::Ignored,
            retry_after: None,
            ending: Ending::Deferred {
                due: None,
                uncertain: true,
            },
            kind: Kind::BrokenOff,
            rest: None,
        },
    }
}

fn of_reply(reply: Reply, leased: &Leased, queue: &Queue, at: Moment) -> Verdict {
    let now = at.now;
    match reply {
        Reply::Delivered(response) => Verdict {
            outcome: Outcome::Success,
            retry_after: None,
            ending: Ending::Delivered { response },
            kind: Kind::Delivered,
            rest: None,
        },
        Reply::Refused {
            class,
            error,
            response,
        } => refused(attempt(now, &class, &error), response, Outcome::Success),
        Reply::Unsendable { error } => {
            refused(attempt(now, "unsendable", &error), None, Outcome::Ignored)
        }
        Reply::Failed {
            class,
            error,
            retry_after,
            uncertain,
        } => {
            let failure = Failure {
                class,
                word: class.as_str(),
                error,
                retry_after,
                uncertain,
            };
            failure.verdict(leased, queue, at)
        }
        Reply::Throttled {
            retry_after,
            uncertain,
            ..
        } => {
            // No attempt, but each time it was put off the wait grows all the same.
            let tries = leased.attempts.saturating_add(leased.deferrals);
            let due = due(queue, tries.saturating_add(1), retry_after, now);
            Verdict {
                outcome: Outcome::Ignored,
                retry_after: None,
                ending: Ending::Deferred {
                    due: Some(due),
                    uncertain,
                },
                kind: Kind::Throttled,
                rest: retry_after,
            }
        }
    }
}

fn refused(attempt: Attempt, response: Option<Response>, outcome: Outcome) -> Verdict {
    Verdict {
        outcome,
        retry_after: None,
        ending: Ending::Dead {
            death: Death::Refused,
            attempt,
            response,
            // It was answered, or was never sent.
            uncertain: false,
        },
        kind: Kind::Refused,
        rest: None,
    }
}

struct Failure {
    class: FailureClass,
    word: &'static str,
    error: String,
    retry_after: Option<Duration>,
    uncertain: bool,
}

/// When a sending ended, and how the circuit stood.
#[derive(Clone, Copy)]
struct Moment {
    now: Millis,
    is_trial: bool,
}

impl Failure {
    /// Whether it may be the message's fault. It is not where nobody was reached, nor where the
    /// circuit was known to be bad and its trial failed, with an answer (a proxy's 503) or without:
    /// an outage may last longer than any number of attempts, and what waits for its end must not
    /// die of it. A fault of the sink itself is no outage.
    fn counts(&self, is_trial: bool) -> bool {
        match self.class {
            FailureClass::Connect => false,
            FailureClass::Caller => true,
            _ => !is_trial,
        }
    }

    fn verdict(self, leased: &Leased, queue: &Queue, at: Moment) -> Verdict {
        let now = at.now;
        let counts = self.counts(at.is_trial);
        let attempts = leased.attempts.saturating_add(1);
        let attempt = attempt(now, self.word, &self.error);
        let attempts_max = queue.settings().attempts_max;
        let is_last = counts && attempts_max.is_some_and(|max| attempts >= max);
        let ending = if is_last {
            Ending::Dead {
                death: Death::Attempts,
                attempt,
                response: None,
                uncertain: self.uncertain,
            }
        } else {
            Ending::Again {
                due: due(queue, attempts, self.retry_after, now),
                attempt,
                counts,
                uncertain: self.uncertain,
            }
        };
        Verdict {
            outcome: Outcome::Failure(self.class),
            retry_after: self.retry_after,
            ending,
            kind: if is_last {
                Kind::Exhausted
            } else {
                Kind::Failed
            },
            rest: None,
        }
    }
}

/// After so many tries: the later of the backoff, which the settings bound, and of what the
/// receiver asks for.
fn due(queue: &Queue, tries: u32, retry_after: Option<Duration>, now: Millis) -> Millis {
    let asked = retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
    let by_itself = queue.retry_at(tries, time(now), random());
    by_itself.max(now.saturating_add(millis_of(asked)))
}

fn attempt(at: Millis, class: &str, error: &str) -> Attempt {
    Attempt {
        at,
        class: cut(class).to_owned(),
        error: cut(error).to_owned(),
    }
}

/// Errors may hold words from outside.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(ERROR_BYTES_MAX)]
}

/// From 0 to 1. Without the system's random numbers there is no jitter: rather that than no retry.
fn random() -> f64 {
    getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX))
}
