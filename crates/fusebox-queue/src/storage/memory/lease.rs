//! Whose turn it is.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Book;
use super::row::{Row, Stands};
use crate::clock::Millis;
use crate::record::{Death, Scope};
use crate::storage::{Lease, LeasesTaken};

impl Book {
    pub(super) fn lease(&mut self, lease: &Lease) -> LeasesTaken {
        let mut taken = LeasesTaken::default();
        self.end_leases(lease, &mut taken);
        while taken.leased.len() < lease.max {
            let Some(first) = self.first_due(lease) else {
                break;
            };
            // One that is too old does not go, so it need not wait for its turn to go alone.
            let is_aged = first.aged_from < lease.pushed_after;
            if self.waits_to_be_alone(first) && !is_aged {
                break;
            }
            let seq = first.id.seq();
            self.take(seq, lease, &mut taken);
        }
        let first = self.first_due(lease);
        if first.is_none_or(|first| self.waits_to_be_alone(first)) {
            taken.next_due = self.next_due(lease);
        }
        taken
    }

    /// Leases whose time is over or whose owner is gone are crashes.
    fn end_leases(&mut self, lease: &Lease, taken: &mut LeasesTaken) {
        let in_force = self.owner;
        let rows = self.messages.values_mut();
        for row in rows.filter(|row| row.queue == lease.queue) {
            let Stands::Leased { until, owner, .. } = row.stands else {
                continue;
            };
            if until <= lease.at || owner != in_force {
                row.crash(lease.at, lease.crashes_max);
                taken.crashed += 1;
                taken.dead += u64::from(row.is_dead());
            }
        }
    }

    /// Leases the message at this place, or finds it too old.
    fn take(&mut self, seq: i64, lease: &Lease, taken: &mut LeasesTaken) {
        let (token, owner) = (self.last_token + 1, self.owner);
        let Some(row) = self.messages.get_mut(&seq) else {
            return;
        };
        if row.aged_from < lease.pushed_after {
            let (death, at) = (Death::Expired, lease.at);
            row.stands = Stands::Dead { death, at };
            taken.expired += 1;
            return;
        }
        let until = lease.until;
        row.stands = Stands::Leased {
            token,
            until,
            owner,
        };
        taken.leased.push(row.leased(token, until));
        self.last_token = token;
    }

    /// The one whose turn it is; none while a suspect is being sent.
    fn first_due(&self, lease: &Lease) -> Option<&Row> {
        let mut in_flight = self.of(&lease.queue).filter(|row| row.is_leased());
        if in_flight.any(|row| row.is_suspect) {
            return None;
        }
        let due = self.heads(&lease.queue);
        let due = due.into_iter().filter(|row| row.due <= lease.at);
        due.min_by_key(|row| (row.due, row.id))
    }

    /// It holds back what comes after it until it can go alone.
    fn waits_to_be_alone(&self, first: &Row) -> bool {
        first.is_suspect && self.of(&first.queue).any(Row::is_leased)
    }

    /// When something else will be due.
    fn next_due(&self, lease: &Lease) -> Option<Millis> {
        let heads = self.heads(&lease.queue).into_iter().map(|row| row.due);
        heads.filter(|due| *due > lease.at).min()
    }

    /// Those that may be leased once they are due: firsts, and nothing that is paused.
    fn heads(&self, queue: &Arc<str>) -> Vec<&Row> {
        let mut firsts = self.firsts(queue);
        firsts.retain(|row| !self.is_paused(row));
        firsts
    }

    /// Of each key the oldest that is alive, and that only while none of the key is leased.
    pub(super) fn firsts(&self, queue: &Arc<str>) -> Vec<&Row> {
        let leased = self.of(queue).filter(|row| row.is_leased());
        let mut keys: BTreeSet<_> = leased.filter_map(Row::key).collect();
        let waiting = self.of(queue).filter(|row| row.stands == Stands::Waiting);
        let firsts = waiting.filter(|row| row.key().is_none_or(|key| keys.insert(key)));
        firsts.collect()
    }

    fn is_paused(&self, row: &Row) -> bool {
        let mut paused = self.pauses.iter().filter(|(_, pause)| pause.paused);
        paused.any(|(scope, _): (&Scope, _)| row.is_in(scope))
    }
}
