//! The way of a call through its branch.

use super::slot::Class;
use super::table::Table;
use super::{BranchTicket, Branches, NamedKey, Whole};
use crate::breaker::CircuitBreaker;
use crate::clock::{Tick, nanos};
use crate::outcome::{Outcome, Settlement};
use crate::permit::{Ticket, TicketKind};
use crate::plan::Timing;
use crate::rejection::Rejection;
use crate::sync::{MutexGuard, Ordering, lock};
use std::time::Duration;

/// A branch in its table, which is locked.
struct Found<'a> {
    shard: u32,
    place: u32,
    table: MutexGuard<'a, Table>,
}

impl Found<'_> {
    fn ticket(&self, generation: u32, kind: TicketKind) -> BranchTicket {
        BranchTicket {
            shard: self.shard,
            place: self.place,
            owner: self.table.slot(self.place).owner,
            generation,
            kind,
            is_overdue: false,
        }
    }
}

impl Branches {
    /// Asks the branch of a key. `None`: there is no room for it. With the timing that the
    /// branch's settings ask for.
    pub(crate) fn admit(
        &self,
        key: &NamedKey<'_>,
        now: Tick,
    ) -> Result<Option<(BranchTicket, Timing)>, Rejection> {
        let Some(mut found) = self.find_or_insert(key, now) else {
            return Ok(None);
        };
        let timing = found.table.config.rule.timing;
        found.table.touch(found.place, now);
        let slot = found.table.slot(found.place);
        let Some(full) = &slot.full else {
            let ticket = found.ticket(slot.generation, TicketKind::COUNTED);
            return Ok(Some((ticket, timing)));
        };
        if let Some(generation) = full.plain_generation() {
            let ticket = found.ticket(generation, TicketKind::COUNTED);
            return Ok(Some((ticket, timing)));
        }
        let (full, class) = (Whole::clone(full), slot.class);
        // The branch's generation and the kind of admission are known once it has answered.
        let unknown = found.ticket(0, TicketKind::UNCOUNTED);
        drop(found);
        let answer = full.admit();
        self.follow_from(class, &unknown, &full);
        let admitted = answer?;
        let ticket = BranchTicket {
            generation: admitted.generation,
            kind: admitted.kind,
            ..unknown
        };
        Ok(Some((ticket, timing)))
    }

    /// Brings the outcome of a call to its branch; `None`: the permit was dropped. A branch that
    /// was evicted meanwhile has nobody to tell.
    pub(crate) fn settle(
        &self,
        circuit: &CircuitBreaker,
        branch: &BranchTicket,
        ticket: &Ticket,
        settlement: Option<Settlement>,
    ) {
        if branch.kind == TicketKind::UNCOUNTED {
            return;
        }
        let mut table = lock(&self.shards[branch.shard as usize]);
        let rule = table.config.rule;
        let Some(slot) = table.owned(branch.place, branch.owner) else {
            return;
        };
        if slot.full.is_none() {
            if slot.generation != branch.generation {
                return;
            }
            let age = || {
                ticket
                    .took()
                    .or_else(|| ticket.age(circuit.clock_for(rule.timing)))
            };
            let is_over = |limit: Option<Duration>, age: Option<Duration>| {
                limit
                    .zip(age)
                    .is_some_and(|(limit, age)| nanos(age) > nanos(limit))
            };
            let stays_quiet = match settlement.map(|s| (s.outcome, s.took)) {
                Some((Outcome::Ignored, _)) => return,
                Some((Outcome::Success, took)) => {
                    let slow =
                        rule.slow_after.is_some() && is_over(rule.slow_after, took.or_else(age));
                    !slow && slot.succeed(&rule, circuit.clock().coarse())
                }
                // Of no weight, unless the breaker may call it a failure.
                None => rule.abandoned_after.is_none() && !std::thread::panicking(),
                Some((Outcome::Failure(_), _)) => false,
            };
            if stays_quiet {
                return;
            }
        }
        let full = table.make_whole(branch.place, circuit);
        let class = table.slot(branch.place).class;
        drop(table);
        let ticket = branch.ticket(ticket);
        match settlement {
            Some(settlement) => drop(full.settle(&ticket, settlement)),
            None => {
                full.shut_down_like(circuit);
                full.settle_dropped(&ticket);
            }
        }
        self.follow_from(class, branch, &full);
    }

