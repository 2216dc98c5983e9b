//! The parts of the repository's scripts that judge, held against numbers.

// Clippy knows tests by their attribute; what they share is outside it and may end a test just as
// well.
#![allow(clippy::unwrap_used)]

mod callgrind;
