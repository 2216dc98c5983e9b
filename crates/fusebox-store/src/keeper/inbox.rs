//! What waits to be written or answered. Everything in it is bounded; states coalesce.

use std::collections::{BTreeSet, VecDeque};
use std::task::{Context, Poll};
use std::time::SystemTime;

use fusebox::{Clock, Event, EventKind, Received, Subscription, SystemClock, Tick};

use super::answer::Promise;
use super::dial::Now;
use super::restore::Restoring;
use super::told;
use crate::{
    AuditCheck, AuditDraft, AuditEntry, AuditQuery, EventQuery, EventRecord, Page, ReplayRecord,
};

/// Events of one batch: small enough that a slow server takes it within its time-out.
const EVENTS_IN_A_BATCH: usize = 1_000;
/// Replay files that wait, and their bytes.
const REPLAYS_MAX: usize = 256;
const REPLAY_BYTES_MAX: usize = 64 << 20;

/// How far the keeper is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Running,
    /// What is there is still written.
    Closing,
    /// Nobody waits any more.
    Abandoned,
    /// The writer has gone.
    Ended,
}

/// Something that is read for somebody.
#[derive(Debug)]
pub(super) enum Question {
    Events(EventQuery, Promise<Page<EventRecord>>),
    Replay(u64, Promise<Option<String>>),
    Audit(AuditQuery, Promise<Page<AuditEntry>>),
    Verify(Promise<AuditCheck>),
}

#[derive(Debug)]
pub(super) struct Inbox {
    bus: Subscription,
    pub(super) stage: Stage,
    pub(super) loaded: bool,
    /// Circuits, by name, whose states or overrides changed.
    circuits: BTreeSet<String>,
    overrides: BTreeSet<String>,
    removed: BTreeSet<String>,
    main: bool,
    /// All of these, whatever changed.
    everything: bool,
    events: VecDeque<EventRecord>,
    events_max: usize,
    /// Events that had no room, and when the first of them was.
    overflow: Option<(u64, SystemTime)>,
    /// How many events ever came, and how many of them have left for the storage or are lost.
    came: u64,
    left: u64,
    /// With the number of events that came before.
    replays: VecDeque<(u64, ReplayRecord)>,
    pub(super) audit: VecDeque<(AuditDraft, Promise<AuditEntry>)>,
    /// With the number of events that came before.
    flushes: VecDeque<(u64, Promise<()>)>,
    pub(super) questions: VecDeque<Question>,
    pub(super) lost: u64,
    /// Since when something waits.
    since: Option<Tick>,
}

/// What goes into the next batch.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) circuits: BTreeSet<String>,
    pub(super) overrides: BTreeSet<String>,
    pub(super) removed: Vec<String>,
    pub(super) main: bool,
    pub(super) everything: bool,
    pub(super) events: Vec<EventRecord>,
    pub(super) replays: Vec<ReplayRecord>,
    pub(super) audit: Vec<(AuditDraft, Promise<AuditEntry>)>,
    pub(super) flushes: Vec<Promise<()>>,
    pub(super) since: Option<Tick>,
}

impl Inbox {
    pub(super) fn new(bus: Subscription, events_max: usize) -> Self {
        Self {
            bus,
            stage: Stage::Running,
            loaded: false,
            circuits: BTreeSet::new(),
            overrides: BTreeSet::new(),
            removed: BTreeSet::new(),
            main: false,
            everything: false,
            events: VecDeque::new(),
            events_max: events_max.max(1),
            overflow: None,
            came: 0,
            left: 0,
            replays: VecDeque::new(),
            audit: VecDeque::new(),
            flushes: VecDeque::new(),
            questions: VecDeque::new(),
            lost: 0,
            since: None,
        }
    }

    /// Takes what is on the bus.
    pub(super) fn drain(&mut self, now: &Now, restoring: &Restoring) {
        while let Some(received) = self.bus.try_next() {
            self.receive(received, now, restoring);
        }
    }

    /// The same, and asks to be woken when more comes.
    pub(super) fn poll_drain(&mut self, cx: &Context<'_>, now: &Now, restoring: &Restoring) {
        while let Poll::Ready(received) = self.bus.poll_next(cx) {
            self.receive(received, now, restoring);
        }
    }

    fn receive(&mut self, received: Received, now: &Now, restoring: &Restoring) {
        match received {
            Received::Event(event) => {
                self.mark(&event, restoring);
                // What a restart puts back stands in the history already.
                if !event.restored {
                    self.add_event(told::record(&event, now));
                }
            }
            Received::Missed(count) => {
                // Nobody knows what they were about.
                self.mark_everything();
                self.lost += count;
                self.add_event(told::missed(count, now.tick, now));
            }
        }
    }