    /// The call has passed the branch's slow-call limit and is still under way.
    pub(crate) fn overdue(
        &self,
        circuit: &CircuitBreaker,
        branch: &mut BranchTicket,
        ticket: &Ticket,
    ) {
        let mut table = lock(&self.shards[branch.shard as usize]);
        if branch.kind == TicketKind::UNCOUNTED
            || table.config.rule.slow_after.is_none()
            || table.owned(branch.place, branch.owner).is_none()
        {
            return;
        }
        let full = table.make_whole(branch.place, circuit);
        drop(table);
        let mut ticket = branch.ticket(ticket);
        full.overdue(&mut ticket);
        branch.is_overdue = ticket.is_overdue;
        self.follow(branch, &full);
    }

    /// What the branch of a key says to a call that it rejects, whatever the circuit says.
    pub(crate) fn rejection(&self, key: &NamedKey<'_>) -> Option<Rejection> {
        let (_, table) = self.shard(key.hash);
        let place = table.find(key.hash, &key.kept)?;
        let full = Whole::clone(table.slot(place).full.as_ref()?);
        drop(table);
        full.certain_rejection()
    }

    /// The whole breaker of a key that is known.
    pub(crate) fn known(&self, circuit: &CircuitBreaker, key: &str) -> Option<Whole> {
        let mut found = self.find(&self.named(key))?;
        let place = found.place;
        Some(found.table.make_whole(place, circuit))
    }

    /// Runs `act` on the whole breaker of a key. One that is not known is made if `make` says so
    /// and there is room.
    pub(crate) fn act<R>(
        &self,
        circuit: &CircuitBreaker,
        key: &str,
        make: bool,
        act: impl FnOnce(&CircuitBreaker) -> R,
    ) -> Option<R> {
        let key = self.named(key);
        let mut found = match make {
            true => self.find_or_insert(&key, circuit.clock().coarse())?,
            false => self.find(&key)?,
        };
        let full = found.table.make_whole(found.place, circuit);
        found.table.take_in_hand(found.place);
        let ticket = found.ticket(0, TicketKind::UNCOUNTED);
        drop(found);
        let result = act(&full);
        let mut table = lock(&self.shards[ticket.shard as usize]);
        // Gone only if all branches were taken away meanwhile.
        if table.owned(ticket.place, ticket.owner).is_some() {
            table.let_go(ticket.place);
        }
        drop(table);
        self.trim();
        Some(result)
    }

    fn find(&self, key: &NamedKey<'_>) -> Option<Found<'_>> {
        let (shard, table) = self.shard(key.hash);
        let place = table.find(key.hash, &key.kept)?;
        Some(Found {
            shard,
            place,
            table,
        })
    }

    /// Every branch that has a whole breaker, with its key.
    pub(crate) fn all_whole(&self) -> Vec<(String, Whole)> {
        self.shards
            .iter()
            .flat_map(|shard| lock(shard).whole())
            .collect()
    }

    /// Brings the table up to what the branch's breaker has become, if that is another class than
    /// the table had. Whoever changes it sees that it did, or somebody after him.
    fn follow_from(&self, class: Class, branch: &BranchTicket, full: &Whole) {
        if Class::of(full) != class {
            self.follow(branch, full);
        }
    }

    /// Brings the table up to what the branch's breaker has become.
    pub(super) fn follow(&self, branch: &BranchTicket, full: &Whole) {
        let mut table = lock(&self.shards[branch.shard as usize]);
        let Some(slot) = table.owned(branch.place, branch.owner) else {
            return;
        };
        if slot.class != Class::of(full) {
            table.reclassify(branch.place);
        }
    }

    fn find_or_insert(&self, key: &NamedKey<'_>, now: Tick) -> Option<Found<'_>> {
        let hash = key.hash;
        let (shard, table) = self.shard(hash);
        if let Some(place) = table.find(hash, &key.kept) {
            return Some(Found {
                shard,
                place,
                table,
            });
        }
        let is_taken = table.is_taken(hash);
        drop(table);
        if is_taken || !self.make_room() {
            self.unkept.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let (shard, mut table) = self.shard(hash);
        let place = match table.find(hash, &key.kept) {
            Some(place) => {
                self.give_back_room();
                place
            }
            None => table.insert(hash, &key.kept, now),
        };
        Some(Found {
            shard,
            place,
            table,
        })
    }
}
