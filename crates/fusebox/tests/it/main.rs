//! Tests of the core from outside, through its public faces.

mod cases;
mod concurrent;
mod model;
mod peers;
mod stand;
