//! Dead letters, and what is forgotten.

use std::sync::Arc;

use rusqlite::params;

use super::book::Held;
use super::failed::Failed;
use super::lease::pushed;
use super::row::{FACTS, FACTS_WIDTH, Facts, TROUBLE, Trouble, death_word, integer, number};
use super::work::Work;
use crate::clock::Millis;
use crate::id;
use crate::record::{Death, Selection};

/// Where a message stood when it died.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stood {
    /// It was being sent.
    Leased,
    /// It waited, and is or would be due then.
    Waiting(Millis),
}

/// The columns that messages and dead letters have in common.
const COMMON: &str = "rnd, key, grp, digest, due, uncertain, size, crc, attributes, body";

impl Work<'_> {
    /// A sound message becomes a dead letter, and its key goes on.
    pub(super) fn bury(
        &mut self,
        seq: i64,
        held: &Held,
        stood: Stood,
        end: (Death, Millis),
    ) -> Result<(), Failed> {
        let key = held.key.as_deref();
        match (stood, key) {
            (Stood::Leased, None) => {}
            (Stood::Leased, Some(key)) => self.advance(held.queue, &[(seq, key.to_owned())])?,
            (Stood::Waiting(due), key) => {
                self.leave(held.queue, key, seq, (&held.turn_group(), due))?;
            }
        }
        let sql = format!(
            "INSERT INTO dead (seq, queue, idem, {COMMON}, death, ended)
             SELECT seq, queue, idem, {COMMON}, ?2, ?3 FROM message WHERE seq = ?1"
        );
        self.run(&sql, (seq, death_word(end.0), end.1))?;
        self.run("DELETE FROM message WHERE seq = ?1", [seq])?;
        let counters = self.book.queue(held.queue)?;
        counters.messages = counters.messages.saturating_sub(1);
        counters.dead += 1;
        Ok(())
    }

    /// A row that is not as it was written goes as it is, without its idempotency key, which may be
    /// another's now.
    pub(super) fn bury_damaged(&mut self, queue: i64, seq: i64, at: Millis) -> Result<(), Failed> {
        let sql = format!(
            "INSERT INTO dead (seq, queue, idem, {COMMON}, death, ended)
             SELECT seq, ?4, NULL, {COMMON}, ?2, ?3 FROM message WHERE seq = ?1"
        );
        self.run(&sql, (seq, death_word(Death::Corrupt), at, queue))?;
        self.run("DELETE FROM message WHERE seq = ?1", [seq])?;
        // Its size may be what is damaged: all is counted anew before the commit.
        self.book.miscounted.insert(queue);
        let counters = self.book.queue(queue)?;
        counters.messages = counters.messages.saturating_sub(1);
        counters.dead += 1;
        Ok(())
    }

    pub(super) fn retry(&mut self, selection: &Selection, at: Millis) -> Result<u64, Failed> {
        let mut retried = 0;
        // The newest first: each then goes to the very front of its key.
        for (seq, queue) in self.selected(selection, true)?.into_iter().rev() {
            retried += u64::from(self.revive(seq, queue, at)?);
        }
        Ok(retried)
    }

    fn revive(&mut self, seq: i64, queue: i64, at: Millis) -> Result<bool, Failed> {
        let Some(held) = self.read_dead(seq, queue)? else {
            let sql = "UPDATE dead SET death = ?2, idem = NULL WHERE seq = ?1";
            self.run(sql, (seq, death_word(Death::Corrupt)))?;
            self.book.miscounted.insert(queue);
            return Ok(false);
        };
        let sql = format!(
            "INSERT INTO message (seq, queue, idem, {COMMON})
             SELECT seq, queue, idem, {COMMON} FROM dead WHERE seq = ?1"
        );
        self.run(&sql, [seq])?;
        self.run("DELETE FROM dead WHERE seq = ?1", [seq])?;
        let trouble = Trouble {
            due: at,
            aged_from: at,
            attempts: 0,
            crashes: 0,
            is_suspect: false,
            ..held.trouble(seq)
        };
        self.write_trouble(seq, &trouble)?;
        let group = held.turn_group();
        match &held.key {
            Some(key) => self.sort_in(queue, key, seq, (&group, at))?,
            None => self.give_turn(queue, &group, at, seq)?,
        }
        let counters = self.book.queue(queue)?;
        counters.dead = counters.dead.saturating_sub(1);
        if counters.messages == 0 || seq < counters.low {
            counters.low = seq;
        }
        counters.messages += 1;
        Ok(true)
    }

    /// `None`: the letter is damaged.
    fn read_dead(&self, seq: i64, queue: i64) -> Result<Option<Held>, Failed> {
        let Some(name) = self.book.name(queue) else {
            return Ok(None);
        };
        let sql = format!(
            "SELECT {FACTS}, {TROUBLE} FROM dead m LEFT JOIN trouble r ON r.seq = m.seq
             WHERE m.seq = ?1"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows = statement.query([seq])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let sound = Facts::sound(row, &name).zip(Trouble::read(row, FACTS_WIDTH));
        Ok(sound.map(|(facts, trouble)| Held::of(&facts, trouble, queue, (0, 0))))
    }

    pub(super) fn discard(&mut self, selection: &Selection) -> Result<u64, Failed> {
        let selected = self.selected(selection, false)?;
        for (seq, queue) in &selected {
            let sql = "SELECT size, death = 'corrupt' FROM dead WHERE seq = ?1";
            let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            let (size, is_corrupt) = self.first(sql, [seq], read)?.unwrap_or((0, false));
            self.run("DELETE FROM dead WHERE seq = ?1", [seq])?;
            self.run("DELETE FROM trouble WHERE seq = ?1", [seq])?;
            let counters = self.book.queue(*queue)?;
            counters.dead = counters.dead.saturating_sub(1);
            counters.bytes = counters.bytes.saturating_sub(number(size));
            counters.corrupt = counters.corrupt.saturating_sub(u64::from(is_corrupt));
        }
        Ok(selected.len() as u64)
    }

    /// Place and queue of the dead letters that are meant, each once, the oldest first.
    fn selected(&self, selection: &Selection, sound: bool) -> Result<Vec<(i64, i64)>, Failed> {
        let mut selected = Vec::new();
        match selection {
            Selection::Ids(ids) => {
                let sql = "SELECT queue FROM dead WHERE seq = ?1 AND rnd = ?2
                               AND (NOT ?3 OR death <> 'corrupt')";
                for id in ids {
                    let seq = id.seq();
                    let values = (seq, integer(id.random()), sound);
                    let queue = self.first(sql, values, |row| row.get(0))?;
                    selected.extend(queue.map(|queue| (seq, queue)));
                }
                selected.sort_unstable();
                selected.dedup();
            }
            Selection::Oldest { queue, key, max } => {
                let Some(queue) = self.book.ids.get(&**queue) else {
                    return Ok(selected);
                };
                let sql = "SELECT seq FROM dead WHERE queue = ?1 AND (?2 IS NULL OR key = ?2)
                               AND (NOT ?3 OR death <> 'corrupt') ORDER BY seq LIMIT ?4";
                let mut statement = self.db.prepare_cached(sql)?;
                let limit = i64::try_from(*max).unwrap_or(i64::MAX);
                let mut rows = statement.query(params![queue, key, sound, limit])?;
                while let Some(row) = rows.next()? {
                    selected.push((row.get(0)?, *queue));
                }
            }
        }
        Ok(selected)
    }

    /// How many died of age, and whether there may be more.
    pub(super) fn expire(
        &mut self,
        queue: &Arc<str>,
        before: Millis,
        at: Millis,
        max: usize,
    ) -> Result<(u64, bool), Failed> {
        let Some(id) = self.book.ids.get(queue).copied() else {
            return Ok((0, false));
        };
        let old = self.old(id, queue, before, max.saturating_add(1))?;
        let is_more = old.len() > max;
        let mut killed = 0;
        for (seq, held) in old.into_iter().take(max) {
            match held {
                Some(held) => {
                    let stood = Stood::Waiting(held.trouble(seq).due);
                    self.bury(seq, &held, stood, (Death::Expired, at))?;
                }
                None => {
                    self.bury_damaged(id, seq, at)?;
                    self.book.broken.insert(id);
                }
            }
            killed += 1;
        }
        Ok((killed, is_more))
    }

    /// What waits since before then, the oldest first; `None` for a damaged one.
    fn old(
        &self,
        queue: i64,
        name: &Arc<str>,
        before: Millis,
        max: usize,
    ) -> Result<Vec<(i64, Option<Held>)>, Failed> {
        let low = self.book.queues.get(&queue).map_or(0, |queue| queue.low);
        let sql = format!(
            "SELECT {FACTS}, {TROUBLE} FROM message m LEFT JOIN trouble r ON r.seq = m.seq
             WHERE m.seq >= ?1 AND m.seq < ?2 AND m.queue = ?3 ORDER BY m.seq"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows = statement.query((low, id::first_seq(before), queue))?;
        let mut old = Vec::new();
        while old.len() < max
            && let Some(row) = rows.next()?
        {
            let seq = row.get(0)?;
            if self.book.held(seq).is_some() {
                continue;
            }
            let sound = Facts::sound(row, name).zip(Trouble::read(row, FACTS_WIDTH));
            let held = sound.map(|(facts, trouble)| Held::of(&facts, trouble, queue, (0, 0)));
            let aged_from = match &held {
                Some(held) => held.trouble(seq).aged_from,
                None => pushed(seq),
            };
            if aged_from < before {
                old.push((seq, held));
            }
        }
        Ok(old)
    }

    /// How many delivered ones were forgotten.
    pub(super) fn forget(
        &mut self,
        queue: &Arc<str>,
        before: Millis,
        max: usize,
    ) -> Result<u64, Failed> {
        let Some(id) = self.book.ids.get(queue) else {
            return Ok(0);
        };
        let sql = "DELETE FROM receipt WHERE seq IN (
                       SELECT seq FROM receipt WHERE queue = ?1 AND ended < ?2
                       ORDER BY ended, seq LIMIT ?3)";
        let limit = i64::try_from(max).unwrap_or(i64::MAX);
        Ok(self.run(sql, (id, before, limit))? as u64)
    }
}
