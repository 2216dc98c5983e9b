//! A record as a list of moments in order of time.

use super::record::{Hand, Happened, Record};
use fusebox::{RecordedCall, Tick};
use std::collections::HashMap;
use std::time::Duration;

/// Rejections are known by the interval. Longer intervals are cut up, so that a circuit that
/// would have let some of them through is asked more than once.
const INTERVAL: Duration = Duration::from_millis(100);

/// What has to be done at one instant.
#[derive(Clone, Copy)]
pub(super) enum Moment<'a> {
    /// The call of this number begins.
    Begin(usize),
    /// It ends.
    End(usize, &'a RecordedCall),
    /// A call of which nobody knows how long it took begins and ends.
    Call(&'a RecordedCall),
    /// So many calls are asked for that the real circuit rejected.
    Rejected(u64),
    /// Somebody does something.
    Hand(&'a Hand),
}

/// What happens at one instant, in the order in which it was seen, goes before what begins there:
/// a call that began when a generation did belongs to it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Seen,
    Begins,
}

pub(super) struct Timeline<'a> {
    pub(super) moments: Vec<(Tick, Moment<'a>)>,
    /// How long the calls took on average that are known to have taken any time.
    pub(super) took: Duration,
}

impl<'a> Timeline<'a> {
    pub(super) fn of(record: &'a Record) -> Self {
        let mut draft = Draft::new(record);
        for happened in &record.happened {
            draft.add(happened);
        }
        // Stable: what was seen at one instant stays in order.
        draft.moments.sort_by_key(|(at, rank, _)| (*at, *rank));
        let took = draft.took_total.checked_div(draft.took_count);
        Self {
            moments: draft
                .moments
                .into_iter()
                .map(|(at, _, moment)| (at, moment))
                .collect(),
            took: took.unwrap_or_default(),
        }
    }
}

struct Draft<'a> {
    from: Tick,
    until: Tick,
    moments: Vec<(Tick, Rank, Moment<'a>)>,
    began: HashMap<u32, Tick>,
    /// Calls of several threads are a little out of order; their order counts, not their time.
    latest: Tick,
    calls: usize,
    took_total: Duration,
    took_count: u32,
}

impl<'a> Draft<'a> {
    fn new(record: &Record) -> Self {
        let began = record
            .happened
            .iter()
            .filter_map(|happened| match happened {
                Happened::Began { at, generation } => Some((*generation, *at)),
                _ => None,
            });
        Self {
            from: record.from,
            until: record.until,
            moments: Vec::with_capacity(2 * record.happened.len()),
            began: began.collect(),
            latest: record.from,
            calls: 0,
            took_total: Duration::ZERO,
            took_count: 0,
        }
    }

    fn add(&mut self, happened: &'a Happened) {
        match happened {
            Happened::Call(call) => self.add_call(call),
            Happened::Rejected {
                since,
                until,
                count,
            } => self.add_rejections(*since, *until, *count),
            Happened::Began { .. } => {}
            Happened::Hand { at, hand } => {
                let at = self.within(*at);
                self.moments.push((at, Rank::Seen, Moment::Hand(hand)));
            }
        }
    }

    fn add_call(&mut self, call: &'a RecordedCall) {
        let at = self.within(call.at.max(self.latest));
        self.latest = at;
        let took = call.took.filter(|took| !took.is_zero());
        let Some(took) = took else {
            self.moments.push((at, Rank::Seen, Moment::Call(call)));
            return;
        };
        self.took_total = self.took_total.saturating_add(took);
        self.took_count = self.took_count.saturating_add(1);
        let began = Duration::from_nanos(at.as_nanos()).saturating_sub(took);
        let began = Tick::from_nanos(u64::try_from(began.as_nanos()).unwrap_or(u64::MAX));
        let soonest = self.began.get(&call.generation).copied();
        let began = began.max(soonest.unwrap_or(self.from)).min(at);
        let number = self.calls;
        self.calls += 1;
        let begins = self.within(began);
        if begins == at {
            self.moments.push((at, Rank::Seen, Moment::Call(call)));
        } else {
            self.moments
                .push((begins, Rank::Begins, Moment::Begin(number)));
            self.moments
                .push((at, Rank::Seen, Moment::End(number, call)));
        }
    }

    /// Spreads them evenly, by the middle of each part.
    fn add_rejections(&mut self, since: Tick, until: Tick, count: u64) {
        let length = until.saturating_since(since).as_nanos();
        let parts = length.div_ceil(INTERVAL.as_nanos()).max(1);
        let parts = u64::try_from(parts).unwrap_or(u64::MAX).min(count.max(1));
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        for part in 0..parts {
            let share = count / parts + u64::from(part < count % parts);
            // The middle of the part: parts are few, and the product fits in 128 bits.
            let middle = u128::from(length) * u128::from(2 * part + 1) / u128::from(2 * parts);
            let middle = Duration::from_nanos(u64::try_from(middle).unwrap_or(u64::MAX));
            let at = self.within(since.saturating_add(middle));
            self.moments.push((at, Rank::Seen, Moment::Rejected(share)));
        }
    }

    fn within(&self, at: Tick) -> Tick {
        at.max(self.from).min(self.until)
    }
}
