//! The thread that has the storage: it writes what waits, all at once, and answers questions.
//!
//! There is no timer for batches: what came while one batch was written is the next. A batch that
//! failed is tried again as it is, after 100 ms, then twice as long each time, up to 5 s.

use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use fusebox::{Clock, SystemClock, Tick};

use super::answer::Promise;
use super::gather::Held;
use super::inbox::{Inbox, Question, Stage};
use super::shared::Shared;
use crate::{EventRecord, Storage, StoreError, Written, verify_audit};

const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LAST: Duration = Duration::from_secs(5);
/// The history is trimmed this often, and after so many new events.
const TRIM_EVERY: Duration = Duration::from_secs(600);
const TRIM_AFTER: usize = 1_000;

pub(super) struct Writer<S> {
    storage: S,
    shared: Arc<Shared>,
    /// Told how the first load went.
    start: Option<Promise<()>>,
    held: Option<Held>,
    number: u64,
    retry: Duration,
    /// Not before.
    next_try: Tick,
    rewrite_at: Tick,
    trim_at: Tick,
    untrimmed: usize,
    /// The last turn was no question's.
    worked: bool,
    /// The keeper ends: so the tries are not as far apart.
    hurries: bool,
    /// It did not even start.
    is_over: bool,
}

/// What to do next.
enum Turn {
    Ask(Vec<Question>),
    Load,
    Write,
    Trim,
    End,
}

impl<S: Storage> Writer<S> {
    pub(super) fn new(storage: S, shared: &Arc<Shared>, start: Promise<()>) -> Self {
        Self {
            storage,
            shared: Arc::clone(shared),
            start: Some(start),
            held: None,
            number: 0,
            retry: RETRY_FIRST,
            next_try: Tick::ZERO,
            rewrite_at: Tick::NEVER,
            trim_at: Tick::ZERO,
            untrimmed: 0,
            worked: false,
            hurries: false,
            is_over: false,
        }
    }

    pub(super) fn run(mut self) {
        let ending = Ending(Arc::clone(&self.shared));
        loop {
            match self.next_turn() {
                Turn::Ask(questions) => questions.into_iter().for_each(|q| self.answer(q)),
                Turn::Load => self.load(),
                Turn::Write => self.write(),
                Turn::Trim => self.trim(),
                Turn::End => break,
            }
        }
        // The promises in its hands first, then the rest.
        drop(self);
        drop(ending);
    }

    fn next_turn(&mut self) -> Turn {
        let shared = Arc::clone(&self.shared);
        let mut inbox = shared.inbox();
        loop {
            if self.is_over || inbox.stage == Stage::Abandoned {
                return Turn::End;
            }
            let now = SystemClock.now();
            self.hurry(&inbox, now);
            if self.rewrite_at <= now && inbox.loaded {
                self.rewrite_at = now.saturating_add(self.storage.rewrite_every());
                inbox.mark_everything();
            }
            // By turns, so that neither keeps the other waiting.
            let asked = !inbox.questions.is_empty();
            if !(asked && self.worked)
                && self.next_try <= now
                && let Some(turn) = self.work(&inbox, now)
            {
                self.worked = true;
                return turn;
            }
            self.worked = false;
            if asked {
                return Turn::Ask(inbox.questions.drain(..).collect());
            }
            let next = self.rewrite_at.min(self.trim_at);
            let until = if self.next_try > now {
                self.next_try
            } else {
                next
            };
            inbox = shared.listen(inbox, until.saturating_since(now));
        }
    }

    /// A keeper that ends tries again at once, and soon again.
    fn hurry(&mut self, inbox: &Inbox, now: Tick) {
        if inbox.stage != Stage::Running && !self.hurries {
            self.hurries = true;
            self.retry = RETRY_FIRST;
            self.next_try = self.next_try.min(now);
        }
    }

    fn work(&self, inbox: &MutexGuard<'_, Inbox>, now: Tick) -> Option<Turn> {
        if !inbox.loaded {
            return Some(Turn::Load);
        }
        if self.held.is_some() || inbox.has_work() {
            return Some(Turn::Write);
        }
        if inbox.stage != Stage::Running {
            return Some(Turn::End);
        }
        (self.trim_at <= now || self.untrimmed >= TRIM_AFTER).then_some(Turn::Trim)
    }

