//! Writing: one transaction for a batch, given up when another writer was faster, and done again.
//!
//! A server that hung may do what it was sent long after nobody waits for it any more. So every
//! transaction watches what this storage wrote last, and changes it: of the tries of one batch at
//! most one is done, and none after a later batch.

use std::collections::BTreeSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use redis::{Cmd, Value, cmd};
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::plan::{Need, Plan, Step, led_to};
use super::{Redis, read, reply};
use crate::{AuditEntry, Batch, GENESIS, ReplayRecord, StoreError, Written};

/// How often other writers may be faster; each time one of them has got its batch through.
const TRIES_MAX: u32 = 50;

/// The longest wait before the second try, and before any.
const WAIT: Duration = Duration::from_millis(1);
const WAIT_MAX: Duration = Duration::from_millis(32);

/// What a storage wrote last.
#[derive(Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) number: u64,
    pub(super) events: Vec<u64>,
    pub(super) audit: Vec<AuditEntry>,
}

/// What was there when the transaction began.
pub(super) struct Before {
    /// The newest number of an event.
    pub(super) event: u64,
    /// Number and hash of the newest entry of the audit log.
    pub(super) audit: (u64, String),
}

pub(super) fn batch(redis: &mut Redis, batch: &Batch) -> Result<Written, StoreError> {
    for lost in 0..TRIES_MAX {
        if lost > 0 {
            step_back(lost);
        }
        let (before, mark) = watch(redis)?;
        let watching = redis.link.current();
        // Without a number nobody can know whether it is the same one.
        let again = |mark: &Mark| mark.number == batch.number && batch.number != 0;
        if let Some(mark) = mark.filter(again) {
            let (events, audit) = (mark.events, mark.audit);
            let written = Written { events, audit };
            remember(redis, &written);
            return Ok(written);
        }
        let earlier = earlier_events(redis, batch)?;
        let mut plan = Plan::of(redis, batch, &before)?;
        for (event, replay) in earlier {
            plan.attach(event, replay);
        }
        let Plan { steps, written, .. } = plan;
        let commands = checked(redis, steps)?;
        if redis.link.commit(watching, &commands)? {
            remember(redis, &written);
            return Ok(written);
        }
    }
    Err(StoreError::Unavailable {
        place: redis.place().to_owned(),
        detail: format!("{TRIES_MAX} times other writers were faster"),
    })
}

/// A random wait, longer after each loss: writers that met would meet again, and the slowest of
/// them would lose every time.
#[allow(clippy::disallowed_methods)] // only the thread that writes behind waits here
fn step_back(lost: u32) {
    let most = WAIT.saturating_mul(1 << lost.min(10)).min(WAIT_MAX);
    let drawn = RandomState::new().hash_one(lost);
    std::thread::sleep(most.mul_f64(drawn as f64 / u64::MAX as f64));
}

fn remember(redis: &mut Redis, written: &Written) {
    let newest = written.events.last().copied().unwrap_or(0);
    redis.seen.event = redis.seen.event.max(newest);
    if let Some(entry) = written.audit.last() {
        redis.seen.audit = Some((entry.id, entry.hash.clone()));
    }
}

