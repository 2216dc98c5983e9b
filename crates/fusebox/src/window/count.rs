//! Exactly the last N recorded outcomes (R4).
//!
//! A recorder draws a position, puts its outcome into the ring in place of the one N positions
//! before, and adds the difference to the sums. All three words carry the generation, and each
//! change is a compare-and-swap, so a generation that ended in between is never touched. The sums
//! are one word: what its compare-and-swap made is the window with this outcome as its newest,
//! and that is what is judged. A quick success in the place of another changes nothing and is not
//! judged, unless the settings are others than those of the last judgement. While k recorders are
//! held up between two of the three steps, the sums may lack what these k do, in either direction;
//! at rest they are exact.
//!
//! Whoever draws a position also counts the quick successes drawn in a row, up to N. Once there
//! are N, and the sums know of nothing else, one more leaves the same N outcomes in the same order:
//! it is recorded without a write, until somebody draws a position for something else. (The sums
//! alone do not say it: they lack what a recorder has not added yet. Nor does the count: whoever
//! has drawn the place of an old failure may be held up before a success is put there, and only who
//! goes on drawing comes to that place again.)

use super::{Entry, Recorded, WindowStats};
use crate::clock::Tick;
use crate::settings::WINDOW_CALLS_MAX;
use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// Positions go round a circle of the largest multiple of N that fits: 10^10 outcomes. A recorder
/// that is held up for half of them, minutes of nothing but recording, takes its place for a newer
/// one.
const POSITION_BITS: u32 = 34;
const POSITION_MASK: u64 = (1 << POSITION_BITS) - 1;
/// Above them in the head, the quick successes in a row, and 16 bits of the generation. A recorder
/// that sleeps through 65,536 generations draws a position in vain: an entry and the sums have more
/// of them.
const IN_A_ROW_BITS: u32 = 14;
const IN_A_ROW_MASK: u64 = (1 << IN_A_ROW_BITS) - 1;
const HEAD_GENERATION_SHIFT: u32 = POSITION_BITS + IN_A_ROW_BITS;
const RECIPROCAL_BITS: u32 = 63;
const _: () = assert!((WINDOW_CALLS_MAX as u64) <= IN_A_ROW_MASK);
const _: () = assert!(WINDOW_CALLS_MAX < 1 << (FIELD_BITS - 1));
const SLOW: u64 = 1 << 63;
const FAILURE: u64 = 1 << 62;
/// An entry has room for 28 bits of the generation; `begin` clears the ring besides.
const ENTRY_GENERATION_MASK: u64 = (1 << 28) - 1;
/// Sums: the generation lowest, so that a field that is negative for a moment borrows from its
/// neighbours above and never from the generation.
const SUMS_GENERATION_BITS: u32 = 19;
const SUMS_GENERATION_MASK: u64 = (1 << SUMS_GENERATION_BITS) - 1;
const FIELD_BITS: u32 = 15;
/// No settings have this version.
const NOBODY: u32 = u32::MAX;

#[derive(Debug)]
pub(crate) struct CountWindow {
    ring: Box<[AtomicU64]>,
    head: AtomicU64,
    sums: AtomicU64,
    /// How many positions there are: a division, made once.
    circle: u64,
    /// 2^63 / N, rounded up: to divide by N without a division.
    reciprocal: u64,
    /// By what the sums are judged: a success that leaves them as they were needs no judgement by
    /// the same once more.
    judged_by: AtomicU32,
}

/// The head of a generation without its position: so many quick successes in a row.
fn head_word(generation: u32, in_a_row: u64) -> u64 {
    (u64::from(generation) << HEAD_GENERATION_SHIFT) | (in_a_row << POSITION_BITS)
}

/// The sums of a generation without outcomes.
fn sums_word(generation: u32) -> u64 {
    u64::from(generation) & SUMS_GENERATION_MASK
}

fn entry_word(generation: u32, position: u64) -> u64 {
    ((u64::from(generation) & ENTRY_GENERATION_MASK) << POSITION_BITS) | position
}

/// The part of the sums that an entry stands for.
fn weight(entry: u64) -> i64 {
    1 + (i64::from(entry & FAILURE != 0) << FIELD_BITS)
        + (i64::from(entry & SLOW != 0) << (2 * FIELD_BITS))
}

impl CountWindow {
    pub(crate) fn new(calls: u32, generation: u32) -> Self {
        let length = u64::from(calls);
        let window = Self {
            ring: (0..calls).map(|_| AtomicU64::new(0)).collect(),
            head: AtomicU64::new(0),
            sums: AtomicU64::new(0),
            circle: POSITION_MASK / length * length - length,
            reciprocal: (1_u64 << RECIPROCAL_BITS).div_ceil(length),
            judged_by: AtomicU32::new(0),
        };
        window.begin(generation);
        window
    }

