//! What happened to a circuit in the last hour, bounded: fed with its recorded calls and its
//! events, it gives the record of that time and the [`Trip`] that led to an event.
//!
//! Invariants:
//! - At most [`CALLS_KEPT`] calls and one hour, and never more than [`BYTES_MAX`].
//! - A record begins where the circuit's state is known (every minute, and every 64th part of the
//!   calls that fit) and where nothing after is missing but what [`Tape::missed`] was told.
//! - Calls come in the order of the tap and events in the order of the bus; a call belongs before
//!   the event that ended its generation, whichever was read first.

mod calls;
mod recorded;

pub use recorded::Recorded;

use crate::export::Trip;
use crate::openings::{Opening, Openings};
use crate::what_if::{Hand, Happened};
use calls::Calls;
use fusebox::{Cause, Event, EventKind, HoldKind, RecordedCall, Saved, Settings, State, Tick};
use std::collections::VecDeque;
use std::time::Duration;

/// Calls that are kept of one circuit.
pub const CALLS_KEPT: usize = 100_000;
/// How long they are kept.
pub const KEPT_FOR: Duration = Duration::from_hours(1);
/// What one tape takes at most, all told.
pub const BYTES_MAX: usize = 8 * 1024 * 1024;

/// An hour of ticks of 100 ms, and some.
const REJECTIONS_KEPT: usize = 40_000;
/// A generation is told by one; a circuit that moves more often than once a second has had its say.
const TOLD_KEPT: usize = 4_096;
const CHECKPOINT_EVERY: Duration = Duration::from_mins(1);
const CHECKPOINT_CALLS: u64 = CALLS_KEPT as u64 / 64;

/// A circuit as it was when somebody looked.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// When.
    pub at: Tick,
    /// Its state; texts in it are of no use here and may be left out.
    pub saved: Saved,
    /// Its settings.
    pub settings: Settings,
    /// Whether the main breaker above it was open.
    pub main_open: bool,
}

/// The last hour of one circuit.
#[derive(Debug)]
pub struct Tape {
    calls: Calls,
    rejections: VecDeque<Rejections>,
    told: VecDeque<Told>,
    /// The number of the first that is kept.
    told_first: u64,
    checkpoints: VecDeque<Marked>,
    generation: Generation,
    hold: Option<(HoldKind, Option<Tick>)>,
    settings: Settings,
    openings: Openings,
    missed: u64,
    /// What is older than this is not whole.
    whole_since: Tick,
    keyed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Rejections {
    since: Tick,
    until: Tick,
    count: u64,
}

/// Something but a call.
#[derive(Debug)]
struct Told {
    /// The generation of the event; 0 for the main breaker's.
    generation: u32,
    /// The number of the next call when it was told.
    call: u64,
    at: Tick,
    what: Happened,
}

/// The present generation, as it began.
#[derive(Debug)]
struct Generation {
    number: u32,
    began: Tick,
    state: State,
    hold: Option<(HoldKind, Option<Tick>)>,
    settings: Settings,
    /// No call of it has been dropped, and none came before this tape.
    whole: bool,
    missed: u64,
}

/// A checkpoint and what had come before it.
#[derive(Debug)]
struct Marked {
    checkpoint: Checkpoint,
    call: u64,
    told: u64,
    missed: u64,
}

impl Tape {
    /// A tape that begins now, in this generation. `fresh`: the generation has recorded no call
    /// yet that this tape will not get.
    pub fn new(now: Checkpoint, generation: u32, since: Tick, fresh: bool) -> Self {
        let hold = now.saved.hold.as_ref();
        let hold = hold.map(|hold| {
            let until = hold.left.map(|left| now.at.saturating_add(left));
            (hold.kind, until)
        });
        let mut openings = Openings::default();
        if now.saved.state == State::Open {
            openings.add(already_open(&now));
        }
        let began = if fresh { since } else { now.at };
        let mut tape = Self {
            calls: Calls::default(),
            rejections: VecDeque::new(),
            told: VecDeque::new(),
            told_first: 0,
            checkpoints: VecDeque::new(),
            generation: Generation {
                number: generation,
                began,
                state: now.saved.state,
                hold,
                settings: now.settings.clone(),
                whole: fresh,
                missed: 0,
            },
            hold,
            settings: now.settings.clone(),
            openings,
            missed: 0,
            whole_since: now.at,
            keyed: false,
        };
        tape.mark(now);
        tape
    }