/// Watches what the batch depends on, and reads it.
fn watch(redis: &mut Redis) -> Result<(Before, Option<Mark>), StoreError> {
    let (numbers, mark) = (redis.keys.numbers(), redis.keys.writer(&redis.writer));
    let newest = |key| {
        cmd("XREVRANGE")
            .arg(key)
            .arg(("+", "-", "COUNT", 1))
            .to_owned()
    };
    let answers = redis.link.ask(&[
        cmd("WATCH").arg(&numbers).arg(&mark).to_owned(),
        cmd("HMGET")
            .arg(&numbers)
            .arg(("event", "audit", "schema"))
            .to_owned(),
        cmd("GET").arg(&mark).to_owned(),
        newest(redis.keys.events()),
        newest(redis.keys.audit()),
    ])?;
    let unreadable = |what: &str| redis.link.unreadable(what);
    let [_, numbers, mark, event, audit] = &answers[..] else {
        return Err(unreadable("the answer"));
    };
    let [counted_event, counted_audit, schema] =
        reply::list(numbers).ok_or_else(|| unreadable("the numbers"))?
    else {
        return Err(unreadable("the numbers"));
    };
    read::check_schema(redis, schema)?;
    let count = |answer: &Value| match answer {
        Value::Nil => Some(0),
        some => reply::number(some),
    };
    let counted_event = count(counted_event).ok_or_else(|| unreadable("the number of events"))?;
    let counted_audit = count(counted_audit).ok_or_else(|| unreadable("the number of entries"))?;
    let last = |answer: &Value| reply::list(answer).and_then(<[Value]>::first).cloned();
    let standing = last(event)
        .as_ref()
        .and_then(reply::entry)
        .map(|(id, _)| id);
    let event = counted_event
        .max(standing.unwrap_or(0))
        .max(redis.seen.event);
    let standing = match last(audit) {
        None => (0, GENESIS.to_owned()),
        Some(entry) => read::audit_entry(&entry)
            .map(|entry| (entry.id, entry.hash))
            .ok_or_else(|| unreadable("the newest entry of the audit log"))?,
    };
    let audit = newest_of_log(standing, redis.seen.audit.clone(), counted_audit);
    // One that cannot be read is none of ours: the batch is written.
    let mark = reply::record(mark);
    Ok((Before { event, audit }, mark))
}

/// Where the audit log goes on. Entries that are known to have been there and are gone leave a gap
/// in the numbers, which a check of the log tells.
fn newest_of_log(
    standing: (u64, String),
    seen: Option<(u64, String)>,
    counted: u64,
) -> (u64, String) {
    let known = match seen {
        Some(seen) if seen.0 > standing.0 => seen,
        _ => standing,
    };
    (known.0.max(counted), known.1)
}

/// The events of earlier batches that replay files of this one belong to.
fn earlier_events<'a>(
    redis: &mut Redis,
    batch: &'a Batch,
) -> Result<Vec<(u64, &'a ReplayRecord)>, StoreError> {
    let mut found = Vec::new();
    for replay in &batch.replays {
        let is_here = batch.events.iter().any(|event| led_to(replay, event));
        if !is_here && let Some(event) = read::newest_led_to(redis, replay)? {
            found.push((event, replay));
        }
    }
    Ok(found)
}

/// The commands, after a look at what stands under their keys.
fn checked(redis: &mut Redis, steps: Vec<Step>) -> Result<Vec<Cmd>, StoreError> {
    let needs: BTreeSet<Need> = steps.iter().filter_map(|step| step.needs.clone()).collect();
    let asked = needs
        .iter()
        .map(|need| cmd("TYPE").arg(&need.key).to_owned());
    let asked: Vec<Cmd> = asked.collect();
    let mut commands = Vec::with_capacity(steps.len());
    if !asked.is_empty() {
        let answers = redis.link.ask(&asked)?;
        for (need, answer) in needs.iter().zip(&answers) {
            let kind = reply::text(answer).unwrap_or("something else");
            if kind == "none" || kind == need.kind {
                continue;
            }
            if !need.replaces {
                return Err(StoreError::Corrupt {
                    place: redis.place().to_owned(),
                    detail: format!("{} is a {kind}, not a {}", need.key, need.kind),
                });
            }
            warn!(key = %need.key, kind, "what stood under a name of ours in Redis is replaced");
            commands.push(cmd("DEL").arg(&need.key).to_owned());
        }
    }
    commands.extend(steps.into_iter().map(|step| step.command));
    Ok(commands)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_goes_on_after_the_newest_entry_that_anybody_knows_of() {
        let entry = |id: u64| (id, format!("hash {id}"));
        let genesis = (0, GENESIS.to_owned());
        assert_eq!(newest_of_log(genesis.clone(), None, 0), genesis);
        assert_eq!(newest_of_log(entry(7), None, 7), entry(7));
        assert_eq!(newest_of_log(entry(9), Some(entry(7)), 9), entry(9));
        // Emptied, or rolled back to before what was seen.
        assert_eq!(newest_of_log(genesis.clone(), Some(entry(7)), 0), entry(7));
        assert_eq!(newest_of_log(entry(3), Some(entry(7)), 3), entry(7));
        // The newest entries are gone, their number is not.
        assert_eq!(newest_of_log(entry(3), None, 7).0, 7);
    }
}
