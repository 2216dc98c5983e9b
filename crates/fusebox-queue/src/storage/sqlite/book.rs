//! What the one writer of a file knows by heart: the counters of its queues, what is paused, and
//! what is being sent. None of it grows with what waits.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::failed::Failed;
use super::row::{FACTS, FACTS_WIDTH, Facts, TROUBLE, Trouble, integer, number};
use crate::clock::Millis;
use crate::record::Scope;

#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) queues: HashMap<i64, Queue>,
    pub(super) ids: HashMap<Arc<str>, i64>,
    /// Of those that are paused now.
    pub(super) paused: BTreeSet<Scope>,
    held: HashMap<i64, Arc<Held>>,
    pub(super) takes: HashMap<i64, Take>,
    /// Queues in which something does not fit: their turns are made anew before the commit.
    pub(super) broken: BTreeSet<i64>,
    /// Queues in which damage was found: their counters are made anew before the commit.
    pub(super) miscounted: BTreeSet<i64>,
    /// What was held before this transaction touched it.
    undo: Vec<(i64, Option<Arc<Held>>)>,
    pub(super) last_token: i64,
}

/// A queue and its counters.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    pub(super) name: Arc<str>,
    pub(super) messages: u64,
    pub(super) bytes: u64,
    pub(super) dead: u64,
    pub(super) corrupt: u64,
    pub(super) in_flight: u64,
    pub(super) last: i64,
    pub(super) low: i64,
    pub(super) is_touched: bool,
}

/// A message that is being sent.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) token: i64,
    /// When the lease ends; of an owner before: at once.
    pub(super) until: Millis,
    pub(super) queue: i64,
    pub(super) rnd: i64,
    pub(super) key: Option<String>,
    pub(super) grp: Option<String>,
    pub(super) idem: Option<String>,
    pub(super) digest: Option<Vec<u8>>,
    pub(super) due: Millis,
    pub(super) uncertain: bool,
    pub(super) size: i64,
    pub(super) trouble: Option<Trouble>,
}

/// What one order took.
#[derive(Clone, Debug)]
pub(super) struct Take {
    pub(super) queue: i64,
    pub(super) until: Millis,
    pub(super) left: usize,
}

impl Held {
    pub(super) fn of(
        facts: &Facts<'_>,
        trouble: Option<Trouble>,
        queue: i64,
        lease: (i64, Millis),
    ) -> Self {
        let (token, until) = lease;
        Self {
            token,
            until,
            queue,
            rnd: facts.rnd,
            key: facts.key.map(str::to_owned),
            grp: facts.grp.map(str::to_owned),
            idem: facts.idem.map(str::to_owned),
            digest: facts.digest.map(<[u8]>::to_vec),
            due: facts.due,
            uncertain: facts.uncertain,
            size: facts.size,
            trouble,
        }
    }

    pub(super) fn is_suspect(&self) -> bool {
        self.trouble.as_ref().is_some_and(|t| t.is_suspect)
    }
}

impl Book {
    /// What the file says. Leases in it are nobody's any more: they end at once.
    pub(super) fn read(db: &Connection) -> Result<Self, Failed> {
        let mut book = Self::default();
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(std::io::Error::other)?;
        // So that a lease of an owner before is never taken for one of now; 2^31 are left.
        book.last_token = i64::from_le_bytes(random) & 0x7fff_ffff_0000_0000;
        book.read_counters(db)?;
        book.read_leases(db)?;
        Ok(book)
    }

