//! Counting without contention: a cell for each recording thread, summed by the reader.

pub(crate) mod cells;
pub(crate) mod durations;
pub(crate) mod fallbacks;
pub(crate) mod ledger;
pub(crate) mod overdue;
pub(crate) mod slot;
