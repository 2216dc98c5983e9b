//! Taking messages to send: whose turn it is among the groups that run, and what is found on the
//! way.

use std::sync::Arc;

use bytes::Bytes;
use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::book::{Held, Take};
use super::dead::Stood;
use super::failed::Failed;
use super::row::{FACTS, FACTS_WIDTH, Facts, TROUBLE, TROUBLE_WIDTH, Trouble, number, turn_group};
use super::work::{Work, places_text};
use crate::clock::{self, Millis};
use crate::id::MessageId;
use crate::message::Leased;
use crate::record::Death;
use crate::storage::{Lease, LeasesTaken};

/// Bodies that one order takes at most, so that memory does not grow with them.
const BYTES_MAX: usize = 64 << 20;

/// Messages that one order finds dead at most: it is a bound of its time.
const DEATHS_MAX: u64 = 10_000;

/// A message that has a turn.
#[derive(Clone, Copy)]
struct Turn {
    due: Millis,
    seq: i64,
    /// Its group, by its number among those that run.
    group: usize,
}

/// What came of it.
enum Found {
    Taken,
    Gone,
    /// A suspect, which holds back everything until it can go alone.
    Waits,
}

/// One order at work.
struct Round<'a> {
    order: &'a Lease,
    queue: i64,
    groups: Vec<String>,
    token: i64,
    seqs: Vec<u8>,
    /// Turns that were taken and stand in the table still.
    over: Vec<Turn>,
    bytes: usize,
    taken: LeasesTaken,
}

