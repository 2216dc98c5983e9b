//! One shard of a circuit's branches: who is where, and who was used last. Under the shard's lock;
//! no breaker is called here that could take a lock of its own, but to be laid to rest.

use super::key::Key;
use super::quiet::{Quiet, Rule};
use super::slot::{Class, NONE, Slot};
use crate::breaker::CircuitBreaker;
use crate::clock::Tick;
use crate::settings::Settings;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// Slots come in blocks, so that a growing table moves none and wastes little.
const BLOCK: u32 = 64;

/// Whole breakers that are looked at, whether they could be quiet, when another is made and
/// once in a tick of the clock.
const LOOKED_AT: usize = 2;

/// Hashes are keys already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        // Only `write_u64` is used.
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[derive(Clone, Copy, Debug)]
struct List {
    newest: u32,
    oldest: u32,
    length: usize,
}

/// What the branches of a circuit are judged by.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) settings: Settings,
    pub(super) rule: Rule,
}

#[derive(Debug)]
pub(super) struct Table {
    pub(super) config: Arc<Config>,
    index: HashMap<u64, u32, BuildHasherDefault<AsItIs>>,
    blocks: Vec<Box<[Slot]>>,
    free: u32,
    lists: [List; 3],
    /// Slots that were whole breakers when they came here, each once.
    whole: Vec<u32>,
    looked_at: usize,
    last_look: Tick,
}

impl Table {
    pub(super) fn new(config: Arc<Config>) -> Self {
        let empty = List {
            newest: NONE,
            oldest: NONE,
            length: 0,
        };
        Self {
            config,
            index: HashMap::default(),
            blocks: Vec::new(),
            free: NONE,
            lists: [empty; 3],
            whole: Vec::new(),
            looked_at: 0,
            last_look: Tick::ZERO,
        }
    }

    /// The slot of a key. Another key with the same 64-bit hash is a stranger: see `is_taken`.
    pub(super) fn find(&self, hash: u64, key: &str) -> Option<u32> {
        let place = *self.index.get(&hash)?;
        self.slot(place).key.is(key).then_some(place)
    }

    /// Whether another key has this hash: the table keeps one of the two.
    pub(super) fn is_taken(&self, hash: u64) -> bool {
        self.index.contains_key(&hash)
    }

    pub(super) fn slot(&self, place: u32) -> &Slot {
        &self.blocks[(place / BLOCK) as usize][(place % BLOCK) as usize]
    }

    pub(super) fn slot_mut(&mut self, place: u32) -> &mut Slot {
        &mut self.blocks[(place / BLOCK) as usize][(place % BLOCK) as usize]
    }

    /// The slot, if it still has this owner.
    pub(super) fn owned(&mut self, place: u32, owner: u32) -> Option<&mut Slot> {
        let slot = self.slot_mut(place);
        (slot.owner == owner).then_some(slot)
    }

    /// The branch is used now.
    pub(super) fn touch(&mut self, place: u32, now: Tick) {
        let rule = self.config.rule;
        if now > self.last_look && !self.whole.is_empty() {
            // Once in a tick of the coarse clock, so that an outage of many keys gives its memory
            // back also if no other key fails.
            self.last_look = now;
            self.lay_to_rest();
        }
        let slot = self.slot_mut(place);
        slot.touch(&rule, now);
        let class = slot.class;
        if self.lists[class as usize].newest != place {
            self.unlink(place);
            self.link(place, class);
        }
    }

    /// A new quiet branch. The caller has made room.
    pub(super) fn insert(&mut self, hash: u64, key: &str, now: Tick) -> u32 {
        if self.free == NONE {
            self.grow();
        }
        let place = self.free;
        let slot = self.slot_mut(place);
        let next = slot.older;
        slot.key = Key::new(key);
        slot.touched = now;
        // As every breaker's first.
        slot.generation = 1;
        self.free = next;
        self.index.insert(hash, place);
        self.link(place, Class::Closed);
        place
    }

    /// Takes a branch out; its breaker, if it had one.
    pub(super) fn remove(&mut self, place: u32, hash: u64) -> Option<Arc<CircuitBreaker>> {
        self.index.remove(&hash);
        self.unlink(place);
        let free = self.free;
        let slot = self.slot_mut(place);
        let full = slot.full.take();
        *slot = Slot {
            owner: slot.owner.wrapping_add(1),
            is_listed: slot.is_listed,
            ..Slot::free(free)
        };
        self.free = place;
        full
    }

    /// Takes all branches out: how many, and the breakers they had. The slots stay, because
    /// permits know their numbers.
    pub(super) fn clear(&mut self) -> (u64, Vec<Arc<CircuitBreaker>>) {
        let all: Vec<_> = self
            .index
            .iter()
            .map(|(hash, place)| (*hash, *place))
            .collect();
        let remove = |(hash, place): &(u64, u32)| self.remove(*place, *hash);
        let whole = all.iter().filter_map(remove).collect();
        (all.len() as u64, whole)
    }

    /// Other settings: what quiet branches counted stays as far as it fits. The breakers of the
    /// others, for their own change.
    pub(super) fn change(&mut self, config: &Arc<Config>) -> Vec<Arc<CircuitBreaker>> {
        let (old, new) = (self.config.rule.span, config.rule.span);
        self.config = Arc::clone(config);
        let places: Vec<u32> = self.index.values().copied().collect();
        let mut whole = Vec::new();
        for place in places {
            let slot = self.slot_mut(place);
            if let Some(full) = &slot.full {
                whole.push(Arc::clone(full));
            } else if old != new {
                let successes = slot.quiet.successes(old, slot.touched);
                let kept = Quiet::of(&successes, new, slot.touched);
                slot.quiet = kept.unwrap_or(Quiet::EMPTY);
            }
        }
        whole
    }