    /// A window that holds so many successes from before.
    pub(crate) fn beginning_with(calls: u32, generation: u32, successes: u64) -> Self {
        let window = Self::new(calls, generation);
        for _ in 0..successes.min(u64::from(calls)) {
            let _ = window.put(generation, false, false);
        }
        window
    }

    /// A window of another length with the newest outcomes of this one. An outcome that is being
    /// recorded at this very instant may be lost.
    pub(crate) fn resized(&self, calls: u32, generation: u32) -> Self {
        let new = Self::new(calls, generation);
        let wanted = entry_word(generation, 0) >> POSITION_BITS;
        let mut kept: Vec<u64> = self
            .ring
            .iter()
            .map(|e| e.load(Ordering::Acquire))
            .collect();
        kept.retain(|entry| *entry != 0 && (entry & !(FAILURE | SLOW)) >> POSITION_BITS == wanted);
        // Oldest first, also where the positions have just gone round. The head is read after the
        // entries: none is newer, and one in whose place somebody is held up is the oldest.
        let circle = self.circle;
        let next = self.head.load(Ordering::Acquire) & POSITION_MASK;
        kept.sort_by_key(|entry| ((entry & POSITION_MASK) + circle - next) % circle);
        let skip = kept.len().saturating_sub(new.ring.len());
        for entry in &kept[skip..] {
            let (failure, slow) = (entry & FAILURE != 0, entry & SLOW != 0);
            new.put(generation, failure, slow);
        }
        new
    }

    pub(crate) fn begin(&self, generation: u32) {
        // Swaps here and below, not stores: a stale recorder's compare-and-swap then comes before
        // them or fails, and the model checker, which keeps no total order of plain stores, can
        // see that. 70 us for the largest window, once a generation.
        for entry in &self.ring {
            entry.swap(0, Ordering::Relaxed);
        }
        // Release: whoever draws a position in this generation sees the cleared ring. Between
        // the two no recorder of the new generation exists yet.
        self.sums.swap(sums_word(generation), Ordering::AcqRel);
        let head = head_word(generation, 0) | self.first();
        self.head.swap(head, Ordering::AcqRel);
    }

    /// The first position. None is ever 0, so that an empty place is told from every entry.
    fn first(&self) -> u64 {
        self.ring.len() as u64
    }

    /// Whether one more quick success leaves the window as it is, and the settings `version` have
    /// judged that.
    ///
    /// Relaxed: whoever comes after another outcome sees its draw or a later one, and the order of
    /// draws is that of outcomes.
    #[inline]
    pub(super) fn is_full_of_successes(&self, generation: u32, version: u32) -> bool {
        let calls = self.ring.len() as u64;
        let sums = sums_word(generation) | calls << SUMS_GENERATION_BITS;
        self.head.load(Ordering::Relaxed) & !POSITION_MASK == head_word(generation, calls)
            && self.sums.load(Ordering::Relaxed) == sums
            && self.judged_by.load(Ordering::Relaxed) == version
    }

    pub(crate) fn record(&self, entry: Entry, version: u32) -> Recorded {
        let is_quick_success = !entry.failure && !entry.slow;
        if is_quick_success && self.is_full_of_successes(entry.generation, version) {
            return Recorded::Enough;
        }
        let Some(change) = self.exchange(entry) else {
            // The generation is over: nothing to judge.
            return Recorded::Enough;
        };
        // A quick success in the place of another: the window is what it was.
        let is_same = change == 0 && is_quick_success;
        if is_same && self.judged_by.load(Ordering::Relaxed) == version {
            return Recorded::Enough;
        }
        // Whoever judges by other settings meanwhile has either seen our change, or we see its mark
        // and wipe it out: then the next success judges for it. Relaxed: the sums' own
        // read-modify-writes order the marks.
        if self.judged_by.load(Ordering::Relaxed) != version {
            self.judged_by.store(version, Ordering::Relaxed);
        }
        let stats = self.apply(entry.generation, change);
        if self.judged_by.load(Ordering::Relaxed) != version {
            self.judged_by.store(NOBODY, Ordering::Relaxed);
        }
        match stats {
            Some(stats) => Recorded::Stats(stats),
            None => Recorded::Enough,
        }
    }

    pub(crate) fn stats(&self, generation: u32) -> WindowStats {
        decode(self.sums.load(Ordering::Acquire), generation).unwrap_or_default()
    }

    fn put(&self, generation: u32, failure: bool, slow: bool) -> Option<WindowStats> {
        let now = Tick::ZERO;
        let change = self.exchange(Entry {
            generation,
            now,
            failure,
            slow,
        })?;
        self.apply(generation, change)
    }

