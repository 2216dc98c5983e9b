//! The one word that is the truth about a breaker's state.
//!
//! ```text
//! bit  0..2   state       0 closed, 1 open, 2 half-open
//! bit  2..4   hold        0 none, 1 forced open, 2 disabled, 3 observe
//! bit  4      ramp        closed, but only a share is admitted
//! bit  5      main        the main breaker is open
//! bit  6      met         flipped by a recorder that changes nothing else; says nothing
//! bit  7..11  free
//! bit 11..32  run         consecutive failures, 21 bits
//! bit 32..64  generation
//! ```
//!
//! Generation, state and hold change only under the circuit's lock and by `swap`, main and the
//! begin of a ramp under that lock bit by bit; the run and the end of a ramp change by
//! compare-and-swap, which fails once the generation has moved on. So an outcome can never reach
//! into a generation that is not its own.

use crate::sync::{AtomicU64, Ordering};

/// The state of a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Calls pass.
    Closed,
    /// Calls are rejected.
    Open,
    /// Trial calls pass, others are rejected.
    HalfOpen,
}

impl State {
    /// `closed`, `open` or `half_open`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }

    /// The state that callers feel where a hold outranks the machine's.
    #[must_use]
    pub const fn under(self, hold: Option<HoldKind>) -> Self {
        match hold {
            Some(HoldKind::ForcedOpen) => Self::Open,
            Some(HoldKind::Disabled | HoldKind::Observe) => Self::Closed,
            None => self,
        }
    }
}

/// An operator's override of the machine (R15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HoldKind {
    /// Rejects every call.
    ForcedOpen,
    /// Admits every call and records nothing.
    Disabled,
    /// Admits and records every call, and only reports when it would have opened.
    Observe,
}

impl HoldKind {
    /// `forced_open`, `disabled` or `observe`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ForcedOpen => "forced_open",
            Self::Disabled => "disabled",
            Self::Observe => "observe",
        }
    }
}

/// A text that names no state or no hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownWord(pub(crate) &'static str);

impl std::fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "allowed are {}", self.0)
    }
}

impl std::error::Error for UnknownWord {}

impl std::str::FromStr for State {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "closed" => Ok(Self::Closed),
            "open" => Ok(Self::Open),
            "half_open" | "half-open" => Ok(Self::HalfOpen),
            _ => Err(UnknownWord("closed, open and half_open")),
        }
    }
}

impl std::str::FromStr for HoldKind {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "forced_open" => Ok(Self::ForcedOpen),
            "disabled" => Ok(Self::Disabled),
            "observe" => Ok(Self::Observe),
            _ => Err(UnknownWord("forced_open, disabled and observe")),
        }
    }
}

const HOLD_SHIFT: u32 = 2;
const RAMP: u64 = 1 << 4;
const MAIN: u64 = 1 << 5;
const MET: u64 = 1 << 6;
const RUN_SHIFT: u32 = 11;
const RUN_ONE: u64 = 1 << RUN_SHIFT;
const RUN_MASK: u64 = ((1 << 21) - 1) << RUN_SHIFT;
const GENERATION_SHIFT: u32 = 32;
/// Everything that can keep a call from being admitted and recorded in the plain way.
const NOT_PLAIN: u64 = (1 << 6) - 1;

/// One reading of the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word(u64);

impl Word {
    /// The word of a new generation: no run, no ramp.
    pub(crate) fn new(generation: u32, state: State, hold: Option<HoldKind>) -> Self {
        let state = match state {
            State::Closed => 0,
            State::Open => 1,
            State::HalfOpen => 2,
        };
        let hold: u64 = match hold {
            None => 0,
            Some(HoldKind::ForcedOpen) => 1,
            Some(HoldKind::Disabled) => 2,
            Some(HoldKind::Observe) => 3,
        };
        Self((u64::from(generation) << GENERATION_SHIFT) | (hold << HOLD_SHIFT) | state)
    }

    pub(crate) fn with_ramp(self) -> Self {
        Self(self.0 | RAMP)
    }

    /// The same with so many failures in a row.
    pub(crate) fn with_run(self, run: u32) -> Self {
        let run = (u64::from(run) << RUN_SHIFT).min(RUN_MASK);
        Self((self.0 & !RUN_MASK) | run)
    }