    fn load(&mut self) {
        match self.storage.load() {
            Ok(kept) => {
                self.succeeded();
                self.shared.loaded(kept);
                let every = self.storage.rewrite_every();
                self.rewrite_at = SystemClock.now().saturating_add(every);
                self.started(Ok(()));
            }
            Err(error) => {
                self.failed(&error);
                self.is_over = self.start.is_some() && error.is_lasting();
                self.started(Err(error));
            }
        }
    }

    fn started(&mut self, result: Result<(), StoreError>) {
        if let Some(start) = self.start.take() {
            start.keep(result);
        }
    }

    fn write(&mut self) {
        let held = match self.held.take() {
            Some(held) => held,
            None => self.gather(),
        };
        if held.is_empty() {
            return self.done(held, Written::default());
        }
        match self.storage.write(&held.batch) {
            Ok(written) => {
                self.shared.health().writes += 1;
                self.succeeded();
                self.done(held, written);
            }
            Err(error) => {
                self.held = Some(held);
                self.failed(&error);
            }
        }
    }

    /// Reads the states that are to be written, as they are now.
    fn gather(&mut self) -> Held {
        let shared = &self.shared;
        shared.restore_defined();
        let now = shared.dial.now();
        let taken = shared.inbox().take(&now, &shared.restoring);
        self.number += 1;
        let since = taken.since;
        let held = Held::gather(shared, taken, self.number);
        let mut health = shared.health();
        health.held = held.len();
        health.held_since = since.filter(|_| !held.is_empty());
        held
    }

    fn done(&mut self, held: Held, written: Written) {
        let mut health = self.shared.health();
        (health.held, health.held_since) = (0, None);
        drop(health);
        self.untrimmed += held.batch.events.len();
        let numbered = held.batch.events.into_iter().zip(written.events);
        let events = numbered.map(|(event, id)| EventRecord { id, ..event });
        self.shared.followers.tell(events.collect());
        for (promise, entry) in held.audit.into_iter().zip(written.audit) {
            promise.keep(Ok(entry));
        }
        for promise in held.flushes {
            promise.keep(Ok(()));
        }
    }

    fn trim(&mut self) {
        self.trim_at = SystemClock.now().saturating_add(TRIM_EVERY);
        self.untrimmed = 0;
        let now = self.shared.dial.now().wall;
        let limits = self.shared.options.limits;
        if let Err(error) = self.storage.trim(&limits, now) {
            self.failed(&error);
        }
    }

    fn succeeded(&mut self) {
        self.retry = RETRY_FIRST;
        self.next_try = Tick::ZERO;
        let mut health = self.shared.health();
        if std::mem::take(&mut health.failing) {
            drop(health);
            tracing::info!("the store works again");
        }
    }

    fn failed(&mut self, error: &StoreError) {
        self.next_try = SystemClock.now().saturating_add(self.retry);
        self.retry = (self.retry * 2).min(RETRY_LAST);
        let mut health = self.shared.health();
        health.failures += 1;
        health.last_error = Some(error.to_string());
        if !std::mem::replace(&mut health.failing, true) {
            drop(health);
            tracing::warn!(%error, "the store failed; what is to be kept waits");
        }
    }

    fn answer(&mut self, question: Question) {
        // Who has given up is not read for: after a hang there may be many.
        match question {
            Question::Events(query, promise) if promise.is_awaited() => {
                promise.keep(self.storage.events(&query));
            }
            Question::Replay(event, promise) if promise.is_awaited() => {
                promise.keep(self.storage.replay(event));
            }
            Question::Audit(query, promise) if promise.is_awaited() => {
                promise.keep(self.storage.audit(&query));
            }
            Question::Verify(promise) if promise.is_awaited() => {
                promise.keep(verify_audit(&mut self.storage));
            }
            _ => {}
        }
    }
}

/// Tells everybody when the writer has gone, also if the storage panicked.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        // Before, so that who waited for the end finds the feeds closed; after, for one that was
        // made in between.
        self.0.followers.close();
        let mut inbox = self.0.inbox();
        let is_cut = inbox.stage == Stage::Abandoned || std::thread::panicking();
        inbox.end(if is_cut {
            Stage::Abandoned
        } else {
            Stage::Ended
        });
        drop(inbox);
        self.0.ring();
        self.0.followers.close();
    }
}
