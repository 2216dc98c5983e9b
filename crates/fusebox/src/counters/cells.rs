//! One `T` for each recording thread, made when the thread first needs it.
//!
//! The first few threads have their places at hand; chunk k of the others holds places for
//! `NEAR * 4^k` cells, so that nothing that was handed out ever moves. A thread's first record on
//! a circuit makes its cell, and perhaps a chunk of empty places, 16 bytes each; no later one
//! allocates.

use super::slot::{slots, with_slot};

/// Threads whose cells are found with two loads.
#[cfg(not(loom))]
const NEAR: usize = 8;
/// Enough for more than 2^31 threads.
#[cfg(not(loom))]
const CHUNKS: usize = 15;
#[cfg(loom)]
const NEAR: usize = 2;
#[cfg(loom)]
const CHUNKS: usize = 1;

#[cfg(not(loom))]
use std::sync::OnceLock as Once;

/// Loom cannot see a `OnceLock`: under it everything is there from the start.
#[cfg(loom)]
struct Once<T>(T);

#[cfg(loom)]
impl<T> Once<T> {
    fn get(&self) -> Option<&T> {
        Some(&self.0)
    }

    fn get_or_init(&self, _: impl FnOnce() -> T) -> &T {
        &self.0
    }
}

type Chunk<T> = Once<Box<[Once<Box<T>>]>>;

pub(crate) struct Cells<T> {
    near: [Once<Box<T>>; NEAR],
    chunks: [Chunk<T>; CHUNKS],
}

impl<T: Default> Cells<T> {
    #[cfg(not(loom))]
    pub(crate) fn new() -> Self {
        Self {
            near: [const { Once::new() }; NEAR],
            chunks: [const { Chunk::new() }; CHUNKS],
        }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self {
            near: std::array::from_fn(|_| Once(Box::default())),
            chunks: std::array::from_fn(|chunk| Once(places(chunk))),
        }
    }

    /// The calling thread's own cell: nobody else writes it meanwhile.
    #[inline]
    pub(crate) fn with_mine<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        with_slot(|slot| f(self.of(slot)))
    }

    /// The cell of a thread's number, which the calling thread has: nobody else writes it
    /// meanwhile.
    #[inline]
    pub(crate) fn of(&self, slot: usize) -> &T {
        let place = match self.near.get(slot) {
            Some(place) => place,
            None => self.far(slot),
        };
        match place.get() {
            Some(cell) => cell,
            None => first_record(place),
        }
    }

    #[inline(never)]
    fn far(&self, slot: usize) -> &Once<Box<T>> {
        let (chunk, index) = place(slot);
        &self.chunks[chunk].get_or_init(|| places(chunk))[index]
    }

    /// Shows every cell that some other thread than that of `slot` has used.
    #[inline(always)] // what is summed up stays in registers
    pub(crate) fn visit_others(&self, slot: usize, mut show: impl FnMut(&T)) {
        let used = slots();
        for (number, place) in self.near.iter().enumerate().take(used) {
            if let Some(cell) = place.get()
                && number != slot
            {
                show(cell);
            }
        }
        if used > NEAR {
            let far = self.far_numbered().filter(|(number, _)| *number != slot);
            for cell in far.filter_map(|(_, place)| place.get()) {
                show(cell);
            }
        }
    }

    /// Every cell that some thread has used, with the thread's number.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (usize, &T)> {
        let near = self.near.iter().enumerate();
        near.chain(self.far_numbered())
            .filter_map(|(number, place)| Some((number, &**place.get()?)))
    }

    fn far_numbered(&self) -> impl Iterator<Item = (usize, &Once<Box<T>>)> {
        self.chunks.iter().enumerate().flat_map(|(chunk, places)| {
            let first = if places.get().is_some() {
                first(chunk)
            } else {
                0
            };
            let places = places.get().into_iter().flatten().enumerate();
            places.map(move |(index, place)| (first + index, place))
        })
    }

    /// The same without the numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.numbered().map(|(_, cell)| cell)
    }
}

#[cold]
fn first_record<T: Default>(place: &Once<Box<T>>) -> &T {
    place.get_or_init(Box::default)
}

impl<T> std::fmt::Debug for Cells<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cells").finish_non_exhaustive()
    }
}

/// The places of a chunk, empty.
#[cfg(not(loom))]
fn places<T>(chunk: usize) -> Box<[Once<Box<T>>]> {
    (0..size(chunk)).map(|_| Once::new()).collect()
}

#[cfg(loom)]
fn places<T: Default>(chunk: usize) -> Box<[Once<Box<T>>]> {
    (0..size(chunk)).map(|_| Once(Box::default())).collect()
}

/// How many places a chunk has.
const fn size(chunk: usize) -> usize {
    NEAR << (2 * chunk)
}

/// The number of a chunk's first place.
fn first(chunk: usize) -> usize {
    NEAR + (0..chunk).map(size).sum::<usize>()
}

/// Chunk and index of a number that is not near.
fn place(slot: usize) -> (usize, usize) {
    let (mut chunk, mut index) = (0, slot - NEAR);
    while index >= size(chunk) {
        index -= size(chunk);
        chunk += 1;
    }
    (chunk, index)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_place_of_its_own() {
        let mut seen = std::collections::HashSet::new();
        for slot in NEAR..1000 {
            let (chunk, index) = place(slot);
            assert!(index < places::<u8>(chunk).len());
            assert!(seen.insert((chunk, index)));
            assert_eq!(first(chunk) + index, slot);
        }
        assert!(first(CHUNKS) > 1 << 31);
    }

    #[test]
    fn cells_are_found_by_their_numbers_again_however_many_are_missing() {
        let cells: Cells<std::sync::atomic::AtomicUsize> = Cells::new();
        let used = [0, 7, 8, 15, 17, 300];
        for slot in used {
            cells
                .of(slot)
                .store(slot, std::sync::atomic::Ordering::Relaxed);
        }
        let found = cells.numbered().map(|(number, cell)| {
            assert_eq!(cell.load(std::sync::atomic::Ordering::Relaxed), number);
            number
        });
        assert_eq!(found.collect::<Vec<_>>(), used);
    }
}