    /// The same under the main breaker of `other`.
    pub(crate) fn under_main_of(self, other: Self) -> Self {
        Self(self.0 | (other.0 & MAIN))
    }

    pub(crate) fn state(self) -> State {
        match self.0 & 3 {
            0 => State::Closed,
            2 => State::HalfOpen,
            // 3 is never written. What cannot be decoded must not pass for healthy.
            _ => State::Open,
        }
    }

    pub(crate) fn hold(self) -> Option<HoldKind> {
        match (self.0 >> HOLD_SHIFT) & 3 {
            1 => Some(HoldKind::ForcedOpen),
            2 => Some(HoldKind::Disabled),
            3 => Some(HoldKind::Observe),
            _ => None,
        }
    }

    /// Closed, without hold, ramp or main breaker: nothing but an outcome changes anything.
    pub(crate) fn is_plain(self) -> bool {
        self.0 & NOT_PLAIN == 0
    }

    /// Plainly closed in this generation.
    #[inline]
    pub(crate) fn is_plainly(self, generation: u32) -> bool {
        self.0 & (NOT_PLAIN | (u64::MAX << GENERATION_SHIFT))
            == u64::from(generation) << GENERATION_SHIFT
    }

    pub(crate) fn is_ramping(self) -> bool {
        self.0 & RAMP != 0
    }

    /// On a ramp or half-open, and nothing outranks that: only some calls are admitted.
    pub(crate) fn shares_out(self) -> bool {
        let half_open = self.state() == State::HalfOpen;
        (half_open || self.is_ramping()) && self.hold().is_none() && !self.is_under_main()
    }

    pub(crate) fn is_under_main(self) -> bool {
        self.0 & MAIN != 0
    }

    pub(crate) fn run(self) -> u32 {
        // 21 bits.
        #[allow(clippy::cast_possible_truncation)]
        let run = ((self.0 & RUN_MASK) >> RUN_SHIFT) as u32;
        run
    }

    pub(crate) fn generation(self) -> u32 {
        // The upper half.
        #[allow(clippy::cast_possible_truncation)]
        let generation = (self.0 >> GENERATION_SHIFT) as u32;
        generation
    }
}

/// What became of an outcome that touches the run.
#[must_use]
pub(crate) enum RunChange {
    /// The run is now so long.
    Now(u32),
    /// The generation is over.
    Late,
}

/// The shared word and its named changes, and a count of failures beside it.
#[derive(Debug)]
#[repr(align(16))] // one cache line: who counts a failure has just changed the word
pub(crate) struct StateWord {
    word: AtomicU64,
    failures: AtomicU64,
}

impl StateWord {
    pub(crate) fn new(word: Word) -> Self {
        Self {
            word: AtomicU64::new(word.0),
            failures: AtomicU64::new(0),
        }
    }

