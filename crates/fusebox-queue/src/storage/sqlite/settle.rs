//! How leases end: delivered, tried again, put off, dead, or crashed.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::params;

use super::book::Held;
use super::dead::Stood;
use super::failed::Failed;
use super::lease::pushed;
use super::row::{Trouble, attributes_text, integer, number};
use super::work::{Work, places_text};
use crate::clock::Millis;
use crate::record::{Attempt, Death, Response};
use crate::storage::{Done, Ending, Lease, LeasesTaken, Settle};

/// An order for a message that arrived, and what the receiver answered.
pub(super) type Delivery<'a> = (&'a Settle, Option<&'a Response>);

impl Held {
    /// What befell it so far.
    pub(super) fn trouble(&self, seq: i64) -> Trouble {
        let none = || Trouble::none(self.due, pushed(seq), self.uncertain);
        self.trouble.clone().unwrap_or_else(none)
    }
}

impl Work<'_> {
    /// Whether the lease was still that one; for what arrived there is [`Self::deliver`].
    pub(super) fn settle(&mut self, settle: &Settle) -> Result<bool, Failed> {
        let seq = settle.id.seq();
        let Some(held) = self.end_lease_of(settle)? else {
            return Ok(false);
        };
        let mut trouble = held.trouble(seq);
        trouble.is_suspect = false;
        match &settle.ending {
            Ending::Delivered { .. } => {}
            Ending::Again {
                due,
                attempt,
                counts,
                uncertain,
            } => {
                if *counts {
                    trouble.attempts += 1;
                } else {
                    trouble.deferrals += 1;
                }
                trouble.remember(attempt.clone());
                trouble.uncertain |= uncertain;
                trouble.due = *due;
                self.wait_again(seq, &held, &trouble)?;
            }
            Ending::Deferred { due, uncertain } => {
                trouble.deferrals += 1;
                trouble.uncertain |= uncertain;
                trouble.due = due.unwrap_or(trouble.due);
                self.wait_again(seq, &held, &trouble)?;
            }
            Ending::Dead {
                death,
                attempt,
                response,
                uncertain,
            } => {
                trouble.attempts += 1;
                trouble.remember(attempt.clone());
                trouble.uncertain |= uncertain;
                self.write_trouble(seq, &trouble)?;
                self.bury(seq, &held, Stood::Leased, (*death, settle.at))?;
                if let Some(response) = response {
                    let (status, headers, body) = self.answer(response);
                    let sql = "UPDATE dead SET status = ?2, headers = ?3, answer = ?4
                               WHERE seq = ?1";
                    self.run(sql, (seq, status, headers, body))?;
                }
            }
        }
        Ok(true)
    }

    /// Ends the lease that this order is about; `None`: it is another's, or nobody's.
    fn end_lease_of(&mut self, settle: &Settle) -> Result<Option<Arc<Held>>, Failed> {
        let seq = settle.id.seq();
        let (token, rnd) = (integer(settle.token), integer(settle.id.random()));
        let held = self.book.held(seq);
        if held.is_none_or(|held| held.token != token || held.rnd != rnd) {
            return Ok(None);
        }
        self.end_lease(seq)
    }

    /// It is nobody's any more.
    fn end_lease(&mut self, seq: i64) -> Result<Option<Arc<Held>>, Failed> {
        let Some(held) = self.book.let_go(seq) else {
            return Ok(None);
        };
        let counters = self.book.queue(held.queue)?;
        counters.in_flight = counters.in_flight.saturating_sub(1);
        if let Some(take) = self.book.takes.get_mut(&held.token) {
            take.left = take.left.saturating_sub(1);
            if take.left == 0 {
                self.book.takes.remove(&held.token);
                self.run("DELETE FROM lease WHERE token = ?1", [held.token])?;
            }
        }
        Ok(Some(held))
    }

    /// Settles messages that arrived, with few statements for all of them.
    pub(super) fn deliver<'d>(
        &mut self,
        deliveries: impl Iterator<Item = Delivery<'d>>,
        done: &mut Vec<Done>,
    ) -> Result<(), Failed> {
        let mut gone: BTreeMap<i64, Vec<(i64, Arc<Held>)>> = BTreeMap::new();
        // By the time of their end; nothing befell them, and nothing was answered.
        let mut plain: BTreeMap<Millis, Vec<(i64, Arc<Held>)>> = BTreeMap::new();
        for (settle, response) in deliveries {
            let held = self.end_lease_of(settle)?;
            done.push(Done::Settle(held.is_some()));
            let Some(held) = held else { continue };
            let seq = settle.id.seq();
            if held.trouble.is_none() && response.is_none() {
                let at = plain.entry(settle.at).or_default();
                at.push((seq, Arc::clone(&held)));
            } else {
                self.write_receipt(seq, &held, settle.at, response)?;
            }
            if held.trouble.is_some() {
                self.run("DELETE FROM trouble WHERE seq = ?1", [seq])?;
            }
            let counters = self.book.queue(held.queue)?;
            counters.messages = counters.messages.saturating_sub(1);
            counters.bytes = counters.bytes.saturating_sub(number(held.size));
            gone.entry(held.queue).or_default().push((seq, held));
        }
        for (at, arrived) in plain {
            self.write_plain_receipts(&arrived, at)?;
        }
        for (queue, gone) in gone {
            let keyed = |(seq, held): &'_ (i64, Arc<Held>)| Some((*seq, held.key.clone()?));
            let heads: Vec<_> = gone.iter().filter_map(keyed).collect();
            self.advance(queue, &heads)?;
            let sql = "DELETE FROM message WHERE seq IN (SELECT value FROM json_each(?1))";
            self.run(sql, [places_text(gone.iter().map(|(seq, _)| *seq))])?;
        }
        Ok(())
    }

    /// Receipts of messages that arrived at the first attempt, made of the messages themselves.
    fn write_plain_receipts(&self, arrived: &[(i64, Arc<Held>)], at: Millis) -> Result<(), Failed> {
        let sql = "INSERT OR IGNORE INTO receipt (seq, rnd, queue, key, grp, idem, digest,
                       uncertain, size, attempts, deferrals, crashes, ended)
                   SELECT seq, rnd, queue, key, grp, idem, digest, uncertain, size, 1, 0, 0, ?2
                   FROM message WHERE seq IN (SELECT value FROM json_each(?1))";
        let places = places_text(arrived.iter().map(|(seq, _)| *seq));
        if self.run(sql, (places, at))? == arrived.len() {
            return Ok(());
        }
        // A row that is gone from a damaged file is known by heart still.
        for (seq, held) in arrived {
            let sql = "SELECT 1 FROM receipt WHERE seq = ?1";
            if self.first(sql, [seq], |_| Ok(()))?.is_none() {
                self.write_receipt(*seq, held, at, None)?;
            }
        }
        Ok(())
    }

    fn write_receipt(
        &self,
        seq: i64,
        held: &Held,
        at: Millis,
        response: Option<&Response>,
    ) -> Result<(), Failed> {
        let trouble = held.trouble.as_ref();
        let history = trouble.map(|trouble| history_text(&trouble.history));
        let (status, headers, answer) = match response {
            Some(response) => {
                let (status, headers, body) = self.answer(response);
                (Some(status), Some(headers), Some(body))
            }
            None => (None, None, None),
        };
        let sql = "INSERT INTO receipt (seq, rnd, queue, key, grp, idem, digest, uncertain, size,
                       attempts, deferrals, crashes, history, ended, status, headers, answer)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
                       ?17)";
        let values = params![
            seq,
            held.rnd,
            held.queue,
            held.key,
            held.grp,
            held.idem,
            held.digest,
            trouble.map_or(held.uncertain, |trouble| trouble.uncertain),
            held.size,
            trouble.map_or(0, |trouble| trouble.attempts) + 1,
            trouble.map_or(0, |trouble| trouble.deferrals),
            trouble.map_or(0, |trouble| trouble.crashes),
            history,
            at,
            status,
            headers,
            answer,
        ];
        self.run(sql, values).map(drop)
    }

    /// The columns of an answer.
    fn answer<'a>(&self, response: &'a Response) -> (u16, String, &'a [u8]) {
        let body: &[u8] = if self.is_full { &[] } else { &response.body };
        (response.status, attributes_text(&response.headers), body)
    }

    fn wait_again(&mut self, seq: i64, held: &Held, trouble: &Trouble) -> Result<(), Failed> {
        self.write_trouble(seq, trouble)?;
        let group = held.turn_group();
        let turn = (&*group, trouble.due);
        self.come_back(held.queue, held.key.as_deref(), seq, turn)
    }

    pub(super) fn write_trouble(&self, seq: i64, trouble: &Trouble) -> Result<(), Failed> {
        let sql = "INSERT OR REPLACE INTO trouble (seq, due, aged_from, attempts, deferrals,
                       crashes, suspect, uncertain, history)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let values = params![
            seq,
            trouble.due,
            trouble.aged_from,
            trouble.attempts,
            trouble.deferrals,
            trouble.crashes,
            trouble.is_suspect,
            trouble.uncertain,
            history_text(&trouble.history),
        ];
        self.run(sql, values).map(drop)
    }

    /// Leases whose time is over, or whose owner is gone, are crashes.
    pub(super) fn end_leases(
        &mut self,
        queue: i64,
        order: &Lease,
        taken: &mut LeasesTaken,
    ) -> Result<(), Failed> {
        let takes = self.book.takes.iter();
        let is_over = |take: &super::book::Take| take.queue == queue && take.until <= order.at;
        let over = takes.filter(|(_, take)| is_over(take));
        let over: Vec<_> = over.map(|(token, _)| *token).collect();
        if over.is_empty() {
            return Ok(());
        }
        let held = self.book.all_held();
        let held = held.filter(|(_, held)| over.contains(&held.token));
        let mut seqs: Vec<_> = held.map(|(seq, _)| seq).collect();
        seqs.sort_unstable();
        for seq in seqs {
            let Some(held) = self.end_lease(seq)? else {
                continue;
            };
            taken.crashed += 1;
            let mut trouble = held.trouble(seq);
            trouble.crashes += 1;
            trouble.is_suspect = true;
            trouble.uncertain = true;
            trouble.remember(Attempt {
                at: order.at,
                class: "crash".to_owned(),
                error: "its sender went away without a word".to_owned(),
            });
            if trouble.crashes < order.crashes_max {
                self.wait_again(seq, &held, &trouble)?;
                continue;
            }
            taken.dead += 1;
            self.write_trouble(seq, &trouble)?;
            self.bury(seq, &held, Stood::Leased, (Death::Crashes, order.at))?;
        }
        Ok(())
    }
}

/// Attempts can always be written.
pub(super) fn history_text(history: &[Attempt]) -> String {
    serde_json::to_string(history).unwrap_or_else(|_| "[]".to_owned())
}