    /// Draws a position and puts an outcome there. Returns by what the sums change; nothing where
    /// the generation is over.
    #[inline]
    fn exchange(&self, entry: Entry) -> Option<i64> {
        let position = self.draw(entry.generation, !entry.failure && !entry.slow)?;
        let failure = if entry.failure { FAILURE } else { 0 };
        let slow = if entry.slow { SLOW } else { 0 };
        Some(self.place(entry_word(entry.generation, position) | failure | slow))
    }

    /// Draws the next position, for a quick success or for something else, unless the generation is
    /// over.
    fn draw(&self, generation: u32, is_quick_success: bool) -> Option<u64> {
        let (first, circle) = (self.first(), self.circle);
        let mut head = self.head.load(Ordering::Acquire);
        loop {
            if (head ^ head_word(generation, 0)) >> HEAD_GENERATION_SHIFT != 0 {
                return None;
            }
            let position = head & POSITION_MASK;
            let next = if position + 1 == first + circle {
                first
            } else {
                position + 1
            };
            let in_a_row = if is_quick_success {
                // As many as there are places.
                (((head >> POSITION_BITS) & IN_A_ROW_MASK) + 1).min(first)
            } else {
                0
            };
            match self.head.compare_exchange_weak(
                head,
                head_word(generation, in_a_row) | next,
                // Pairs with `begin`.
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Some(position),
                Err(now) => head = now,
            }
        }
    }

    /// The place of a position.
    fn place_of(&self, position: u64) -> &AtomicU64 {
        let wide = |factor| u128::from(position) * u128::from(factor);
        // The quotient, exactly, since a position times N is less than 2^63.
        #[allow(clippy::cast_possible_truncation)]
        let quotient = (wide(self.reciprocal) >> RECIPROCAL_BITS) as u64;
        let calls = self.ring.len() as u64;
        // Less than N, which is at most 10,000.
        #[allow(clippy::cast_possible_truncation)]
        &self.ring[(position - quotient * calls) as usize]
    }

    /// Puts an entry into its place and returns by what the sums change.
    fn place(&self, entry: u64) -> i64 {
        let position = entry & POSITION_MASK;
        let place = self.place_of(position);
        let mut found = place.load(Ordering::Acquire);
        loop {
            let same_generation = (found ^ entry) & !(FAILURE | SLOW) & !POSITION_MASK == 0;
            let known = same_generation && found != 0;
            if known && is_newer(found & POSITION_MASK, position, self.circle) {
                // N later outcomes came before we were done: ours has already left the window.
                return 0;
            }
            if found != 0 && is_later_generation(found, entry) {
                // Ours is over, and the place is in use again.
                return 0;
            }
            let change = weight(entry) - if known { weight(found) } else { 0 };
            match place.compare_exchange_weak(found, entry, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return change,
                Err(now) => found = now,
            }
        }
    }

    fn apply(&self, generation: u32, change: i64) -> Option<WindowStats> {
        let mut sums = self.sums.load(Ordering::Acquire);
        loop {
            if (sums ^ u64::from(generation)) & SUMS_GENERATION_MASK != 0 {
                return None;
            }
            let next = sums.wrapping_add((change << SUMS_GENERATION_BITS).cast_unsigned());
            // AcqRel: one order of all outcomes, each judged with what came before it.
            match self
                .sums
                .compare_exchange_weak(sums, next, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return decode(next, generation),
                Err(now) => sums = now,
            }
        }
    }
}

/// Whether `found` was drawn after `position`: both are of the same place, at most half the
/// circle apart.
fn is_newer(found: u64, position: u64, circle: u64) -> bool {
    let ahead = (found + circle - position) % circle;
    ahead != 0 && ahead < circle / 2
}

/// Whether the generation of `found` came after that of `entry`, at most half the numbers apart.
fn is_later_generation(found: u64, entry: u64) -> bool {
    let generation = |word: u64| word >> POSITION_BITS;
    let ahead = generation(found).wrapping_sub(generation(entry)) & ENTRY_GENERATION_MASK;
    ahead != 0 && ahead <= ENTRY_GENERATION_MASK / 2
}

