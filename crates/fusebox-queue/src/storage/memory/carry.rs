//! Carries out orders.

use std::collections::BTreeSet;

use super::row::{Row, Stands};
use super::{Book, Paused};
use crate::clock::Millis;
use crate::message::{NewMessage, Pushed};
use crate::record::{Death, Pause, Scope, Selection};
use crate::storage::{Done, Ending, Groups, Order, PauseOrder, Push, PushRefused, Settle};

impl Book {
    pub(super) fn carry_out(&mut self, order: &Order) -> Done {
        match order {
            Order::Push(push) => Done::Push(self.push(push)),
            Order::Lease(lease) => Done::Lease(self.lease(lease)),
            Order::Settle(settle) => Done::Settle(self.settle(settle)),
            Order::Pause(order) => Done::Pause(self.pause_all(order)),
            Order::Resume(order, epoch) => Done::Resume(self.resume(order, *epoch)),
            Order::Retry { selection, at } => Done::Retry(self.retry(selection, *at)),
            Order::Discard { selection } => {
                let places = self.dead(selection, |_| true);
                places
                    .iter()
                    .for_each(|seq| drop(self.messages.remove(seq)));
                Done::Discard(count(places.len()))
            }
            Order::Expire {
                queue,
                before,
                at,
                max,
            } => {
                let is_old = |row: &Row| row.stands == Stands::Waiting && row.aged_from < *before;
                let places = self.some(queue, is_old, *max + 1);
                let (death, at) = (Death::Expired, *at);
                let killed = places.len().min(*max);
                for seq in &places[..killed] {
                    self.change(*seq, |row| row.stands = Stands::Dead { death, at });
                }
                Done::Expire(count(killed), places.len() > killed)
            }
            Order::Forget { queue, before, max } => {
                let ended = |row: &Row| match row.stands {
                    Stands::Delivered { at } if at < *before => Some((at, row.id.seq())),
                    _ => None,
                };
                let mut places: Vec<_> = self.of(queue).filter_map(ended).collect();
                places.sort_unstable();
                places.truncate(*max);
                let forgotten = places.iter().map(|(_, seq)| seq);
                forgotten.for_each(|seq| drop(self.messages.remove(seq)));
                Done::Forget(count(places.len()))
            }
        }
    }

    fn push(&mut self, push: &Push) -> Result<Pushed, PushRefused> {
        let (waiting, counted, bytes) = self.filled(&push.queue);
        if let Some(first) = self.pushed_before(push) {
            if !is_same(&first.message, &push.message) {
                return Err(PushRefused::Mismatch(first.id));
            }
            return Ok(first.pushed_again(waiting));
        }
        if counted + 1 > push.limits.messages_max {
            return Err(PushRefused::Messages(counted + 1));
        }
        let bytes = bytes.saturating_add(push.message.size());
        if bytes > push.limits.bytes_max {
            return Err(PushRefused::Bytes(bytes));
        }
        let row = Row {
            id: push.id,
            queue: push.queue.clone(),
            message: push.message.clone(),
            stands: Stands::Waiting,
            due: push.at,
            aged_from: crate::clock::millis(push.id.time()),
            attempts: 0,
            deferrals: 0,
            crashes: 0,
            is_suspect: false,
            uncertain: push.message.uncertain,
            history: Vec::new(),
            response: None,
        };
        self.queues.insert(push.queue.clone());
        self.last_seq = self.last_seq.max(push.id.seq());
        self.messages.insert(push.id.seq(), row);
        Ok(Pushed {
            id: push.id,
            position: waiting + 1,
            before: None,
        })
    }

    /// Messages that wait or are being sent; those that count; the bytes of these.
    fn filled(&self, queue: &str) -> (u64, u64, u64) {
        let mut filled = (0, 0, 0);
        for row in self.of(queue).filter(|row| row.counts()) {
            filled.0 += u64::from(row.is_alive());
            filled.1 += 1;
            filled.2 += row.message.size();
        }
        filled
    }

    fn pushed_before(&self, push: &Push) -> Option<&Row> {
        let key = push.message.idempotency_key.as_ref()?;
        let mut rows = self.of(&push.queue);
        rows.find(|row| row.message.idempotency_key.as_ref() == Some(key))
    }

    fn settle(&mut self, settle: &Settle) -> bool {
        let Some(row) = self.messages.get_mut(&settle.id.seq()) else {
            return false;
        };
        let is_this = matches!(row.stands, Stands::Leased { token, .. } if token == settle.token);
        if row.id != settle.id || !is_this {
            return false;
        }
        row.is_suspect = false;
        match settle.ending.clone() {
            Ending::Delivered { response } => {
                row.attempts += 1;
                row.response = response;
                row.stands = Stands::Delivered { at: settle.at };
            }
            Ending::Again {
                due,
                attempt,
                counts,
                uncertain,
            } => {
                if counts {
                    row.attempts += 1;
                } else {
                    row.deferrals += 1;
                }
                row.remember(attempt);
                row.uncertain |= uncertain;
                row.due = due;
                row.stands = Stands::Waiting;
            }
            Ending::Deferred { due, uncertain } => {
                row.deferrals += 1;
                row.uncertain |= uncertain;
                row.due = due.unwrap_or(row.due);
                row.stands = Stands::Waiting;
            }
            Ending::Dead {
                death,
                attempt,
                response,
                uncertain,
            } => {
                row.attempts += 1;
                row.remember(attempt);
                row.uncertain |= uncertain;
                row.response = response;
                let at = settle.at;
                row.stands = Stands::Dead { death, at };
            }
        }
        true
    }

