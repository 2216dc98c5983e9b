//! The parts of the repository's scripts that judge, held against numbers.

mod callgrind;
