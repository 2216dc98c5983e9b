//! Whose turn it is within a key, in tables that hold nothing else.
//!
//! Of the messages with one key only the head of their line has a turn; each of the others is known
//! to the one before it. An index over (key, place) of all messages would say the same, but with
//! many keys each push and each settling would touch a page of its own; these tables are narrow,
//! and what is touched together stands together.
//!
//! A line is in the order of places, but that a leased message is always its head: what is older
//! and comes back meanwhile (a retried dead letter) stands behind it. What the tables say can be
//! said again from the messages alone: [`Work::make_turns_anew`].

use std::collections::HashMap;

use super::failed::Failed;
use super::row::{SIZES, number, turn_group};
use super::work::{Work, places_text};
use crate::clock::Millis;

/// Who stands behind somebody: place, group and time of the turn.
type Behind = (i64, String, Millis);

impl Work<'_> {
    /// A message that is newer than all others of its key, or without key.
    pub(super) fn join(
        &self,
        queue: i64,
        key: Option<&str>,
        seq: i64,
        (group, due): (&str, Millis),
    ) -> Result<(), Failed> {
        let Some(key) = key else {
            return self.give_turn(queue, group, due, seq);
        };
        let Some((_, tail)) = self.line(queue, key)? else {
            let sql = "INSERT INTO line (queue, key, head, tail) VALUES (?1, ?2, ?3, ?3)";
            self.run(sql, (queue, key, seq))?;
            return self.give_turn(queue, group, due, seq);
        };
        self.stand_behind(tail, (seq, group, due))?;
        self.set_tail(queue, key, seq)
    }

    /// Heads with their keys, whose turns are gone already, go for good: the next ones have their
    /// turns.
    pub(super) fn advance(&mut self, queue: i64, heads: &[(i64, String)]) -> Result<(), Failed> {
        if heads.is_empty() {
            return Ok(());
        }
        let places = places_text(heads.iter().map(|(seq, _)| *seq));
        let sql = "SELECT seq, next FROM chain WHERE seq IN (SELECT value FROM json_each(?1))";
        let mut statement = self.db.prepare_cached(sql)?;
        let next = statement.query_map([&places], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let next: HashMap<i64, i64> = next.collect::<Result<_, _>>()?;
        if !next.is_empty() {
            let sql = "INSERT INTO turn (queue, grp, due, seq)
                       SELECT ?1, grp, due, next FROM chain
                       WHERE seq IN (SELECT value FROM json_each(?2))";
            self.run(sql, (queue, &places))?;
            let sql = "DELETE FROM chain WHERE seq IN (SELECT value FROM json_each(?1))";
            self.run(sql, [&places])?;
        }
        for (seq, key) in heads {
            let changed = if let Some(next) = next.get(seq) {
                let sql = "UPDATE line SET head = ?4 WHERE queue = ?1 AND key = ?2 AND head = ?3";
                self.run(sql, (queue, key, seq, next))?
            } else {
                let sql = "DELETE FROM line WHERE queue = ?1 AND key = ?2 AND head = ?3";
                self.run(sql, (queue, key, seq))?
            };
            if changed != 1 {
                self.book.broken.insert(queue);
            }
        }
        Ok(())
    }

    /// A message that waits goes for good, wherever it stands.
    pub(super) fn leave(
        &mut self,
        queue: i64,
        key: Option<&str>,
        seq: i64,
        turn: (&str, Millis),
    ) -> Result<(), Failed> {
        let had_turn = self.take_turn(queue, turn.0, turn.1, seq)?;
        let Some(key) = key else {
            return Ok(());
        };
        if had_turn {
            return self.advance(queue, &[(seq, key.to_owned())]);
        }
        let Some((mut before, _)) = self.line(queue, key)? else {
            self.book.broken.insert(queue);
            return Ok(());
        };
        // Mostly the second: the first is being sent.
        while let Some((at, ..)) = self.behind(before)? {
            if at == seq {
                return self.take_out(queue, key, before, seq);
            }
            before = at;
        }
        self.book.broken.insert(queue);
        Ok(())
    }

    fn take_out(&self, queue: i64, key: &str, before: i64, seq: i64) -> Result<(), Failed> {
        self.run("DELETE FROM chain WHERE seq = ?1", [before])?;
        let Some((next, group, due)) = self.behind(seq)? else {
            return self.set_tail(queue, key, before);
        };
        self.run("DELETE FROM chain WHERE seq = ?1", [seq])?;
        self.stand_behind(before, (next, &group, due))
    }

    /// A leased message waits again. What is older goes before it.
    pub(super) fn come_back(
        &mut self,
        queue: i64,
        key: Option<&str>,
        seq: i64,
        turn: (&str, Millis),
    ) -> Result<(), Failed> {
        let Some(key) = key else {
            return self.give_turn(queue, turn.0, turn.1, seq);
        };
        match self.behind(seq)? {
            Some((next, ..)) if next < seq => {
                self.advance(queue, &[(seq, key.to_owned())])?;
                self.sort_in(queue, key, seq, turn)
            }
            _ => self.give_turn(queue, turn.0, turn.1, seq),
        }
    }

    /// A message takes its place among those of its key.
    pub(super) fn sort_in(
        &self,
        queue: i64,
        key: &str,
        seq: i64,
        turn: (&str, Millis),
    ) -> Result<(), Failed> {
        let Some((head, _)) = self.line(queue, key)? else {
            return self.join(queue, Some(key), seq, turn);
        };
        if seq < head && self.book.held(head).is_none() {
            let (group, due) = self.turn_of(head)?;
            self.take_turn(queue, &group, due, head)?;
            self.stand_behind(seq, (head, &group, due))?;
            let sql = "UPDATE line SET head = ?3 WHERE queue = ?1 AND key = ?2";
            self.run(sql, (queue, key, seq))?;
            return self.give_turn(queue, turn.0, turn.1, seq);
        }
        let mut before = head;
        while let Some((next, group, due)) = self.behind(before)? {
            if next > seq {
                self.run("DELETE FROM chain WHERE seq = ?1", [before])?;
                self.stand_behind(before, (seq, turn.0, turn.1))?;
                return self.stand_behind(seq, (next, &group, due));
            }
            before = next;
        }
        self.stand_behind(before, (seq, turn.0, turn.1))?;
        self.set_tail(queue, key, seq)
    }

    /// A head whose row is damaged goes, by its place alone: its key is not to be believed.
    pub(super) fn advance_unknown(&mut self, queue: i64, seq: i64) -> Result<(), Failed> {
        let sql = "SELECT key FROM line WHERE queue = ?1 AND head = ?2";
        let key: Option<String> = self.first(sql, (queue, seq), |row| row.get(0))?;
        match key {
            Some(key) => self.advance(queue, &[(seq, key)]),
            None => Ok(()),
        }
    }

    fn turn_of(&self, seq: i64) -> Result<(String, Millis), Failed> {
        let sql = "SELECT m.grp, coalesce(r.due, m.due)
                   FROM message m LEFT JOIN trouble r ON r.seq = m.seq WHERE m.seq = ?1";
        let found = self.first(sql, [seq], |row| {
            let group: Option<String> = row.get(0)?;
            Ok((turn_group(group.as_deref()), row.get(1)?))
        })?;
        found.ok_or_else(|| Failed::Damaged(format!("the message at {seq} is not there")))
    }

    fn line(&self, queue: i64, key: &str) -> Result<Option<(i64, i64)>, Failed> {
        let sql = "SELECT head, tail FROM line WHERE queue = ?1 AND key = ?2";
        self.first(sql, (queue, key), |row| Ok((row.get(0)?, row.get(1)?)))
    }

    fn set_tail(&self, queue: i64, key: &str, seq: i64) -> Result<(), Failed> {
        let sql = "UPDATE line SET tail = ?3 WHERE queue = ?1 AND key = ?2";
        self.run(sql, (queue, key, seq)).map(drop)
    }

    fn behind(&self, seq: i64) -> Result<Option<Behind>, Failed> {
        let sql = "SELECT next, grp, due FROM chain WHERE seq = ?1";
        self.first(sql, [seq], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
    }

    fn stand_behind(&self, before: i64, who: (i64, &str, Millis)) -> Result<(), Failed> {
        let sql = "INSERT INTO chain (seq, next, grp, due) VALUES (?1, ?2, ?3, ?4)";
        self.run(sql, (before, who.0, who.1, who.2)).map(drop)
    }

    pub(super) fn give_turn(
        &self,
        queue: i64,
        group: &str,
        due: Millis,
        seq: i64,
    ) -> Result<(), Failed> {
        let sql = "INSERT INTO turn (queue, grp, due, seq) VALUES (?1, ?2, ?3, ?4)";
        self.run(sql, (queue, group, due, seq)).map(drop)
    }

    /// Whether it had one.
    pub(super) fn take_turn(
        &self,
        queue: i64,
        group: &str,
        due: Millis,
        seq: i64,
    ) -> Result<bool, Failed> {
        let sql = "DELETE FROM turn WHERE queue = ?1 AND grp = ?2 AND due = ?3 AND seq = ?4";
        Ok(self.run(sql, (queue, group, due, seq))? == 1)
    }

    /// Says again from the messages whose turn it is, where the tables do not fit them, and counts
    /// anew. Looks at every message of the queue: only after damage.
    pub(super) fn make_turns_anew(&mut self, queue: i64) -> Result<(), Failed> {
        tracing::error!(queue, "damage was found: turns are made anew");
        self.run("DELETE FROM turn WHERE queue = ?1", [queue])?;
        self.run(
            "DELETE FROM chain WHERE seq IN (SELECT seq FROM message WHERE queue = ?1)
                OR seq NOT IN (SELECT seq FROM message)",
            [queue],
        )?;
        self.run("DELETE FROM line WHERE queue = ?1", [queue])?;
        let held = self.book.all_held();
        let held = held.filter(|(_, held)| held.queue == queue);
        let held: Vec<_> = held.map(|(seq, held)| (seq, held.key.clone())).collect();
        for (seq, key) in held {
            let Some(key) = key else { continue };
            let sql = "INSERT INTO line (queue, key, head, tail) VALUES (?1, ?2, ?3, ?3)";
            self.run(sql, (queue, key, seq))?;
        }
        let sql = "SELECT m.seq, CAST(m.key AS BLOB), CAST(m.grp AS BLOB), coalesce(r.due, m.due)
                   FROM message m LEFT JOIN trouble r ON r.seq = m.seq
                   WHERE m.queue = ?1 ORDER BY m.seq";
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query([queue])?;
        while let Some(row) = rows.next()? {
            let seq = row.get(0)?;
            if self.book.held(seq).is_some() {
                continue;
            }
            let text = |at| -> Result<Option<String>, Failed> {
                let bytes: Option<Vec<u8>> = row.get(at)?;
                // What is no text is damage, which its turn brings to light.
                Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
            };
            let (key, group) = (text(1)?, text(2)?);
            let group = turn_group(group.as_deref());
            self.join(queue, key.as_deref(), seq, (&group, row.get(3)?))?;
        }
        Ok(())
    }

    /// Counts what the counters say.
    pub(super) fn count_anew(&mut self, queue: i64) -> Result<(), Failed> {
        let held = self.book.all_held();
        let in_flight = held.filter(|(_, held)| held.queue == queue).count();
        let sql = format!(
            "SELECT count(*), {SIZES}, coalesce(min(seq), 0) FROM message WHERE queue = ?1"
        );
        let three = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let (messages, alive, low): (i64, i64, i64) = self.db.query_row(&sql, [queue], three)?;
        let sql = format!(
            "SELECT count(*), {SIZES}, count(*) FILTER (WHERE death = 'corrupt')
             FROM dead WHERE queue = ?1"
        );
        let (dead, buried, corrupt): (i64, i64, i64) = self.db.query_row(&sql, [queue], three)?;
        let counters = self.book.queue(queue)?;
        (counters.messages, counters.low) = (number(messages), low);
        (counters.dead, counters.corrupt) = (number(dead), number(corrupt));
        counters.bytes = number(alive).saturating_add(number(buried));
        counters.in_flight = in_flight as u64;
        Ok(())
    }
}
