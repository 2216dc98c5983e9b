//! Tests of the core from outside, through its public faces.

mod cases;
mod model;