    /// Whether the circuit judges by key.
    pub fn set_keyed(&mut self, keyed: bool) {
        self.keyed = keyed;
    }

    /// The next call of the tap.
    pub fn call(&mut self, call: &RecordedCall) {
        let gone = self.calls.push(call, CALLS_KEPT);
        self.gone(gone);
    }

    /// So many calls were recorded and not read.
    pub fn missed(&mut self, calls: u64) {
        self.missed += calls;
        self.generation.missed += calls;
    }

    /// So many calls were rejected between two instants.
    pub fn rejected(&mut self, since: Tick, until: Tick, count: u64) {
        if count == 0 {
            return;
        }
        self.rejections.push_back(Rejections {
            since,
            until,
            count,
        });
        if self.rejections.len() > REJECTIONS_KEPT
            && let Some(gone) = self.rejections.pop_front()
        {
            self.whole_since = self.whole_since.max(gone.until);
        }
    }

    /// The next event of the circuit, or of the main breaker above it. `settings` are those in
    /// force by now.
    pub fn event(&mut self, event: &Event, settings: &Settings) {
        if event.branch.is_some() {
            return;
        }
        self.openings.note(event);
        match &event.kind {
            EventKind::HoldSet(hold) => self.hold = Some((hold.kind, hold.until)),
            EventKind::HoldEnded { .. } => self.hold = None,
            EventKind::SettingsChanged { .. } => self.settings = settings.clone(),
            _ => {}
        }
        let state = match &event.kind {
            EventKind::Transition { to, .. } => Some(*to),
            _ => None,
        };
        let is_main = matches!(
            event.kind,
            EventKind::MainOpened(_) | EventKind::MainClosed { .. }
        );
        if !is_main && event.generation != self.generation.number {
            self.begin(event, state);
        } else if !is_main && matches!(event.kind, EventKind::HoldSet(_)) {
            self.generation.hold = self.hold;
        }
        if let Some(hand) = self.hand(event) {
            self.tell(event, Happened::Hand { at: event.at, hand });
        }
    }

    fn begin(&mut self, event: &Event, state: Option<State>) {
        let state = state.unwrap_or(self.generation.state);
        self.generation = Generation {
            number: event.generation,
            began: event.at,
            state,
            hold: self.hold,
            settings: self.settings.clone(),
            whole: true,
            missed: 0,
        };
        let (at, generation) = (event.at, event.generation);
        self.tell(event, Happened::Began { at, generation });
    }

    fn hand(&self, event: &Event) -> Option<Hand> {
        Some(match &event.kind {
            EventKind::Transition {
                to,
                cause: Cause::Hand,
                ..
            } => Hand::Transition(*to),
            EventKind::HoldSet(hold) => {
                let lasts = hold.until.map(|until| until.saturating_since(event.at));
                Hand::Hold(hold.kind, lasts)
            }
            EventKind::HoldEnded { expired: false, .. } => Hand::Release,
            EventKind::Reset { .. } => Hand::Reset,
            EventKind::SettingsChanged { .. } => Hand::Settings(Box::new(self.settings.clone())),
            EventKind::MainOpened(_) => Hand::Main { open: true },
            EventKind::MainClosed { .. } => Hand::Main { open: false },
            _ => return None,
        })
    }

    fn tell(&mut self, event: &Event, what: Happened) {
        self.told.push_back(Told {
            generation: event.generation,
            call: self.calls.end(),
            at: event.at,
            what,
        });
        if self.told.len() > TOLD_KEPT
            && let Some(gone) = self.told.pop_front()
        {
            self.told_first += 1;
            self.whole_since = self.whole_since.max(gone.at);
        }
    }