    fn read_counters(&mut self, db: &Connection) -> Result<(), Failed> {
        self.queues.clear();
        self.ids.clear();
        self.paused.clear();
        let sql =
            "SELECT id, name, messages, bytes, dead, corrupt, in_flight, last, low FROM queue";
        let mut statement = db.prepare_cached(sql)?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let (id, name): (i64, Arc<str>) = (row.get(0)?, row.get::<_, String>(1)?.into());
            self.ids.insert(name.clone(), id);
            let queue = Queue {
                name,
                messages: number(row.get(2)?),
                bytes: number(row.get(3)?),
                dead: number(row.get(4)?),
                corrupt: number(row.get(5)?),
                in_flight: number(row.get(6)?),
                last: row.get(7)?,
                low: row.get(8)?,
                is_touched: false,
            };
            self.queues.insert(id, queue);
        }
        let sql = "SELECT queue, grp FROM pause WHERE paused";
        let mut statement = db.prepare_cached(sql)?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            self.paused.insert(scope(row.get(0)?, row.get(1)?));
        }
        Ok(())
    }

    fn read_leases(&mut self, db: &Connection) -> Result<(), Failed> {
        let mut statement = db.prepare_cached("SELECT token, seqs FROM lease")?;
        let mut rows = statement.query(())?;
        let mut one = db.prepare_cached(&format!(
            "SELECT {FACTS}, {TROUBLE} FROM message m LEFT JOIN trouble r ON r.seq = m.seq
             WHERE m.seq = ?1
               AND NOT EXISTS (SELECT 1 FROM turn t WHERE t.queue = m.queue
                   AND t.grp = iif(m.grp IS NULL, '', '=' || m.grp)
                   AND t.due = coalesce(r.due, m.due) AND t.seq = m.seq)
               AND (m.key IS NULL OR EXISTS (SELECT 1 FROM line l
                   WHERE l.queue = m.queue AND l.key = m.key AND l.head = m.seq))"
        ))?;
        while let Some(row) = rows.next()? {
            let token: i64 = row.get(0)?;
            let seqs: Vec<u8> = row.get(1)?;
            for seq in places(&seqs) {
                let mut found = one.query([seq])?;
                // Settled since, or given back.
                let Some(row) = found.next()? else { continue };
                let queue: i64 = row.get(2)?;
                let Some(name) = self.queues.get(&queue).map(|queue| queue.name.clone()) else {
                    continue;
                };
                let facts = Facts::sound(row, &name);
                let trouble = Trouble::read(row, FACTS_WIDTH);
                if let (Some(facts), Some(trouble)) = (facts, trouble) {
                    let held = Held::of(&facts, trouble, queue, (token, Millis::MIN));
                    self.held.insert(seq, Arc::new(held));
                } else {
                    // Found damaged again, and set aside, when its turn comes.
                    self.broken.insert(queue);
                }
            }
        }
        self.count_takes();
        Ok(())
    }

    fn count_takes(&mut self) {
        self.takes.clear();
        for held in self.held.values() {
            let take = self.takes.entry(held.token).or_insert(Take {
                queue: held.queue,
                until: held.until,
                left: 0,
            });
            take.left += 1;
        }
    }

    /// Read anew by the same owner: its leases go on.
    pub(super) fn go_on_from(&mut self, before: &Self) {
        for (seq, held) in &mut self.held {
            if let Some(known) = before
                .held
                .get(seq)
                .filter(|known| known.token == held.token)
            {
                *held = Arc::clone(known);
            }
        }
        self.last_token = before.last_token;
        self.count_takes();
    }

    pub(super) fn held(&self, seq: i64) -> Option<&Held> {
        self.held.get(&seq).map(Arc::as_ref)
    }

    pub(super) fn all_held(&self) -> impl Iterator<Item = (i64, &Held)> {
        self.held.iter().map(|(seq, held)| (*seq, &**held))
    }

    pub(super) fn hold(&mut self, seq: i64, held: Held) {
        let before = self.held.insert(seq, Arc::new(held));
        self.undo.push((seq, before));
    }

    pub(super) fn let_go(&mut self, seq: i64) -> Option<Arc<Held>> {
        let held = self.held.remove(&seq)?;
        self.undo.push((seq, Some(Arc::clone(&held))));
        Some(held)
    }

    pub(super) fn queue(&mut self, id: i64) -> Result<&mut Queue, Failed> {
        let queue = self.queues.get_mut(&id);
        let queue = queue.ok_or_else(|| Failed::Damaged(format!("there is no queue {id}")))?;
        queue.is_touched = true;
        Ok(queue)
    }

    pub(super) fn name(&self, id: i64) -> Option<Arc<str>> {
        self.queues.get(&id).map(|queue| queue.name.clone())
    }

    /// The queue of this name, made if there is none.
    pub(super) fn queue_named(&mut self, db: &Connection, name: &Arc<str>) -> Result<i64, Failed> {
        if let Some(id) = self.ids.get(name) {
            return Ok(*id);
        }
        let sql = "INSERT INTO queue (name, messages, bytes, dead, corrupt, in_flight, last, low)
                   VALUES (?1, 0, 0, 0, 0, 0, 0, 0)";
        db.prepare_cached(sql)?.execute([&**name])?;
        let id = db.last_insert_rowid();
        self.ids.insert(name.clone(), id);
        let queue = Queue {
            name: name.clone(),
            messages: 0,
            bytes: 0,
            dead: 0,
            corrupt: 0,
            in_flight: 0,
            last: 0,
            low: 0,
            is_touched: false,
        };
        self.queues.insert(id, queue);
        Ok(id)
    }

    /// Writes the counters of the queues that were touched, once for each commit.
    pub(super) fn write(&mut self, db: &Connection) -> Result<(), Failed> {
        for (id, queue) in self.queues.iter_mut().filter(|(_, queue)| queue.is_touched) {
            let sql = "UPDATE queue SET messages = ?2, bytes = ?3, dead = ?4, corrupt = ?5,
                           in_flight = ?6, last = ?7, low = ?8 WHERE id = ?1";
            db.prepare_cached(sql)?.execute(params![
                id,
                integer(queue.messages),
                integer(queue.bytes),
                integer(queue.dead),
                integer(queue.corrupt),
                integer(queue.in_flight),
                queue.last,
                queue.low,
            ])?;
            queue.is_touched = false;
        }
        Ok(())
    }

    /// What was done is done.
    pub(super) fn keep(&mut self) {
        self.undo.clear();
    }

    /// As it was before the transaction that was taken back.
    pub(super) fn take_back(&mut self, db: &Connection) -> Result<(), Failed> {
        self.broken.clear();
        self.miscounted.clear();
        for (seq, before) in self.undo.drain(..).rev() {
            match before {
                Some(held) => self.held.insert(seq, held),
                None => self.held.remove(&seq),
            };
        }
        self.count_takes();
        self.read_counters(db)
    }
}

pub(super) fn scope(queue: Option<String>, group: Option<String>) -> Scope {
    match (queue, group) {
        (None, _) => Scope::Everything,
        (Some(queue), None) => Scope::Queue(queue),
        (Some(queue), Some(group)) => Scope::Group(queue, group),
    }
}

/// The places in a row of `lease`.
pub(super) fn places(bytes: &[u8]) -> impl Iterator<Item = i64> {
    let whole = bytes.chunks_exact(8);
    whole.map(|eight| i64::from_le_bytes(eight.try_into().unwrap_or_default()))
}
