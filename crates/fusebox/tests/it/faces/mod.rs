//! The public faces: calls, permits, errors, settings, subscriptions.

mod calls;
mod classifiers;
mod durations;
mod failover;
mod fallbacks;
mod permits;
mod restore;
mod settings_change;
mod settings_errors;
mod settings_values;
mod subscriptions;
mod tap;