impl Work<'_> {
    pub(super) fn lease(&mut self, order: &Lease) -> Result<LeasesTaken, Failed> {
        let Some(queue) = self.book.ids.get(&order.queue).copied() else {
            return Ok(LeasesTaken::default());
        };
        let mut taken = LeasesTaken::default();
        self.end_leases(queue, order, &mut taken)?;
        if self.is_paused(&order.queue) {
            return Ok(taken);
        }
        self.book.last_token += 1;
        let mut round = Round {
            order,
            queue,
            groups: self.groups(queue, &order.queue)?,
            token: self.book.last_token,
            seqs: Vec::new(),
            over: Vec::new(),
            bytes: 0,
            taken,
        };
        while self.take_some(&mut round)? {
            // A message that died may have given another its turn.
            round.groups = self.groups(queue, &order.queue)?;
        }
        self.write_lease(&mut round)?;
        round.taken.next_due = self.next_due(&round)?;
        Ok(round.taken)
    }

    /// Takes from the front; whether it is worth to look again.
    fn take_some(&mut self, round: &mut Round<'_>) -> Result<bool, Failed> {
        let wanted = round.order.max.saturating_sub(round.taken.leased.len());
        if wanted == 0 || round.bytes >= BYTES_MAX || self.is_suspect_held(round.queue) {
            return Ok(false);
        }
        let turns = self.turns(round, wanted)?;
        // One statement for all of them, each with its number. A turn may have no message.
        let sql = format!(
            "SELECT {FACTS}, {TROUBLE}, j.key FROM json_each(?1) j
             LEFT JOIN message m ON m.seq = j.value LEFT JOIN trouble r ON r.seq = m.seq"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let places = places_text(turns.iter().map(|turn| turn.seq));
        let mut rows = statement.query([places])?;
        while let Some(row) = rows.next()? {
            let number: u32 = row.get(FACTS_WIDTH + TROUBLE_WIDTH)?;
            let Some(turn) = turns.get(number as usize) else {
                break;
            };
            match self.take(round, *turn, row)? {
                Found::Taken if round.bytes >= BYTES_MAX => return Ok(false),
                Found::Taken => {}
                Found::Gone => {
                    let taken = &round.taken;
                    return Ok(taken.corrupt + taken.expired < DEATHS_MAX);
                }
                Found::Waits => return Ok(false),
            }
        }
        Ok(false)
    }

    /// The row has [`FACTS`] and [`TROUBLE`], all of it empty where there is no message.
    fn take(&mut self, round: &mut Round<'_>, turn: Turn, row: &Row<'_>) -> Result<Found, Failed> {
        let Some(name) = self.book.name(round.queue) else {
            return Ok(Found::Waits);
        };
        let is_here = row.get(2).is_ok_and(|queue: i64| queue == round.queue);
        let sound = Facts::sound(row, &name).filter(|_| is_here);
        let Some((facts, trouble)) = sound.zip(Trouble::read(row, FACTS_WIDTH)) else {
            let is_there = row.get_ref(0)? != ValueRef::Null;
            return self.set_aside(round, &turn, is_there);
        };
        let aged_from = match &trouble {
            Some(trouble) => trouble.aged_from,
            None => pushed(turn.seq),
        };
        let lease = (round.token, round.order.until);
        if aged_from < round.order.pushed_after {
            let held = Held::of(&facts, trouble, round.queue, lease);
            return self.expire_turn(round, &turn, &held);
        }
        let is_suspect = trouble.as_ref().is_some_and(|t| t.is_suspect);
        if is_suspect && self.book.queue(round.queue)?.in_flight > 0 {
            return Ok(Found::Waits);
        }
        round.bytes += facts.body.len();
        let leased = leased(&facts, trouble.as_ref(), round, name.clone());
        round.taken.leased.push(leased);
        round.seqs.extend_from_slice(&turn.seq.to_le_bytes());
        let held = Held::of(&facts, trouble, round.queue, lease);
        self.book.hold(turn.seq, held);
        self.book.queue(round.queue)?.in_flight += 1;
        round.over.push(turn);
        Ok(if is_suspect {
            Found::Waits
        } else {
            Found::Taken
        })
    }

    fn set_aside(
        &mut self,
        round: &mut Round<'_>,
        turn: &Turn,
        is_there: bool,
    ) -> Result<Found, Failed> {
        self.clear_turns(round)?;
        let group = &round.groups[turn.group];
        self.take_turn(round.queue, group, turn.due, turn.seq)?;
        if is_there {
            tracing::error!(
                queue = &*round.order.queue,
                seq = turn.seq,
                "a message does not match its checksum and is set aside"
            );
            round.taken.corrupt += 1;
            self.bury_damaged(round.queue, turn.seq, round.order.at)?;
        } else {
            // Its row has got lost, or another place.
            self.book.broken.insert(round.queue);
        }
        self.advance_unknown(round.queue, turn.seq)?;
        Ok(Found::Gone)
    }

    fn expire_turn(
        &mut self,
        round: &mut Round<'_>,
        turn: &Turn,
        held: &Held,
    ) -> Result<Found, Failed> {
        self.clear_turns(round)?;
        round.taken.expired += 1;
        let stood = Stood::Waiting(turn.due);
        self.bury(turn.seq, held, stood, (Death::Expired, round.order.at))?;
        Ok(Found::Gone)
    }

    /// The first turns that are due, over all groups that run.
    fn turns(&self, round: &Round<'_>, wanted: usize) -> Result<Vec<Turn>, Failed> {
        let sql = "SELECT due, seq FROM turn WHERE queue = ?1 AND grp = ?2 AND due <= ?3
                   ORDER BY due, seq LIMIT ?4";
        let mut statement = self.db.prepare_cached(sql)?;
        let mut turns: Vec<Turn> = Vec::new();
        for (number, group) in round.groups.iter().enumerate() {
            let limit = i64::try_from(wanted).unwrap_or(i64::MAX);
            // Later than the last of enough others: nothing of this group can be among them.
            let latest = match turns.get(wanted.wrapping_sub(1)) {
                Some(last) => last.due.min(round.order.at),
                None => round.order.at,
            };
            let mut rows = statement.query((round.queue, group, latest, limit))?;
            while let Some(row) = rows.next()? {
                turns.push(Turn {
                    due: row.get(0)?,
                    seq: row.get(1)?,
                    group: number,
                });
            }
            if round.groups.len() > 1 {
                turns.sort_unstable_by_key(|turn| (turn.due, turn.seq));
                turns.truncate(wanted);
            }
        }
        Ok(turns)
    }

    /// The groups that have turns and are not paused, as `turn` has them: one seek for each.
    fn groups(&self, queue: i64, name: &str) -> Result<Vec<String>, Failed> {
        let first = "SELECT grp FROM turn WHERE queue = ?1 AND grp >= ?2 ORDER BY grp LIMIT 1";
        let next = "SELECT grp FROM turn WHERE queue = ?1 AND grp > ?2 ORDER BY grp LIMIT 1";
        let mut groups = Vec::new();
        let mut found: Option<String> = self.first(first, (queue, ""), |row| row.get(0))?;
        while let Some(group) = found {
            found = self.first(next, (queue, &group), |row| row.get(0))?;
            let paused = group.strip_prefix('=');
            if !paused.is_some_and(|group| self.is_group_paused(name, group)) {
                groups.push(group);
            }
        }
        Ok(groups)
    }

    /// Removes the turns that were taken. In one group they are all that stood before the last.
    fn clear_turns(&self, round: &mut Round<'_>) -> Result<(), Failed> {
        if let ([group], Some(last)) = (&round.groups[..], round.over.last()) {
            let sql = "DELETE FROM turn
                       WHERE queue = ?1 AND grp = ?2 AND (due, seq) <= (?3, ?4)";
            self.run(sql, (round.queue, group, last.due, last.seq))?;
            round.over.clear();
        }
        for turn in round.over.drain(..) {
            let group = &round.groups[turn.group];
            self.take_turn(round.queue, group, turn.due, turn.seq)?;
        }
        Ok(())
    }

    fn write_lease(&mut self, round: &mut Round<'_>) -> Result<(), Failed> {
        self.clear_turns(round)?;
        let left = round.taken.leased.len();
        if left == 0 {
            return Ok(());
        }
        let sql = "INSERT INTO lease (token, seqs) VALUES (?1, ?2)";
        self.run(sql, (round.token, &round.seqs))?;
        let take = Take {
            queue: round.queue,
            until: round.order.until,
            left,
        };
        self.book.takes.insert(round.token, take);
        Ok(())
    }

    /// When something else will be due, if nothing is that could be leased.
    fn next_due(&self, round: &Round<'_>) -> Result<Option<Millis>, Failed> {
        let is_held_back = self.is_suspect_held(round.queue);
        let mut next: Option<Millis> = None;
        let mut first: Option<Turn> = None;
        for (number, group) in round.groups.iter().enumerate() {
            let sql = "SELECT due, seq FROM turn WHERE queue = ?1 AND grp = ?2
                       ORDER BY due, seq LIMIT 1";
            let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
            let found: Option<(Millis, i64)> = self.first(sql, (round.queue, group), read)?;
            let Some((due, seq)) = found else { continue };
            if first.as_ref().is_none_or(|f| (due, seq) < (f.due, f.seq)) {
                first = Some(Turn {
                    due,
                    seq,
                    group: number,
                });
            }
            let sql = "SELECT due FROM turn WHERE queue = ?1 AND grp = ?2 AND due > ?3
                       ORDER BY due LIMIT 1";
            let later = self.first(sql, (round.queue, group, round.order.at), |row| row.get(0))?;
            next = next.into_iter().chain(later).min();
        }
        match first {
            Some(first) if first.due <= round.order.at && !is_held_back => {
                // It could be leased, unless it is a suspect that waits to be alone.
                let sql = "SELECT 1 FROM trouble WHERE seq = ?1 AND suspect";
                let suspect: Option<i64> = self.first(sql, [first.seq], |row| row.get(0))?;
                let in_flight = self.book.queues.get(&round.queue).map(|q| q.in_flight);
                let waits = suspect.is_some() && in_flight.is_some_and(|some| some > 0);
                Ok(next.filter(|_| waits))
            }
            _ => Ok(next),
        }
    }

    fn is_suspect_held(&self, queue: i64) -> bool {
        let takes = &self.book.takes;
        // A suspect is alone, so one is only to be looked for where one message is in flight.
        let in_flight = self
            .book
            .queues
            .get(&queue)
            .map_or(0, |queue| queue.in_flight);
        in_flight == 1
            && !takes.is_empty()
            && self
                .book
                .all_held()
                .any(|(_, held)| held.queue == queue && held.is_suspect())
    }
}

/// When the message of this place was pushed.
pub(super) fn pushed(seq: i64) -> Millis {
    clock::millis(MessageId::new(seq, 0).time())
}

fn leased(
    facts: &Facts<'_>,
    trouble: Option<&Trouble>,
    round: &Round<'_>,
    queue: Arc<str>,
) -> Leased {
    Leased {
        id: MessageId::new(facts.seq, facts.rnd.cast_unsigned()),
        token: number(round.token),
        until: clock::time(round.order.until),
        queue,
        key: facts.key.map(str::to_owned),
        group: facts.grp.map(str::to_owned),
        idempotency_key: facts.idem.map(str::to_owned),
        attributes: serde_json::from_str(facts.attributes).unwrap_or_default(),
        body: Bytes::copy_from_slice(facts.body),
        attempts: trouble.map_or(0, |trouble| trouble.attempts),
        deferrals: trouble.map_or(0, |trouble| trouble.deferrals),
        crashes: trouble.map_or(0, |trouble| trouble.crashes),
        uncertain: trouble.map_or(facts.uncertain, |trouble| trouble.uncertain),
    }
}

impl Held {
    /// Its group as `turn` has it.
    pub(super) fn turn_group(&self) -> String {
        turn_group(self.grp.as_deref())
    }
}
