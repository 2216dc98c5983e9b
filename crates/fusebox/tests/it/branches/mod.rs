//! R19: circuits that judge each key apart.

mod aggregate;
mod deciding_keys;
mod equivalence;
mod isolation;
mod least_used;
mod life;
mod live_changes;
mod places;
mod threads;
mod trials;
mod twins;
mod under_main;
