//! Single rules at their edges, where a random life seldom comes.

mod holds;
mod in_flight;
mod jitter;
mod last_failure;
mod main_breaker;
mod own_policy;
mod ramp;
mod settings_change;
mod zone;
