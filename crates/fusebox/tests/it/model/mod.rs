//! The breaker against a plain model: the same actions on both, compared after each.

pub(crate) mod action;
mod hands;
// The file that the folder is named after.
#[allow(clippy::module_inception)]
mod model;
pub(crate) mod plan;
mod properties;
mod sequencer;
pub(crate) mod told;
mod window;
