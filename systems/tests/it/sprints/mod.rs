//! The sprint service, with real stand-ins: SYSTEMS.md, A.

mod circuits;
mod crashes;
mod creation;
mod failure_points;
mod rig;
