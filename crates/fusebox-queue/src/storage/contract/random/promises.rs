//! What holds whatever happens, told without the model: nothing is lost, keys are delivered one at
//! a time, nothing paused is leased, and who was told that a lease is over was told the truth.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::Checked;
use crate::MessageId;
use crate::record::{MessageState, Query, Scope};
use crate::storage::{Done, Ending, Order, Reader};

#[derive(Default)]
pub(super) struct Promises {
    pushed: BTreeSet<MessageId>,
    delivered: BTreeSet<MessageId>,
    discarded: u64,
    paused: BTreeSet<Scope>,
}

impl Promises {
    pub(super) fn pushed(&self) -> Vec<MessageId> {
        self.pushed.iter().copied().collect()
    }

    /// Takes notice of an order that was carried out.
    pub(super) fn keep(&mut self, order: &Order, done: &Done) -> Checked {
        match (order, done) {
            (Order::Push(push), Done::Push(Ok(pushed))) => {
                if pushed.is_repeat() {
                    prop_assert!(self.pushed.contains(&pushed.id), "a repeat of nothing");
                } else {
                    prop_assert_eq!(pushed.id, push.id);
                    prop_assert!(self.pushed.insert(pushed.id));
                }
            }
            (Order::Lease(lease), Done::Lease(taken)) => {
                prop_assert!(taken.leased.len() <= lease.max);
                let mut keys = BTreeSet::new();
                for leased in &taken.leased {
                    prop_assert!(!self.delivered.contains(&leased.id), "it has arrived");
                    prop_assert!(leased.key.is_none() || keys.insert(leased.key.clone()));
                    let queue = leased.queue.to_string();
                    let group = leased.group.clone();
                    let group = group.map(|group| Scope::Group(queue.clone(), group));
                    let scopes = [Some(Scope::Everything), Some(Scope::Queue(queue)), group];
                    for scope in scopes.iter().flatten() {
                        prop_assert!(!self.paused.contains(scope), "{:?} is paused", scope);
                    }
                }
                prop_assert!(taken.next_due.is_none_or(|due| due > lease.at));
            }
            (Order::Settle(settle), Done::Settle(true)) => {
                if matches!(settle.ending, Ending::Delivered { .. }) {
                    prop_assert!(self.delivered.insert(settle.id), "it arrived twice");
                }
            }
            (Order::Discard { .. }, Done::Discard(count)) => self.discarded += count,
            (Order::Pause(_), Done::Pause(pauses)) => {
                for pause in pauses {
                    prop_assert!(pause.paused);
                    self.paused.insert(pause.scope.clone());
                }
            }
            (Order::Resume(..), Done::Resume(Ok(pauses))) => {
                for pause in pauses {
                    if pause.paused {
                        self.paused.insert(pause.scope.clone());
                    } else {
                        self.paused.remove(&pause.scope);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Looks whether all of it is true.
    pub(super) fn check(&self, reader: &mut dyn Reader) -> Checked {
        let depths = reader.depths().expect("read");
        let there: u64 = depths.iter().map(|depth| depth.messages + depth.dead).sum();
        let delivered = self.delivered.len() as u64;
        let pushed = self.pushed.len() as u64;
        prop_assert_eq!(
            pushed,
            delivered + self.discarded + there,
            "nothing is lost"
        );
        let alive = reader.messages(&Query {
            limit: 1000,
            ..Query::default()
        });
        let mut in_flight = BTreeSet::new();
        for record in alive.expect("read").items {
            let Some(key) = record.key else { continue };
            if record.state == MessageState::Delivering {
                let is_first = in_flight.insert((record.queue, key));
                prop_assert!(is_first, "two of one key are being sent");
            }
        }
        Ok(())
    }
}