    /// Lets go of what is too old.
    pub fn forget(&mut self, now: Tick) {
        while let Some(gone) = self.calls.pop_old(now) {
            self.gone(Some(gone));
        }
        let old = |at: Tick| now.saturating_since(at) >= KEPT_FOR;
        while self.rejections.pop_front_if(|r| old(r.until)).is_some() {}
        while self.told.pop_front_if(|told| old(told.at)).is_some() {
            self.told_first += 1;
        }
        while self.checkpoints.len() > 1
            && self
                .checkpoints
                .front()
                .is_some_and(|m| old(m.checkpoint.at))
        {
            self.checkpoints.pop_front();
        }
        let oldest = ago(now, KEPT_FOR);
        self.whole_since = self.whole_since.max(oldest);
        self.openings.forget_before(oldest);
    }

    fn gone(&mut self, generation: Option<u32>) {
        if generation == Some(self.generation.number) {
            self.generation.whole = false;
        }
    }

    /// Whether it is time for a [`mark`](Self::mark).
    pub fn wants_mark(&self, now: Tick) -> bool {
        self.checkpoints.back().is_none_or(|last| {
            now.saturating_since(last.checkpoint.at) >= CHECKPOINT_EVERY
                || self.calls.end() - last.call >= CHECKPOINT_CALLS
        })
    }

    /// Notes how the circuit is now, so that a record can begin here.
    pub fn mark(&mut self, mut checkpoint: Checkpoint) {
        if let Some(hold) = &mut checkpoint.saved.hold {
            hold.reason = String::new();
        }
        let first = self.calls.first();
        self.checkpoints.push_back(Marked {
            checkpoint,
            call: self.calls.end(),
            told: self.told_first + self.told.len() as u64,
            missed: self.missed,
        });
        while self.checkpoints.len() > 1 && self.checkpoints.front().is_some_and(|m| m.call < first)
        {
            self.checkpoints.pop_front();
        }
    }

    /// The generation that `event` ends or, under observe, speaks of. To be asked before the event
    /// is given to [`event`](Self::event), and after the calls before it.
    pub fn trip(&self, id: String, event: &Event) -> Trip {
        let generation = &self.generation;
        let whole = generation.whole;
        let mut settings = generation.settings.clone();
        let (happened, dropped) = self.of_generation(event, &mut settings);
        let first = happened.iter().find_map(|happened| match happened {
            Happened::Call(call) => Some(call.at),
            _ => None,
        });
        let began = first.filter(|_| !whole || dropped > 0);
        let began = began.unwrap_or(generation.began);
        Trip {
            id,
            began,
            whole,
            missed: generation.missed,
            state: generation.state,
            hold: generation.hold.map(|(kind, until)| {
                let left = until.map(|until| until.saturating_since(began));
                (kind, left)
            }),
            settings,
            keyed: self.keyed,
            happened,
            dropped,
            event: event.clone(),
        }
    }

    /// An estimate of the memory that it takes.
    pub fn bytes(&self) -> usize {
        let settings = size_of::<Settings>();
        size_of::<Self>()
            + self.calls.bytes()
            + self.rejections.capacity() * size_of::<Rejections>()
            + self.told.capacity() * (size_of::<Told>() + settings)
            + self.checkpoints.capacity() * size_of::<Marked>()
            + size_of_val(self.openings.kept())
    }
}

/// The instant so long before another, or the clock's origin.
fn ago(now: Tick, age: Duration) -> Tick {
    let age = u64::try_from(age.as_nanos()).unwrap_or(u64::MAX);
    Tick::from_nanos(now.as_nanos().saturating_sub(age))
}

/// The opening that a tape begins in.
fn already_open(now: &Checkpoint) -> Opening {
    let why = now.saved.why.as_ref();
    let cause = why.and_then(|why| Cause::from_word(&why.cause));
    Opening {
        at: ago(now.at, now.saved.state_age),
        branch: None,
        cause: cause.unwrap_or(Cause::Hand),
        evidence: why.map(|why| why.evidence.clone()).unwrap_or_default(),
        lasted: None,
        would: false,
    }
}
