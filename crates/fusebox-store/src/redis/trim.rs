//! Forgetting: events by age and number, replay files by number, names of circuits that are gone.
//!
//! Each step can be done twice, so nothing is wrong when one is lost. The audit log stays.

use std::time::SystemTime;

use redis::{Cmd, Value, cmd};

use super::{Redis, read, reply};
use crate::{Limits, StoreError};

/// How many events are looked at, or forgotten, at once.
const CHUNK: u64 = 500;

pub(super) fn trim(redis: &mut Redis, limits: &Limits, now: SystemTime) -> Result<(), StoreError> {
    forget_surplus(redis, limits.events_max)?;
    forget_older(redis, limits.oldest(now))?;
    forget_replays(redis, limits.replays_max)?;
    forget_names(redis)
}

/// The oldest events, beyond the newest so many.
fn forget_surplus(redis: &mut Redis, most: u64) -> Result<(), StoreError> {
    let asked = cmd("XLEN").arg(redis.keys.events()).to_owned();
    let count = number(redis, &asked)?;
    let mut surplus = count.saturating_sub(most);
    while surplus > 0 {
        let entries = oldest(redis, 0, surplus.min(CHUNK))?;
        if entries.is_empty() {
            break;
        }
        forget(redis, &entries)?;
        surplus = surplus.saturating_sub(u64::try_from(entries.len()).unwrap_or(u64::MAX));
    }
    Ok(())
}

/// Events from before a time. They stand in order of their numbers, which is that of their times
/// but for clocks that differ; so the search ends at a chunk in which none was old.
fn forget_older(redis: &mut Redis, oldest_kept: SystemTime) -> Result<(), StoreError> {
    let mut from = 0;
    loop {
        let entries = oldest(redis, from, CHUNK)?;
        let is_old = |entry: &&Value| {
            read::readable_event(entry).is_some_and(|event| event.at < oldest_kept)
        };
        let old: Vec<Value> = entries.iter().filter(is_old).cloned().collect();
        if old.is_empty() {
            return Ok(());
        }
        forget(redis, &old)?;
        let Some(last) = entries.last().and_then(reply::entry) else {
            return Ok(());
        };
        from = last.0.saturating_add(1);
    }
}

fn oldest(redis: &mut Redis, from: u64, count: u64) -> Result<Vec<Value>, StoreError> {
    let asked = cmd("XRANGE")
        .arg(redis.keys.events())
        .arg(from)
        .arg(("+", "COUNT", count))
        .to_owned();
    let answers = redis.link.ask(&[asked])?;
    let entries = answers.first().and_then(reply::list).map(<[Value]>::to_vec);
    entries.ok_or_else(|| redis.link.unreadable("the history"))
}

/// Events with what hangs on them.
fn forget(redis: &mut Redis, entries: &[Value]) -> Result<(), StoreError> {
    let keys = &redis.keys;
    let mut commands = Vec::with_capacity(entries.len() * 4);
    for entry in entries {
        let id = reply::list(entry).and_then(<[Value]>::first);
        let Some(id) = id.and_then(reply::text) else {
            return Err(redis.link.unreadable("the number of an event"));
        };
        commands.push(cmd("XDEL").arg(keys.events()).arg(id).to_owned());
        let Some(event) = read::readable_event(entry) else {
            continue;
        };
        let of_circuit = keys.events_of(&event.circuit);
        commands.push(cmd("ZREM").arg(of_circuit).arg(event.id).to_owned());
        let of_circuit = keys.replays_of(&event.circuit);
        commands.push(cmd("ZREM").arg(of_circuit).arg(event.id).to_owned());
        commands.push(cmd("DEL").arg(keys.replay(event.id)).to_owned());
    }
    redis.link.ask(&commands)?;
    Ok(())
}

/// The oldest replay files of each circuit, beyond the newest so many.
fn forget_replays(redis: &mut Redis, most: u64) -> Result<(), StoreError> {
    for circuit in names(redis, redis.keys.replayed())? {
        let of_circuit = redis.keys.replays_of(&circuit);
        let count = number(redis, cmd("ZCARD").arg(&of_circuit))?;
        if count == 0 {
            let replayed = redis.keys.replayed();
            redis
                .link
                .ask(&[cmd("SREM").arg(replayed).arg(circuit).to_owned()])?;
        }
        let Some(surplus) = count.checked_sub(most).filter(|surplus| *surplus > 0) else {
            continue;
        };
        let asked = cmd("ZRANGE")
            .arg(&of_circuit)
            .arg((0, surplus - 1))
            .to_owned();
        let answers = redis.link.ask(&[asked])?;
        let events = answers.first().and_then(reply::list);
        let events = events.ok_or_else(|| redis.link.unreadable("the replay files"))?;
        let mut commands = Vec::with_capacity(events.len() * 2);
        for event in events.iter().filter_map(reply::number) {
            commands.push(cmd("DEL").arg(redis.keys.replay(event)).to_owned());
            commands.push(cmd("ZREM").arg(&of_circuit).arg(event).to_owned());
        }
        redis.link.ask(&commands)?;
    }
    Ok(())
}

/// The names of circuits whose state has expired.
fn forget_names(redis: &mut Redis) -> Result<(), StoreError> {
    let names = names(redis, redis.keys.circuits())?;
    let exists = |name: &String| cmd("EXISTS").arg(redis.keys.state(name)).to_owned();
    let asked: Vec<Cmd> = names.iter().map(exists).collect();
    if asked.is_empty() {
        return Ok(());
    }
    let answers = redis.link.ask(&asked)?;
    let gone = names.iter().zip(&answers);
    let gone = gone.filter(|(_, answer)| matches!(answer, Value::Int(0)));
    let forget = |name: &String| cmd("SREM").arg(redis.keys.circuits()).arg(name).to_owned();
    let commands: Vec<Cmd> = gone.map(|(name, _)| forget(name)).collect();
    if !commands.is_empty() {
        redis.link.ask(&commands)?;
    }
    Ok(())
}

fn names(redis: &mut Redis, key: String) -> Result<Vec<String>, StoreError> {
    let answers = redis.link.ask(&[cmd("SMEMBERS").arg(key).to_owned()])?;
    let names = answers.first().and_then(reply::texts);
    let names = names.map(|names| names.into_iter().map(str::to_owned).collect());
    names.ok_or_else(|| redis.link.unreadable("the names of the circuits"))
}

fn number(redis: &mut Redis, asked: &Cmd) -> Result<u64, StoreError> {
    let answers = redis.link.ask(std::slice::from_ref(asked))?;
    let number = answers.first().and_then(reply::number);
    number.ok_or_else(|| redis.link.unreadable("a number"))
}
