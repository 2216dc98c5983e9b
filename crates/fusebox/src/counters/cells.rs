//! One `T` for each recording thread, made when the thread first needs it.
//!
//! The first few threads have their places at hand. Those of the others are in chunks, each as
//! large as all before it together, so that nothing that was handed out ever moves: the threads
//! from `NEAR * 2^k` on, up to twice that, are in chunk k. A thread's first record on a circuit
//! makes its cell, and perhaps a chunk of empty places, 16 bytes each; no later one allocates.

use super::slot::{slots, with_slot};

/// Threads whose cells are found with one pointer; the others' take three.
#[cfg(not(loom))]
const NEAR: usize = 8;
/// For 2^23 threads at a time: twice as many as Linux has numbers for.
#[cfg(not(loom))]
const CHUNKS: usize = 20;
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
    /// Nothing where no thread but the near ones has recorded.
    chunks: Once<Box<[Chunk<T>; CHUNKS]>>,
}

impl<T: Default> Cells<T> {
    #[cfg(not(loom))]
    pub(crate) fn new() -> Self {
        Self {
            near: [const { Once::new() }; NEAR],
            chunks: Once::new(),
        }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self {
            near: std::array::from_fn(|_| Once(Box::default())),
            chunks: Once(chunks()),
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

    /// Beyond [`NEAR`].
    fn far(&self, slot: usize) -> &Once<Box<T>> {
        let (chunk, index) = place(slot);
        match self.chunks.get().and_then(|chunks| chunks[chunk].get()) {
            Some(places) => &places[index],
            None => self.make_place(chunk, index),
        }
    }

    #[cold]
    fn make_place(&self, chunk: usize, index: usize) -> &Once<Box<T>> {
        let chunks = self.chunks.get_or_init(chunks);
        &chunks[chunk].get_or_init(|| places(chunk))[index]
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
            for (number, cell) in self.far_numbered(used) {
                if number != slot {
                    show(cell);
                }
            }
        }
    }

    /// Every cell that some thread has used, with the thread's number.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (usize, &T)> {
        let near = self.near.iter().enumerate();
        let near = near.filter_map(|(number, place)| Some((number, &**place.get()?)));
        near.chain(self.far_numbered(usize::MAX))
    }

    /// Those beyond [`NEAR`] with smaller numbers than this.
    fn far_numbered(&self, below: usize) -> impl Iterator<Item = (usize, &T)> {
        let chunks = self
            .chunks
            .get()
            .into_iter()
            .flat_map(|chunks| chunks.iter());
        let chunks = chunks
            .enumerate()
            .map(|(chunk, places)| (size(chunk), places));
        let chunks = chunks.take_while(move |(first, _)| *first < below);
        chunks.flat_map(move |(first, places)| {
            let places = places.get().into_iter().flatten().take(below - first);
            let places = places.enumerate();
            places.filter_map(move |(index, place)| Some((first + index, &**place.get()?)))
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

#[cfg(not(loom))]
fn chunks<T>() -> Box<[Chunk<T>; CHUNKS]> {
    Box::new([const { Chunk::new() }; CHUNKS])
}

#[cfg(loom)]
fn chunks<T: Default>() -> Box<[Chunk<T>; CHUNKS]> {
    Box::new(std::array::from_fn(|chunk| Once(places(chunk))))
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

/// How many places a chunk has, and as many are before it.
const fn size(chunk: usize) -> usize {
    NEAR << chunk
}

/// Chunk and index of a number that is not near.
#[inline]
fn place(slot: usize) -> (usize, usize) {
    let chunk = (slot / NEAR).ilog2() as usize;
    (chunk, slot - size(chunk))
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
        }
        let last = (1 << 23) - 1;
        let (chunk, index) = place(last);
        assert!(chunk < CHUNKS && index == size(chunk) - 1);
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

    /// Whoever judges asks for those below the greatest number there is.
    #[test]
    fn every_far_cell_below_a_number_is_shown_and_none_above() {
        let cells: Cells<std::sync::atomic::AtomicUsize> = Cells::new();
        let used = [3, 8, 9, 15, 16, 31, 32, 300];
        for slot in used {
            cells.of(slot);
        }
        for below in [0, 8, 9, 10, 15, 16, 17, 31, 32, 33, 300, 301, usize::MAX] {
            let shown = cells.far_numbered(below).map(|(number, _)| number);
            let expected = used.into_iter().filter(|slot| (NEAR..below).contains(slot));
            assert!(shown.eq(expected), "below {below}");
        }
    }
}
