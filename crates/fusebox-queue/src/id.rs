//! The name of a message: a UUID of version 7 (RFC 9562, section 5.7).
//!
//! Its upper half is the message's place in the file: 48 bits of milliseconds and a counter of 12
//! bits, which together only rise. Its lower half is random, so that nobody guesses it: a message
//! is found by the first and handed out only if the second agrees. So a file needs no index of ids.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::clock::{self, Millis};

/// Names a message, everywhere and for ever; sent on as `Idempotency-Key`.
///
/// ```
/// use fusebox_queue::MessageId;
///
/// let id: MessageId = "019a7f3e-8c00-7001-9abc-0123456789ab".parse()?;
/// assert_eq!(id.to_string(), "019a7f3e-8c00-7001-9abc-0123456789ab");
/// # Ok::<(), fusebox_queue::NotAnId>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct MessageId(u128);

/// A text that is no id of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a message (a UUID of version 7)")]
pub struct NotAnId;

const COUNTER_BITS: u32 = 12;
const RANDOM_BITS: u32 = 62;
const RANDOM: u64 = (1 << RANDOM_BITS) - 1;
const VERSION: u128 = 7 << 76;
const VARIANT: u128 = 2 << 62;

impl MessageId {
    /// From a place, which is positive and has 60 bits, and something random, of which 62 bits are
    /// used.
    pub(crate) const fn new(seq: i64, random: u64) -> Self {
        let seq = seq.unsigned_abs() as u128;
        let counter = seq & ((1 << COUNTER_BITS) - 1);
        let upper = (seq >> COUNTER_BITS) << 80 | VERSION | counter << 64;
        Self(upper | VARIANT | (random & RANDOM) as u128)
    }

    /// Its place among all messages of its file: later ones have greater ones.
    pub(crate) const fn seq(self) -> i64 {
        let millis = (self.0 >> 80) as i64;
        let counter = (self.0 >> 64) as i64 & ((1 << COUNTER_BITS) - 1);
        millis << COUNTER_BITS | counter
    }

    /// The part that nobody can guess.
    pub(crate) const fn random(self) -> u64 {
        self.0 as u64 & RANDOM
    }

    /// When it was pushed, to the millisecond (a little later where very many came at once).
    pub fn time(self) -> SystemTime {
        clock::time(self.seq() >> COUNTER_BITS)
    }
}

/// The smallest place that an id of this millisecond can have.
pub(crate) const fn first_seq(at: Millis) -> i64 {
    at << COUNTER_BITS
}

/// Gives places that only rise, also when the clock goes back.
#[derive(Debug)]
pub(crate) struct Places {
    last: i64,
}

impl Places {
    /// Goes on after the last one that the file ever gave.
    pub(crate) const fn after(last: i64) -> Self {
        Self { last }
    }

    /// The next, of this millisecond if that is later than the last one.
    pub(crate) fn next(&mut self, at: Millis) -> i64 {
        self.last = first_seq(at).max(self.last + 1);
        self.last
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = format!("{:032x}", self.0);
        let (a, b, c) = (&hex[..8], &hex[8..12], &hex[12..16]);
        write!(f, "{a}-{b}-{c}-{}-{}", &hex[16..20], &hex[20..])
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for MessageId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let dashes = [8, 13, 18, 23];
        let is_shaped = text.len() == 36
            && text.bytes().enumerate().all(|(at, byte)| match byte {
                b'-' => dashes.contains(&at),
                byte => byte.is_ascii_hexdigit() && !dashes.contains(&at),
            });
        if !is_shaped {
            return Err(NotAnId);
        }
        let number = u128::from_str_radix(&text.replace('-', ""), 16).map_err(|_| NotAnId)?;
        let id = Self(number);
        let is_ours = Self::new(id.seq(), id.random()) == id;
        is_ours.then_some(id).ok_or(NotAnId)
    }
}

impl From<MessageId> for String {
    fn from(id: MessageId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for MessageId {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_its_place_and_its_random_part() {
        let mut places = Places::after(0);
        let seq = places.next(1_762_000_000_123);
        let id = MessageId::new(seq, u64::MAX);
        assert_eq!((id.seq(), id.random()), (seq, RANDOM));
        assert_eq!(clock::millis(id.time()), 1_762_000_000_123);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(&id.to_string()[14..15], "7");
        assert!(["8", "9", "a", "b"].contains(&&id.to_string()[19..20]));
    }

    #[test]
    fn places_rise_when_the_clock_stands_or_goes_back() {
        let mut places = Places::after(first_seq(1000));
        let given: Vec<_> = [1000, 1000, 999, 5, 1001].map(|at| places.next(at)).into();
        assert!(given.is_sorted_by(|a, b| a < b), "{given:?}");
        assert_eq!(given[4], first_seq(1001));
        let many: Vec<_> = (0..10_000).map(|_| places.next(1001)).collect();
        assert!(many.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn what_is_no_id_is_none() {
        for text in [
            "",
            "019a7f3e-8c00-4001-9abc-0123456789ab",
            "019a7f3e-8c00-7001-1abc-0123456789ab",
            "019a7f3e8c0070019abc0123456789ab",
            "019a7f3e-8c00-7001-9abc-0123456789aß",
            "+19a7f3e-8c00-7001-9abc-0123456789ab",
            "ffffffff-ffff-ffff-ffff-fffffffffffff",
        ] {
            assert_eq!(text.parse::<MessageId>(), Err(NotAnId), "{text}");
        }
    }
}