    fn mark(&mut self, event: &Event, restoring: &Restoring) {
        let name = || event.circuit.to_string();
        match &event.kind {
            EventKind::MainOpened(_) | EventKind::MainClosed { .. } => self.main = true,
            EventKind::Removed { .. } => {
                restoring.forget(&event.circuit);
                self.circuits.remove(&*event.circuit);
                self.overrides.remove(&*event.circuit);
                self.removed.insert(name());
            }
            EventKind::OverrideSet(_) | EventKind::OverrideEnded { .. } => {
                self.overrides.insert(name());
            }
            _ => {
                self.circuits.insert(name());
            }
        }
        self.waits();
    }

    /// A circuit's state and override are to be written.
    pub(super) fn mark_circuit(&mut self, name: &str) {
        self.circuits.insert(name.to_owned());
        self.overrides.insert(name.to_owned());
        self.waits();
    }

    pub(super) fn mark_everything(&mut self) {
        self.everything = true;
        self.waits();
    }

    pub(super) fn add_event(&mut self, event: EventRecord) {
        self.came += 1;
        if self.events.len() == self.events_max
            && let Some(oldest) = self.events.pop_front()
        {
            self.left += 1;
            self.lost += 1;
            let (count, _) = self.overflow.get_or_insert((0, oldest.at));
            *count += 1;
        }
        self.events.push_back(event);
        self.waits();
    }

    pub(super) fn add_replay(&mut self, replay: ReplayRecord) {
        let bytes = |replays: &VecDeque<(u64, ReplayRecord)>| -> usize {
            replays.iter().map(|(_, replay)| replay.text.len()).sum()
        };
        self.replays.push_back((self.came, replay));
        while self.replays.len() > REPLAYS_MAX || bytes(&self.replays) > REPLAY_BYTES_MAX {
            self.replays.pop_front();
        }
        self.waits();
    }

    pub(super) fn add_audit(&mut self, draft: AuditDraft, promise: Promise<AuditEntry>) {
        self.audit.push_back((draft, promise));
        self.waits();
    }

    pub(super) fn add_flush(&mut self, promise: Promise<()>) {
        self.flushes.push_back((self.came, promise));
    }

    pub(super) fn flushes(&self) -> usize {
        self.flushes.len()
    }

    fn waits(&mut self) {
        self.since.get_or_insert_with(|| SystemClock.now());
    }

    /// Whether there is something to write, or somebody to be told that there is not.
    pub(super) fn has_work(&self) -> bool {
        self.pending() > 0 || !self.flushes.is_empty()
    }

    /// Changes that wait here.
    pub(super) fn pending(&self) -> usize {
        let states = self.circuits.union(&self.overrides).count();
        states
            + self.removed.len()
            + usize::from(self.main)
            + usize::from(self.everything)
            + self.events.len()
            + self.replays.len()
            + self.audit.len()
    }

    /// Since when something has been waiting.
    pub(super) fn since(&self) -> Option<Tick> {
        self.since
    }

    /// Takes the next batch's part. Circuits that are being restored stay: their records of before
    /// the start are not written over with what a new breaker knows.
    pub(super) fn take(&mut self, now: &Now, restoring: &Restoring) -> Taken {
        self.drain(now, restoring);
        let held_back = |names: &mut BTreeSet<String>| {
            let (stay, go) = std::mem::take(names)
                .into_iter()
                .partition(|name| restoring.holds(name));
            *names = stay;
            go
        };
        let mut taken = Taken {
            circuits: held_back(&mut self.circuits),
            overrides: held_back(&mut self.overrides),
            removed: std::mem::take(&mut self.removed).into_iter().collect(),
            main: std::mem::take(&mut self.main),
            everything: std::mem::take(&mut self.everything),
            audit: self.audit.drain(..).collect(),
            ..Taken::default()
        };
        if let Some((count, at)) = self.overflow.take() {
            let missed = told::missed(count, now.tick, now);
            taken.events.push(EventRecord { at, ..missed });
        }
        let count = self.events.len().min(EVENTS_IN_A_BATCH);
        taken.events.extend(self.events.drain(..count));
        self.left += u64::try_from(count).unwrap_or(u64::MAX);
        while let Some((_, replay)) = self.replays.pop_front_if(|(came, _)| *came <= self.left) {
            taken.replays.push(replay);
        }
        if self.circuits.is_empty() && self.overrides.is_empty() {
            while let Some((_, flush)) = self.flushes.pop_front_if(|(came, _)| *came <= self.left) {
                taken.flushes.push(flush);
            }
        }
        let since = self.since.take();
        taken.since = since;
        if self.pending() > 0 {
            self.since = since;
        }
        taken
    }

    /// Nobody reads this any more: whoever waits is told so.
    pub(super) fn end(&mut self, stage: Stage) {
        self.stage = stage;
        self.audit.clear();
        self.flushes.clear();
        self.questions.clear();
        self.events.clear();
        self.replays.clear();
    }
}