    /// Every whole breaker with its key.
    pub(super) fn whole(&self) -> Vec<(String, Arc<CircuitBreaker>)> {
        let slots = self.index.values().map(|place| self.slot(*place));
        slots
            .filter_map(|slot| {
                let full = slot.full.as_ref()?;
                Some((slot.key.as_str().to_owned(), Arc::clone(full)))
            })
            .collect()
    }

    /// Every held branch: place, owner, breaker.
    pub(super) fn held(&self) -> Vec<(u32, u32, Arc<CircuitBreaker>)> {
        let mut held = Vec::new();
        let mut place = self.lists[Class::Held as usize].newest;
        while place != NONE {
            let slot = self.slot(place);
            held.extend(
                slot.full
                    .as_ref()
                    .map(|full| (place, slot.owner, Arc::clone(full))),
            );
            place = slot.older;
        }
        held
    }

    /// The least recently used branch of a class, and when that was.
    pub(super) fn oldest(&self, class: Class) -> Option<(u32, Tick)> {
        let oldest = self.lists[class as usize].oldest;
        (oldest != NONE).then(|| (oldest, self.slot(oldest).touched))
    }

    pub(super) fn length(&self, class: Class) -> usize {
        self.lists[class as usize].length
    }

    /// Somebody's hand is about to move the branch: until [`let_go`](Self::let_go) it is none that
    /// may go, or what he is told was done would be lost with it.
    pub(super) fn take_in_hand(&mut self, place: u32) {
        let slot = self.slot_mut(place);
        // As many threads as no machine has.
        slot.hands = slot.hands.saturating_add(1);
        self.reclassify(place);
    }

    /// The hand is done.
    pub(super) fn let_go(&mut self, place: u32) {
        let slot = self.slot_mut(place);
        slot.hands = slot.hands.saturating_sub(1);
        self.reclassify(place);
    }

    /// Puts a slot into the list of the class that its breaker has now.
    pub(super) fn reclassify(&mut self, place: u32) -> Class {
        let slot = self.slot(place);
        let full = slot.full.as_deref();
        let (was, class) = match slot.hands {
            0 => (slot.class, full.map_or(Class::Closed, Class::of)),
            _ => (slot.class, Class::Held),
        };
        if was != class {
            self.unlink(place);
            self.link(place, class);
        }
        class
    }

    /// The branch as a whole breaker.
    pub(super) fn make_whole(
        &mut self,
        place: u32,
        circuit: &CircuitBreaker,
    ) -> Arc<CircuitBreaker> {
        if let Some(full) = &self.slot(place).full {
            return Arc::clone(full);
        }
        self.lay_to_rest();
        let config = Arc::clone(&self.config);
        let slot = self.slot_mut(place);
        let full = Arc::new(circuit.branch_from(
            slot.key.as_str(),
            &config.settings,
            (slot.generation, slot.run),
            &slot.quiet.successes(config.rule.span, slot.touched),
        ));
        slot.full = Some(Arc::clone(&full));
        if !slot.is_listed {
            slot.is_listed = true;
            self.whole.push(place);
        }
        full
    }

    /// Looks at some whole breakers, and makes those quiet again that have nothing to remember.
    fn lay_to_rest(&mut self) {
        let rule = self.config.rule;
        for _ in 0..LOOKED_AT.min(self.whole.len()) {
            let index = self.looked_at % self.whole.len();
            let slot = self.slot_mut(self.whole[index]);
            let quiet = match slot.full.as_mut() {
                // Somebody is calling it.
                Some(full) if Arc::strong_count(full) > 1 => false,
                Some(full) => {
                    let rest = full.at_rest(slot.touched);
                    let kept = rest.and_then(|rest| {
                        let quiet = Quiet::of(&rest.successes, rule.span, rest.now)?;
                        Some((rest, quiet))
                    });
                    if let Some((rest, quiet)) = &kept {
                        (slot.quiet, slot.touched) = (*quiet, rest.now);
                        (slot.generation, slot.run) = (rest.generation, rest.run);
                        slot.full = None;
                    }
                    kept.is_some()
                }
                None => true,
            };
            if quiet {
                slot.is_listed = false;
                self.whole.swap_remove(index);
            } else {
                self.looked_at = index + 1;
            }
            if self.whole.is_empty() {
                return;
            }
        }
    }

    fn grow(&mut self) {
        // Slots are numbered in 32 bits, and keys are at most a million.
        let first = u32::try_from(self.blocks.len()).map_or(0, |blocks| blocks * BLOCK);
        let last = first + BLOCK - 1;
        let block = (first..=last).map(|n| Slot::free(if n == last { NONE } else { n + 1 }));
        self.blocks.push(block.collect());
        self.free = first;
    }

    fn link(&mut self, place: u32, class: Class) {
        let newest = self.lists[class as usize].newest;
        let slot = self.slot_mut(place);
        (slot.class, slot.newer, slot.older) = (class, NONE, newest);
        if newest != NONE {
            self.slot_mut(newest).newer = place;
        }
        let list = &mut self.lists[class as usize];
        list.newest = place;
        list.length += 1;
        if list.oldest == NONE {
            list.oldest = place;
        }
    }

    fn unlink(&mut self, place: u32) {
        let Slot {
            class,
            newer,
            older,
            ..
        } = *self.slot(place);
        if newer != NONE {
            self.slot_mut(newer).older = older;
        }
        if older != NONE {
            self.slot_mut(older).newer = newer;
        }
        let list = &mut self.lists[class as usize];
        list.length -= 1;
        if list.newest == place {
            list.newest = older;
        }
        if list.oldest == place {
            list.oldest = newer;
        }
    }
}