    /// Counts a failure that a window of time has, after its meeting: which one it is, of all
    /// generations. `AcqRel`, as the meeting: whoever counts later sees what is in the window.
    #[inline]
    pub(crate) fn count_failure(&self) -> u64 {
        self.failures.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Acquire: pairs with the Release half of every change below.
    #[inline]
    pub(crate) fn load(&self) -> Word {
        Word(self.word.load(Ordering::Acquire))
    }

    /// Begins a generation. Only under the circuit's lock. Returns the word it ended.
    pub(crate) fn replace(&self, word: Word) -> Word {
        // The AcqRel pairs with `load` (whoever sees the generation sees what was prepared for
        // it) and with the changes of the run (the evidence is read from the word that ended).
        Word(self.word.swap(word.0, Ordering::AcqRel))
    }

    /// A failure: the run grows by one, and stays at its greatest value once there.
    ///
    /// This is also the meeting point of recorders: each failure, and each success that has to
    /// judge ([`StateWord::meet`]), changes this one word between its own write to a window and
    /// its reading of the others' writes. Read-modify-writes of one word are totally ordered and
    /// each acquires what the earlier ones released, so the last of them sees all: no trip is
    /// missed, without a sequentially consistent fence.
    #[inline]
    pub(crate) fn lengthen_run(&self, seen: Word, generation: u32) -> RunChange {
        self.change_run(seen, generation, |word| {
            if word.0 & RUN_MASK == RUN_MASK {
                word.0
            } else {
                word.0 + RUN_ONE
            }
        })
    }

    /// A success ends the run.
    #[inline]
    pub(crate) fn end_run(&self, seen: Word, generation: u32) -> RunChange {
        self.change_run(seen, generation, |word| word.0 & !RUN_MASK)
    }

    /// A recorder that changes no run but has to see the others' records: see
    /// [`StateWord::lengthen_run`].
    ///
    /// It flips a bit that nobody reads, because a read-modify-write that changes nothing is none:
    /// LLVM compiles `fetch_or(0, AcqRel)` to no instruction at all on x86, and a trip is missed.
    /// Loom cannot see that; `breaker/litmus.rs` does.
    pub(crate) fn meet(&self) {
        self.word.fetch_xor(MET, Ordering::AcqRel);
    }

    /// The main breaker opens or closes (R18). Only under the circuit's lock, which keeps it from
    /// getting lost in a [`StateWord::replace`]. Not a new generation: the machine goes on.
    pub(crate) fn set_main(&self, open: bool) {
        // AcqRel: as `replace`.
        if open {
            self.word.fetch_or(MAIN, Ordering::AcqRel);
        } else {
            self.word.fetch_and(!MAIN, Ordering::AcqRel);
        }
    }

    /// A ramp begins in the generation there is. Only under the circuit's lock, after the ramp
    /// was prepared, which the Release half publishes.
    pub(crate) fn begin_ramp(&self) {
        self.word.fetch_or(RAMP, Ordering::AcqRel);
    }

    /// The ramp is over. Not a new generation, so not under the lock.
    pub(crate) fn end_ramp(&self, seen: Word) {
        // Another thread ended it, or the generation is over: both fine.
        let ended = seen.0 & !RAMP;
        let _ = self
            .word
            .compare_exchange(seen.0, ended, Ordering::AcqRel, Ordering::Relaxed);
    }

    /// Begins with what the caller saw last: where others changed it meanwhile, the failed exchange
    /// brings what is there. Another load before it would only fetch the cache line twice.
    fn change_run(&self, seen: Word, generation: u32, change: impl Fn(Word) -> u64) -> RunChange {
        let mut seen = seen.0;
        loop {
            if Word(seen).generation() != generation {
                return RunChange::Late;
            }
            let next = change(Word(seen));
            match self
                .word
                .compare_exchange_weak(seen, next, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) => return RunChange::Now(Word(next).run()),
                Err(now) => seen = now,
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_touch_each_other() {
        for generation in [0, 1, u32::MAX] {
            for state in [State::Closed, State::Open, State::HalfOpen] {
                for hold in [None, Some(HoldKind::ForcedOpen), Some(HoldKind::Observe)] {
                    let word = Word::new(generation, state, hold).with_ramp();
                    assert_eq!(word.generation(), generation);
                    assert_eq!(word.state(), state);
                    assert_eq!(word.hold(), hold);
                    assert_eq!(word.run(), 0);
                }
            }
        }
    }

    #[test]
    fn the_run_stays_at_its_greatest_value() {
        let word = StateWord::new(Word((7 << GENERATION_SHIFT) | (RUN_MASK - RUN_ONE)));
        for _ in 0..2 {
            assert!(matches!(
                word.lengthen_run(word.load(), 7),
                RunChange::Now(2_097_151)
            ));
        }
        assert_eq!(word.load().generation(), 7);
        assert!(matches!(word.lengthen_run(word.load(), 6), RunChange::Late));
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use std::sync::Arc;

    /// The last generation there is ends, and the first begins again.
    #[test]
    fn loom_an_outcome_of_the_last_generation_never_enters_the_first() {
        loom::model(|| {
            let last = Word::new(u32::MAX, State::Closed, None);
            let word = Arc::new(StateWord::new(last));
            let other = Arc::clone(&word);
            let failing = loom::thread::spawn(move || other.lengthen_run(last, u32::MAX));
            let ended = word.replace(Word::new(0, State::Closed, None));
            let counted = match failing.join().expect("no panic") {
                RunChange::Now(run) => run,
                RunChange::Late => 0,
            };
            assert_eq!((ended.run(), word.load().run()), (counted, 0));
        });
    }
}