    fn retry(&mut self, selection: &Selection, at: Millis) -> u64 {
        let places = self.dead(selection, |death| death != Death::Corrupt);
        for seq in &places {
            self.change(*seq, |row| {
                row.stands = Stands::Waiting;
                (row.due, row.aged_from) = (at, at);
                (row.attempts, row.crashes) = (0, 0);
                row.is_suspect = false;
                row.response = None;
            });
        }
        count(places.len())
    }

    /// The places of the dead letters that are meant, each once.
    fn dead(&self, selection: &Selection, wanted: impl Fn(Death) -> bool) -> Vec<i64> {
        let is_wanted =
            |row: &Row| matches!(row.stands, Stands::Dead { death, .. } if wanted(death));
        match selection {
            Selection::Ids(ids) => {
                let found = ids.iter().filter_map(|id| self.find(*id));
                let found = found.filter(|row| is_wanted(row));
                let mut places: Vec<_> = found.map(|row| row.id.seq()).collect();
                places.sort_unstable();
                places.dedup();
                places
            }
            Selection::Oldest { queue, key, max } => {
                let is_of_key = |row: &Row| key.is_none() || row.message.key == *key;
                self.some(queue, |row| is_of_key(row) && is_wanted(row), *max)
            }
        }
    }

    /// The oldest of a queue that are so.
    fn some(&self, queue: &str, is_so: impl Fn(&Row) -> bool, max: usize) -> Vec<i64> {
        let rows = self.of(queue).filter(|row| is_so(row));
        rows.take(max).map(|row| row.id.seq()).collect()
    }

    fn change(&mut self, seq: i64, change: impl FnOnce(&mut Row)) {
        if let Some(row) = self.messages.get_mut(&seq) {
            change(row);
        }
    }

    fn pause_all(&mut self, order: &PauseOrder) -> Vec<Pause> {
        let mut done = vec![self.set_pause(order, &order.scope, true)];
        if order.groups == Groups::Along {
            done.extend(self.pause_groups(order));
        }
        done
    }

    /// Those of the scope that have messages and are not paused by themselves yet.
    fn pause_groups(&mut self, order: &PauseOrder) -> Vec<Pause> {
        let alive = self.messages.values();
        let alive = alive.filter(|row| row.is_alive() && row.is_in(&order.scope));
        let groups: BTreeSet<_> = alive.filter_map(Row::group).collect();
        let is_paused = |scope: &Scope| self.pauses.get(scope).is_some_and(|p| p.paused);
        let groups = groups.into_iter().filter(|scope| scope.is_in(&order.scope));
        let groups: Vec<_> = groups.filter(|scope| !is_paused(scope)).collect();
        let pauses = groups.iter();
        pauses
            .map(|scope| self.set_pause(order, scope, true))
            .collect()
    }

    fn resume(&mut self, order: &PauseOrder, epoch: Option<u64>) -> Result<Vec<Pause>, u64> {
        let now = self.pause(&order.scope);
        let found = now.as_ref().map_or(0, |now| now.epoch);
        let is_stale = epoch.is_some_and(|epoch| epoch != found);
        if is_stale || now.is_none() && order.groups != Groups::Along {
            return Err(found);
        }
        let mut left = Vec::new();
        if let (Groups::Left, Some(now)) = (order.groups, &now)
            && now.paused
        {
            left = self.pause_groups(&order.as_in(now));
        }
        let mut done = match now {
            Some(now) if !now.paused => vec![now],
            _ => vec![self.set_pause(order, &order.scope, false)],
        };
        done.extend(left);
        if order.groups == Groups::Along {
            let paused = self.pauses.iter().filter(|(_, pause)| pause.paused);
            let inner = paused.map(|(scope, _)| scope);
            let inner = inner.filter(|scope| scope.is_in(&order.scope));
            let inner: Vec<_> = inner.cloned().collect();
            let resumed = inner
                .iter()
                .map(|scope| self.set_pause(order, scope, false));
            done.extend(resumed);
        }
        Ok(done)
    }

    fn set_pause(&mut self, order: &PauseOrder, scope: &Scope, paused: bool) -> Pause {
        let before = self.pauses.get(scope);
        let pause = Paused {
            paused,
            epoch: before.map_or(0, |pause| pause.epoch) + 1,
            reason: order.reason.clone(),
            by: order.by.clone(),
            since: order.at,
        };
        self.pauses.insert(scope.clone(), pause.clone());
        pause.told(scope, self.in_flight(scope))
    }
}

/// Whether two pushes under one idempotency key are the same one.
fn is_same(one: &NewMessage, other: &NewMessage) -> bool {
    let of = |message: &NewMessage| (message.key.clone(), message.group.clone());
    of(one) == of(other) && one.asks().eq(other.asks()) && one.body == other.body
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}
