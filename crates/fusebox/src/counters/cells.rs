//! One `T` for each recording thread, made when the thread first needs it.
//!
//! Chunk k holds places for `2^(k-1)` cells (the first two for one each), so that a number is
//! found with three loads and nothing that was handed out ever moves. A thread's first record on
//! a circuit makes its cell, and perhaps a chunk of empty places, 16 bytes each; no later one
//! allocates.

use super::slot::with_slot;

/// Enough for 2^31 threads.
#[cfg(not(loom))]
const CHUNKS: usize = 32;
#[cfg(loom)]
const CHUNKS: usize = 3;

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
    chunks: [Chunk<T>; CHUNKS],
}

impl<T: Default> Cells<T> {
    #[cfg(not(loom))]
    pub(crate) fn new() -> Self {
        Self {
            chunks: [const { Chunk::new() }; CHUNKS],
        }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self {
            chunks: std::array::from_fn(|chunk| Once(places(chunk))),
        }
    }

    /// The calling thread's own cell: nobody else writes it meanwhile.
    #[inline]
    pub(crate) fn with_mine<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        with_slot(|slot| {
            let (chunk, index) = place(slot);
            let chunk = match self.chunks[chunk].get() {
                Some(places) => places,
                None => self.chunks[chunk].get_or_init(|| places(chunk)),
            };
            let cell = match chunk[index].get() {
                Some(cell) => cell,
                None => chunk[index].get_or_init(Box::default),
            };
            f(cell)
        })
    }

    /// The same with their threads' numbers.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (usize, &T)> {
        let chunks = self.chunks.iter().enumerate();
        let chunks = chunks.filter_map(|(number, chunk)| Some((number, chunk.get()?)));
        chunks.flat_map(|(number, places)| {
            let first = 1 << number >> 1;
            let cells = places.iter().enumerate();
            cells.filter_map(move |(index, cell)| Some((first + index, &**cell.get()?)))
        })
    }

    /// Every cell that some thread has used.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks
            .iter()
            .filter_map(Once::get)
            .flatten()
            .filter_map(Once::get)
            .map(Box::as_ref)
    }
}

impl<T> std::fmt::Debug for Cells<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cells").finish_non_exhaustive()
    }
}

/// The places of a chunk, empty.
#[cfg(not(loom))]
fn places<T>(chunk: usize) -> Box<[Once<Box<T>>]> {
    let places = 1_usize << chunk.saturating_sub(1);
    (0..places).map(|_| Once::new()).collect()
}

#[cfg(loom)]
fn places<T: Default>(chunk: usize) -> Box<[Once<Box<T>>]> {
    let places = 1_usize << chunk.saturating_sub(1);
    (0..places).map(|_| Once(Box::default())).collect()
}

/// Chunk and index of a number: 0 | 1 | 2 3 | 4 5 6 7 | …
#[inline]
fn place(slot: usize) -> (usize, usize) {
    match slot.checked_ilog2() {
        None => (0, 0),
        Some(log) => (log as usize + 1, slot - (1 << log)),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_place_of_its_own() {
        let mut seen = std::collections::HashSet::new();
        for slot in 0..1000 {
            let (chunk, index) = place(slot);
            assert!(index < places::<u8>(chunk).len());
            assert!(seen.insert((chunk, index)));
            assert_eq!((1 << chunk >> 1) + index, slot);
        }
    }
}
