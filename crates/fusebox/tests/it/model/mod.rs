//! The breaker against a plain model: the same actions on both, compared after each.

mod action;
mod hands;
// The file that the folder is named after.
#[allow(clippy::module_inception)]
mod model;
mod plan;
mod properties;
mod sequencer;
mod told;
mod window;
