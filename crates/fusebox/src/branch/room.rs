//! Room in the table: who goes when a new key comes.

use super::slot::Class;
use super::{BranchTicket, Branches};
use crate::clock::Tick;
use crate::permit::TicketKind;
use crate::sync::{Ordering, lock};
use std::cmp::Reverse;

/// Times that a victim may turn out to be dearer than its list said before the search is given
/// up. Each time it is put where it belongs, so that this is generous.
const TRIES: usize = 64;

impl Branches {
    /// Makes room for one more branch. `false`: all are held.
    pub(super) fn make_room(&self) -> bool {
        let relaxed = Ordering::Relaxed;
        for _ in 0..TRIES {
            let most = self.keys_max.load(relaxed);
            let more = |known: u64| (known < most).then_some(known + 1);
            // Relaxed: the number is all there is to agree on.
            if self.known.fetch_update(relaxed, relaxed, more).is_ok() {
                return true;
            }
            if !self.evict_one() {
                return false;
            }
        }
        false
    }

    /// A promised place was not needed.
    pub(super) fn give_back_room(&self) {
        self.known.fetch_sub(1, Ordering::Relaxed);
    }

    /// Takes away what is above the bound.
    pub(super) fn trim(&self) {
        while self.known.load(Ordering::Relaxed) > self.keys_max.load(Ordering::Relaxed) {
            if !self.evict_one() {
                return;
            }
        }
    }

    /// Takes away the least recently used branch: a closed one if there is one, else an open one,
    /// never a held one.
    pub(super) fn evict_one(&self) -> bool {
        if self.evict_of(Class::Closed) {
            return true;
        }
        // Holds that have expired since anybody called leave closed branches behind.
        self.end_holds();
        self.evict_of(Class::Closed) || self.evict_of(Class::Open)
    }

    fn evict_of(&self, class: Class) -> bool {
        for _ in 0..TRIES {
            let Some(shard) = self.oldest(class) else {
                return false;
            };
            if self.evict_from(shard, class) {
                return true;
            }
        }
        false
    }

    /// Brings branches whose holds have expired to where they belong. Holds are few, as each is
    /// set by hand.
    pub(super) fn end_holds(&self) {
        for (number, shard) in (0..).zip(&self.shards) {
            let held = lock(shard).held();
            for (place, owner, full) in held {
                // Does what is due.
                full.state();
                let branch = BranchTicket {
                    shard: number,
                    place,
                    owner,
                    generation: 0,
                    kind: TicketKind::UNCOUNTED,
                    is_overdue: false,
                };
                self.follow(&branch, &full);
            }
        }
    }

    /// The shard with the least recently used branch of a class. Within one tick of the coarse
    /// clock nobody knows: the shard that has most of them gives one.
    fn oldest(&self, class: Class) -> Option<usize> {
        let mut oldest: Option<(Tick, Reverse<usize>, usize)> = None;
        for (number, shard) in self.shards.iter().enumerate() {
            let table = lock(shard);
            let Some((_, touched)) = table.oldest(class) else {
                continue;
            };
            let candidate = (touched, Reverse(table.length(class)), number);
            oldest = Some(oldest.map_or(candidate, |before| before.min(candidate)));
        }
        oldest.map(|(_, _, number)| number)
    }

    fn evict_from(&self, shard: usize, class: Class) -> bool {
        let mut table = lock(&self.shards[shard]);
        let Some((place, _)) = table.oldest(class) else {
            return false;
        };
        // It may have opened or been held since it was put into its list.
        if table.reclassify(place) != class {
            return false;
        }
        let hash = self.hash(table.slot(place).key.as_str());
        let whole = table.remove(place, hash);
        drop(table);
        drop(whole);
        self.known.fetch_sub(1, Ordering::Relaxed);
        let counter = match class {
            Class::Open => &self.evicted_open,
            Class::Closed | Class::Held => &self.evicted,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// Takes all branches away.
    pub(super) fn clear(&self) {
        for shard in &self.shards {
            let (count, whole) = lock(shard).clear();
            self.known.fetch_sub(count, Ordering::Relaxed);
            drop(whole);
        }
    }
}
