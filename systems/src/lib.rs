//! Services that show Fusebox at work, each as its team would write it, with stand-ins for what
//! they call.
//!
//! What this package is not: a library. Nothing depends on it.

pub mod agent_orchestrator;
pub mod call;
pub mod campaign_queue;
pub mod documents;
pub mod essay_platform;
pub mod fiscal_adapter;
pub mod hosting;
pub mod kept;
pub mod problem;
pub mod sprint_service;
pub mod stand_in;
