//! One message as the model keeps it.

use std::sync::Arc;

use bytes::Bytes;

use crate::clock::{self, Millis};
use crate::id::MessageId;
use crate::message::{Leased, NewMessage, Pushed};
use crate::record::{Attempt, Death, MessageState, Record, Response, Scope};

/// How many attempts a message remembers.
const HISTORY_MAX: usize = 20;

#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: MessageId,
    pub(super) queue: Arc<str>,
    pub(super) message: Arc<NewMessage>,
    pub(super) stands: Stands,
    pub(super) due: Millis,
    /// Its age counts from here: from its push or its last retry.
    pub(super) aged_from: Millis,
    pub(super) attempts: u32,
    pub(super) deferrals: u32,
    pub(super) crashes: u32,
    pub(super) is_suspect: bool,
    pub(super) uncertain: bool,
    pub(super) history: Vec<Attempt>,
    pub(super) response: Option<Response>,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    Waiting,
    Leased {
        token: u64,
        until: Millis,
        owner: u64,
    },
    Delivered {
        at: Millis,
    },
    Dead {
        death: Death,
        at: Millis,
    },
}

impl Row {
    pub(super) fn key(&self) -> Option<&str> {
        self.message.key.as_deref()
    }

    /// The scope of its group.
    pub(super) fn group(&self) -> Option<Scope> {
        let group = self.message.group.clone();
        group.map(|group| Scope::Group(self.queue.to_string(), group))
    }

    pub(super) fn is_leased(&self) -> bool {
        matches!(self.stands, Stands::Leased { .. })
    }

    pub(super) fn is_dead(&self) -> bool {
        matches!(self.stands, Stands::Dead { .. })
    }

    /// It waits or is being sent.
    pub(super) fn is_alive(&self) -> bool {
        matches!(self.stands, Stands::Waiting | Stands::Leased { .. })
    }

    /// It counts in the bounds of its queue.
    pub(super) fn counts(&self) -> bool {
        self.is_alive() || self.is_dead()
    }

    pub(super) fn is_in(&self, scope: &Scope) -> bool {
        match scope {
            Scope::Everything => true,
            Scope::Queue(queue) => *self.queue == **queue,
            Scope::Group(queue, group) => {
                *self.queue == **queue && self.message.group.as_deref() == Some(group)
            }
        }
    }

    /// Adds to the history; the oldest goes.
    pub(super) fn remember(&mut self, attempt: Attempt) {
        if self.history.len() == HISTORY_MAX {
            self.history.remove(0);
        }
        self.history.push(attempt);
    }

    /// Its lease ended unsettled.
    pub(super) fn crash(&mut self, at: Millis, crashes_max: u32) {
        self.crashes += 1;
        self.is_suspect = true;
        self.uncertain = true;
        self.remember(Attempt {
            at,
            class: "crash".to_owned(),
            error: "its sender went away without a word".to_owned(),
        });
        self.stands = if self.crashes >= crashes_max {
            let death = Death::Crashes;
            Stands::Dead { death, at }
        } else {
            Stands::Waiting
        };
    }

    /// As its sender gets it.
    pub(super) fn leased(&self, token: u64, until: Millis) -> Leased {
        let message = &self.message;
        Leased {
            id: self.id,
            token,
            until: clock::time(until),
            queue: Arc::clone(&self.queue),
            key: message.key.clone(),
            group: message.group.clone(),
            idempotency_key: message.idempotency_key.clone(),
            attributes: message.attributes.clone(),
            body: message.body.clone(),
            attempts: self.attempts,
            deferrals: self.deferrals,
            crashes: self.crashes,
            uncertain: self.uncertain,
        }
    }

    /// Where it stands, why it is dead, and since when or for when.
    fn state(&self) -> (MessageState, Option<Death>, Millis) {
        match self.stands {
            Stands::Waiting => (MessageState::Pending, None, self.due),
            Stands::Leased { .. } => (MessageState::Delivering, None, self.due),
            Stands::Delivered { at } => (MessageState::Delivered, None, at),
            Stands::Dead { death, at } if death == Death::Expired => {
                (MessageState::Expired, Some(death), at)
            }
            Stands::Dead { death, at } => (MessageState::Dead, Some(death), at),
        }
    }

    /// What a repeat of its push is told.
    pub(super) fn pushed_again(&self, position: u64) -> Pushed {
        Pushed {
            id: self.id,
            position,
            before: Some(self.state().0),
        }
    }

    /// As it is read. Once delivered, it is told without its content.
    pub(super) fn record(&self) -> Record {
        let (state, death, at) = self.state();
        let record = Record {
            id: self.id,
            queue: self.queue.to_string(),
            key: self.message.key.clone(),
            group: self.message.group.clone(),
            idempotency_key: self.message.idempotency_key.clone(),
            state,
            death,
            pushed_at: self.id.time(),
            at: clock::time(at),
            attempts: self.attempts,
            deferrals: self.deferrals,
            crashes: self.crashes,
            uncertain: self.uncertain,
            bytes: self.message.size(),
            history: self.history.clone(),
            attributes: self.message.attributes.clone(),
            body: self.message.body.clone(),
            response: self.response.clone(),
        };
        if state == MessageState::Delivered {
            return without_content(record);
        }
        record
    }
}

/// As lists show it.
pub(super) fn without_content(record: Record) -> Record {
    Record {
        attributes: Vec::new(),
        body: Bytes::new(),
        ..record
    }
}
