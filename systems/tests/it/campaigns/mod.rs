//! The campaign queue.

mod breaker;
mod jobs;
mod kills;
mod management;
mod rig;
