//! R19: circuits that judge each key apart.

mod equivalence;
mod isolation;
mod life;
mod twins;
