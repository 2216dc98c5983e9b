//! The agent orchestrator, with real stand-ins: SYSTEMS.md, E.

mod administration;
mod crashes;
mod fallbacks;
mod flow;
mod load;
mod notifications;
mod recovery;
mod rig;
mod settings;
mod tries;
