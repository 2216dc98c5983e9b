//! Recorded calls, 16 bytes each.
//!
//! The first word is the generation, the outcome, whether it is known how long the call took, and
//! whether somebody asked to be left alone (how long is in a list beside: few calls have that).
//! The second is not one: instant and duration have 42 bits each, more than an hour in
//! nanoseconds, and share what the first leaves.
//!
//! An instant is kept modulo 2^42 ns (73 minutes). No call is kept that is older than an hour, so
//! the latest instant says which one is meant.

use super::KEPT_FOR;
use fusebox::{FailureClass, Outcome, RecordedCall, Tick};
use std::collections::VecDeque;
use std::time::Duration;

const TIME_BITS: u32 = 42;
const TIME_MASK: u64 = (1 << TIME_BITS) - 1;

const TOOK_SHIFT: u32 = TIME_BITS;
const GENERATION_SHIFT: u32 = 2 * TIME_BITS;
const OUTCOME_SHIFT: u32 = GENERATION_SHIFT + 32;
const HAS_TOOK: u128 = 1 << (OUTCOME_SHIFT + 3);
const HAS_WAIT: u128 = 1 << (OUTCOME_SHIFT + 4);

/// Of more calls that asked to be left alone only the last keep for how long: it matters for those
/// that open the circuit, and then few come.
const WAITS_KEPT: usize = 16_384;

const SUCCESS: u128 = 6;
const IGNORED: u128 = 7;

#[derive(Debug, Default)]
pub(super) struct Calls {
    ring: VecDeque<Packed>,
    /// The number of the first call in the ring.
    first: u64,
    /// By the number of the call.
    waits: VecDeque<(u64, Duration)>,
    latest: Tick,
}

/// Two halves, so that it is aligned as a word and as large as two.
#[derive(Clone, Copy, Debug)]
struct Packed([u64; 2]);

impl Calls {
    /// Adds a call. What it pushes out is returned by its generation.
    pub(super) fn push(&mut self, call: &RecordedCall, most: usize) -> Option<u32> {
        self.latest = self.latest.max(call.at);
        let number = self.end();
        if let Some(wait) = call.retry_after {
            self.waits.push_back((number, wait));
            if self.waits.len() > WAITS_KEPT {
                self.waits.pop_front();
            }
        }
        self.ring.push_back(Packed::of(call));
        (self.ring.len() > most).then(|| self.pop()).flatten()
    }

    /// Drops the first call that is older than what is kept; to be asked until there is none.
    pub(super) fn pop_old(&mut self, now: Tick) -> Option<u32> {
        // What is kept must be younger than what the bits can tell.
        let oldest = self.ring.front()?.at(self.latest);
        let old = now.max(self.latest).saturating_since(oldest) >= KEPT_FOR;
        if old {
            return self.pop();
        }
        self.latest = self.latest.max(now);
        None
    }

    fn pop(&mut self) -> Option<u32> {
        let call = self.ring.pop_front()?;
        self.waits.pop_front_if(|(number, _)| *number == self.first);
        self.first += 1;
        Some(call.generation())
    }

    /// The number of the first call that is kept.
    pub(super) const fn first(&self) -> u64 {
        self.first
    }

    /// The number of the next call.
    pub(super) fn end(&self) -> u64 {
        self.first + self.ring.len() as u64
    }

    /// The calls from a number on, each with its number.
    pub(super) fn since(&self, number: u64) -> impl Iterator<Item = (u64, RecordedCall)> {
        let skipped = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let mut waits = self.waits.iter().peekable();
        let first = self.first;
        let calls = self.ring.iter().enumerate().skip(skipped);
        calls.map(move |(index, packed)| {
            let number = first + index as u64;
            while waits.next_if(|(other, _)| *other < number).is_some() {}
            let mut call = packed.call(self.latest);
            if packed.has(HAS_WAIT) {
                call.retry_after = waits
                    .next_if(|(other, _)| *other == number)
                    .map(|(_, wait)| *wait);
            }
            (number, call)
        })
    }

    pub(super) fn bytes(&self) -> usize {
        self.ring.capacity() * size_of::<Packed>()
            + self.waits.capacity() * size_of::<(u64, Duration)>()
    }
}