fn decode(sums: u64, generation: u32) -> Option<WindowStats> {
    if (sums ^ u64::from(generation)) & SUMS_GENERATION_MASK != 0 {
        return None;
    }
    let mut rest = sums.cast_signed() >> SUMS_GENERATION_BITS;
    let mut field = || {
        let value = (rest << (64 - FIELD_BITS)) >> (64 - FIELD_BITS);
        rest = (rest - value) >> FIELD_BITS;
        u64::try_from(value).unwrap_or(0)
    };
    let (calls, failures, slow) = (field(), field(), field());
    Some(WindowStats {
        calls,
        failures: failures.min(calls),
        slow: slow.min(calls),
    })
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const GOOD: (bool, bool) = (false, false);
    const BAD: (bool, bool) = (true, false);
    const SLOW_ONE: (bool, bool) = (false, true);

    fn record(window: &CountWindow, (failure, slow): (bool, bool)) {
        let _ = window.record(
            Entry {
                generation: 1,
                now: Tick::ZERO,
                failure,
                slow,
            },
            7,
        );
    }

    #[test]
    fn a_stale_recorder_does_not_overwrite_the_next_generation() {
        let window = CountWindow::new(2, 1);
        let stale = window.draw(1, true).unwrap();
        window.begin(2);
        assert_eq!(window.put(2, true, false).unwrap().failures, 1);
        let change = window.place(entry_word(1, stale));
        assert!(window.apply(1, change).is_none());
        for _ in 0..2 {
            let _ = window.put(2, false, false);
        }
        let stats = window.stats(2);
        assert_eq!((stats.calls, stats.failures), (2, 0));
    }

    /// Nobody waits for whoever is to put a success in the place of a failure.
    #[test]
    fn a_recorder_that_is_held_up_keeps_no_failure_in_the_window() {
        let window = CountWindow::new(2, 1);
        record(&window, BAD);
        record(&window, GOOD);
        let held_up = window.draw(1, true).unwrap();
        for _ in 0..4 {
            record(&window, GOOD);
        }
        assert_eq!(window.stats(1).failures, 0);
        let change = window.place(entry_word(1, held_up));
        assert_eq!(window.apply(1, change), Some(window.stats(1)));
        assert_eq!((window.stats(1).calls, window.stats(1).failures), (2, 0));
    }

    /// What it would put in the place of a failure is not there yet: the failure is the oldest.
    #[test]
    fn a_shorter_window_keeps_no_failure_of_a_place_that_somebody_has_drawn() {
        let window = CountWindow::new(100, 1);
        for _ in 0..2 {
            record(&window, BAD);
            for _ in 0..49 {
                record(&window, GOOD);
            }
        }
        let _held_up = window.draw(1, true).unwrap();
        for calls in [1, 49] {
            let stats = window.resized(calls, 1).stats(1);
            assert_eq!((stats.calls, stats.failures), (u64::from(calls), 0));
        }
        assert_eq!(window.resized(50, 1).stats(1).failures, 1);
    }

    /// Beside a list of the last N outcomes, through every way in and out of a window that holds
    /// nothing but successes, and round the end of the positions.
    #[test]
    fn a_window_full_of_successes_forgets_none_of_what_comes_after() {
        let mut random = 1_u64;
        for calls in [1, 2, 3, 7] {
            let window = CountWindow::new(calls, 1);
            let laps = window.circle - 3 * window.first();
            let begin = head_word(1, 0) | (window.first() + laps);
            window.head.store(begin, Ordering::Relaxed);
            let mut last = Vec::new();
            for _ in 0..4000 {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let outcome = match random >> 60 {
                    0 => BAD,
                    1 => SLOW_ONE,
                    _ => GOOD,
                };
                record(&window, outcome);
                last.push(outcome);
                let from = last.len().saturating_sub(calls as usize);
                last.drain(..from);
                let count = |of: fn(&(bool, bool)) -> bool| last.iter().filter(|o| of(o)).count();
                let expected = WindowStats {
                    calls: last.len() as u64,
                    failures: count(|o| o.0) as u64,
                    slow: count(|o| o.1) as u64,
                };
                assert_eq!(window.stats(1), expected);
                assert_eq!(window.resized(calls, 1).stats(1), expected);
                let full = last.len() == calls as usize && last.iter().all(|o| *o == GOOD);
                assert_eq!(window.is_full_of_successes(1, 7), full);
            }
        }
    }

    #[test]
    fn a_success_in_a_window_full_of_successes_writes_nothing() {
        let window = CountWindow::new(3, 1);
        for _ in 0..3 {
            record(&window, GOOD);
        }
        let head = window.head.load(Ordering::Relaxed);
        record(&window, GOOD);
        assert_eq!(window.head.load(Ordering::Relaxed), head);
        // Other settings have to judge it, and nobody is told that an older generation's is full.
        assert!(!window.is_full_of_successes(1, 8));
        assert!(!window.is_full_of_successes(2, 7));
        record(&window, BAD);
        assert_ne!(window.head.load(Ordering::Relaxed), head);
        assert_eq!(window.stats(1).failures, 1);
    }

    #[test]
    fn positions_fall_into_their_places_up_to_the_last() {
        for calls in [1, 2, 3, 100, 4096, 9999, 10_000] {
            let window = CountWindow::new(calls, 1);
            let n = u64::from(calls);
            let last = window.first() + window.circle - 1;
            for position in (n..3 * n).chain(last - 2 * n..=last) {
                let place = &raw const window.ring[usize::try_from(position % n).unwrap()];
                assert!(std::ptr::eq(window.place_of(position), place));
            }
            assert!(last < 1 << POSITION_BITS);
            assert!((last + 1).is_multiple_of(n));
        }
    }
}
