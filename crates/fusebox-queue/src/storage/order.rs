//! What a storage can be told to do, and its answers.

use std::sync::Arc;

use crate::clock::Millis;
use crate::id::MessageId;
use crate::message::{Leased, NewMessage, Pushed};
use crate::record::{Attempt, Death, Pause, Response, Scope, Selection};

/// One thing to do. Each is answered by the variant of [`Done`] of the same name.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    Push(Push),
    Lease(Lease),
    Settle(Settle),
    /// Pauses a scope; paused already, it takes the new reason and a new epoch. With its groups:
    /// also, by itself, each group in it that has messages and is not paused by itself yet.
    Pause(PauseOrder),
    /// Ends a pause, if it is the one with this epoch (`None`: whichever it is), and does with the
    /// groups in it what [`PauseOrder::groups`] says.
    Resume(PauseOrder, Option<u64>),
    /// Makes dead letters wait again, due at once, with no attempts and no crashes. Corrupt ones
    /// stay as they are.
    Retry {
        selection: Selection,
        at: Millis,
    },
    /// Removes dead letters.
    Discard {
        selection: Selection,
    },
    /// Kills what was pushed before, of this queue; leased ones are left alone. At most `max`.
    Expire {
        queue: Arc<str>,
        before: Millis,
        at: Millis,
        max: usize,
    },
    /// Forgets delivered messages of this queue that ended before, at most `max`:
    /// those that ended first, at the same instant the older ones.
    Forget {
        queue: Arc<str>,
        before: Millis,
        max: usize,
    },
}

impl Order {
    /// Whether a power cut may lose it: a lost lease is only a message that waits again.
    #[cfg_attr(not(feature = "sqlite"), allow(dead_code))] // memory survives no power cut anyway
    pub(crate) const fn is_light(&self) -> bool {
        matches!(self, Self::Lease(_))
    }
}

/// Push a message.
#[derive(Clone, Debug)]
pub(crate) struct Push {
    pub(crate) queue: Arc<str>,
    /// Its place is greater than every one before.
    pub(crate) id: MessageId,
    pub(crate) message: Arc<NewMessage>,
    pub(crate) limits: PushLimits,
    /// When it is due.
    pub(crate) at: Millis,
}

/// How much a queue may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PushLimits {
    pub(crate) messages_max: u64,
    pub(crate) bytes_max: u64,
}

/// Take messages to send.
#[derive(Clone, Debug)]
pub(crate) struct Lease {
    pub(crate) queue: Arc<str>,
    pub(crate) at: Millis,
    pub(crate) until: Millis,
    pub(crate) max: usize,
    /// A message with so many crashes is dead.
    pub(crate) crashes_max: u32,
    /// What was pushed before this is too old, and dies instead.
    pub(crate) pushed_after: Millis,
}

/// Say how the sending of a message went.
#[derive(Clone, Debug)]
pub(crate) struct Settle {
    pub(crate) id: MessageId,
    pub(crate) token: u64,
    pub(crate) at: Millis,
    pub(crate) ending: Ending,
}

/// How the sending of a message went. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It arrived: one attempt more. Remembered with the answer.
    Delivered {
        /// What the receiver answered.
        response: Option<Response>,
    },
    /// It is tried again: one attempt more, or, if it failed for no fault of its own, one deferral
    /// more.
    Again {
        /// When.
        due: i64,
        /// What went wrong.
        attempt: Attempt,
        /// Whether it counts as an attempt: an outage of the receiver is no fault of the message.
        counts: bool,
        /// It may have arrived all the same.
        uncertain: bool,
    },
    /// It was not sent: one deferral more, and no attempt.
    Deferred {
        /// When it is due; `None`: as it was.
        due: Option<i64>,
        /// It may have arrived all the same: its sending was broken off.
        uncertain: bool,
    },
    /// It is a dead letter: one attempt more.
    Dead {
        /// Why.
        death: Death,
        /// What went wrong.
        attempt: Attempt,
        /// What the receiver answered.
        response: Option<Response>,
        /// It may have arrived all the same: whoever retries it may send it twice.
        uncertain: bool,
    },
}

/// What becomes of the groups in a scope that is paused or resumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Groups {
    /// Nothing.
    #[default]
    Apart,
    /// Paused with it: by itself, each that has messages and is not paused yet. Resumed with it:
    /// every pause in it.
    Along,
    /// Resumed, it leaves each that has messages paused by itself.
    Left,
}

/// Who pauses or resumes what.
#[derive(Clone, Debug)]
pub(crate) struct PauseOrder {
    pub(crate) scope: Scope,
    pub(crate) groups: Groups,
    pub(crate) reason: String,
    pub(crate) by: String,
    pub(crate) at: Millis,
}

impl PauseOrder {
    /// The same for the reason and in the name of a pause that is there.
    pub(crate) fn as_in(&self, pause: &Pause) -> Self {
        Self {
            reason: pause.reason.clone(),
            by: pause.by.clone(),
            ..self.clone()
        }
    }
}

/// How an order went.
#[derive(Clone, Debug)]
pub(crate) enum Done {
    Push(Result<Pushed, PushRefused>),
    Lease(LeasesTaken),
    /// Whether the lease was still that one; if not, nothing was done.
    Settle(bool),
    /// As it is now, then the groups that were changed with it.
    Pause(Vec<Pause>),
    /// The same; `Err`: the epoch in force (0: it was never paused).
    Resume(Result<Vec<Pause>, u64>),
    /// How many.
    Retry(u64),
    /// How many.
    Discard(u64),
    /// How many, and whether there may be more.
    Expire(u64, bool),
    /// How many.
    Forget(u64),
}

/// What was leased, and what was found on the way.
#[derive(Clone, Debug, Default)]
pub(crate) struct LeasesTaken {
    /// In the order of their turns.
    pub(crate) leased: Vec<Leased>,
    /// Rows that did not match their checksums, set aside as dead letters.
    pub(crate) corrupt: u64,
    /// Leases that had ended unsettled.
    pub(crate) crashed: u64,
    /// Messages that died of crashes.
    pub(crate) dead: u64,
    /// Messages that died of age.
    pub(crate) expired: u64,
    /// When the next message is due of those that wait for nothing but their time: that are not
    /// paused, and neither behind another one of their key nor behind one that is being sent. It is
    /// always later than the order; `None` also while more could be leased at once.
    pub(crate) next_due: Option<Millis>,
}

/// Why a push was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PushRefused {
    /// There would be so many messages.
    Messages(u64),
    /// There would be so many bytes.
    Bytes(u64),
    /// The idempotency key belongs to another message.
    Mismatch(MessageId),
}