impl Packed {
    fn of(call: &RecordedCall) -> Self {
        let outcome = match call.outcome {
            Outcome::Failure(class) => class as u128,
            Outcome::Success => SUCCESS,
            Outcome::Ignored => IGNORED,
        };
        let took = call.took.unwrap_or_default().as_nanos();
        let mut bits = u128::from(call.at.as_nanos() & TIME_MASK)
            | took.min(u128::from(TIME_MASK)) << TOOK_SHIFT
            | u128::from(call.generation) << GENERATION_SHIFT
            | outcome << OUTCOME_SHIFT;
        if call.took.is_some() {
            bits |= HAS_TOOK;
        }
        if call.retry_after.is_some() {
            bits |= HAS_WAIT;
        }
        #[allow(clippy::cast_possible_truncation)] // the two halves
        Self([(bits >> 64) as u64, bits as u64])
    }

    fn bits(self) -> u128 {
        u128::from(self.0[0]) << 64 | u128::from(self.0[1])
    }

    fn has(self, flag: u128) -> bool {
        self.bits() & flag != 0
    }

    fn generation(self) -> u32 {
        #[allow(clippy::cast_possible_truncation)] // its 32 bits
        let generation = (self.bits() >> GENERATION_SHIFT) as u32;
        generation
    }

    fn at(self, latest: Tick) -> Tick {
        let latest = latest.as_nanos();
        let age = latest.wrapping_sub(self.0[1]) & TIME_MASK;
        Tick::from_nanos(latest.saturating_sub(age))
    }

    fn call(self, latest: Tick) -> RecordedCall {
        let bits = self.bits();
        #[allow(clippy::cast_possible_truncation)] // masked
        let took = (bits >> TOOK_SHIFT) as u64 & TIME_MASK;
        let outcome = match (bits >> OUTCOME_SHIFT) & 7 {
            SUCCESS => Outcome::Success,
            IGNORED => Outcome::Ignored,
            class => Outcome::Failure(class_of(class)),
        };
        RecordedCall {
            at: self.at(latest),
            outcome,
            took: self.has(HAS_TOOK).then(|| Duration::from_nanos(took)),
            retry_after: None,
            generation: self.generation(),
        }
    }
}

fn class_of(number: u128) -> FailureClass {
    let index = usize::try_from(number).unwrap_or(usize::MAX);
    let class = FailureClass::ALL.get(index);
    class.copied().unwrap_or(FailureClass::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(at: u64) -> RecordedCall {
        RecordedCall {
            at: Tick::from_nanos(at),
            outcome: Outcome::Success,
            took: None,
            retry_after: None,
            generation: 1,
        }
    }

    #[test]
    fn a_call_comes_back_as_it_was() {
        let outcomes = FailureClass::ALL.map(Outcome::Failure);
        let outcomes = [&outcomes[..], &[Outcome::Success, Outcome::Ignored]].concat();
        let hour = KEPT_FOR.as_nanos() as u64;
        let mut calls = Calls::default();
        let mut given = Vec::new();
        for (outcome, step) in outcomes.into_iter().zip(1..) {
            let given_call = RecordedCall {
                at: Tick::from_nanos(40 * hour + step * hour / 9),
                outcome,
                took: (step % 2 == 0).then(|| Duration::from_nanos(step * hour / 9)),
                retry_after: (step % 3 == 0).then(|| Duration::from_millis(step)),
                generation: u32::MAX - 1,
            };
            calls.push(&given_call, 100);
            given.push(given_call);
        }
        let kept: Vec<_> = calls.since(0).map(|(_, call)| call).collect();
        assert_eq!(kept, given);
        let later: Vec<_> = calls.since(5).map(|(_, call)| call).collect();
        assert_eq!(later, given[5..]);
    }

    #[test]
    fn a_call_is_sixteen_bytes() {
        assert_eq!(size_of::<Packed>(), 16);
    }

    #[test]
    fn what_is_an_hour_old_goes_and_the_rest_keeps_its_number() {
        let hour = KEPT_FOR.as_nanos() as u64;
        let mut calls = Calls::default();
        for at in [5, 6, hour / 2] {
            calls.push(&call(at), 100);
        }
        let now = Tick::from_nanos(hour + 5);
        assert_eq!(calls.pop_old(now), Some(1));
        assert_eq!(calls.pop_old(now), None);
        assert_eq!((calls.first(), calls.end()), (1, 3));
        // A clock that stood still for days.
        let now = Tick::from_nanos(100 * hour);
        while calls.pop_old(now).is_some() {}
        assert_eq!((calls.first(), calls.end()), (3, 3));
    }
}
