//! Tests of the core from outside, through its public faces.

mod cases;
mod concurrent;
mod faces;
mod model;
mod peers;
mod rules;
mod stand;
