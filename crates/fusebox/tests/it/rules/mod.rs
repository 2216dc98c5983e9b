//! Single rules at their edges, where a random life seldom comes.

mod holds;
mod jitter;
mod ramp;
mod settings_change;
mod zone;
