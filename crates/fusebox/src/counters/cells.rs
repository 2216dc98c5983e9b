//! One `T` for each recording thread, made when the thread first needs it.
//!
//! Chunk k holds `2^(k-1)` cells (the first two hold one each), so that a number is found with
//! two loads and nothing that was handed out ever moves. A thread's first record on a circuit
//! may allocate; no later one does.

use super::slot::with_slot;

/// Enough for 2^31 threads.
#[cfg(not(loom))]
const CHUNKS: usize = 32;
#[cfg(loom)]
const CHUNKS: usize = 3;

#[cfg(not(loom))]
type Chunk<T> = std::sync::OnceLock<Box<[T]>>;

/// Loom cannot see a `OnceLock`: under it every chunk is there from the start.
#[cfg(loom)]
struct Chunk<T>(Box<[T]>);

#[cfg(loom)]
impl<T> Chunk<T> {
    fn get(&self) -> Option<&[T]> {
        Some(&self.0)
    }

    fn get_or_init(&self, _: impl FnOnce() -> Box<[T]>) -> &[T] {
        &self.0
    }
}

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
            chunks: std::array::from_fn(|chunk| Chunk(made(chunk))),
        }
    }

    /// The calling thread's own cell: nobody else writes it meanwhile.
    #[inline]
    pub(crate) fn with_mine<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        with_slot(|slot| {
            let (chunk, index) = place(slot);
            let cells = match self.chunks[chunk].get() {
                Some(cells) => cells,
                None => self.chunks[chunk].get_or_init(|| made(chunk)),
            };
            f(&cells[index])
        })
    }

    /// Every cell that some thread has used, and some that none has.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().filter_map(Chunk::get).flatten()
    }
}

impl<T> std::fmt::Debug for Cells<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cells").finish_non_exhaustive()
    }
}

fn made<T: Default>(chunk: usize) -> Box<[T]> {
    let cells = 1_usize << chunk.saturating_sub(1);
    (0..cells).map(|_| T::default()).collect()
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
            assert!(index < made::<u8>(chunk).len());
            assert!(seen.insert((chunk, index)));
        }
    }
}
