//! An orchestrator of agents: asks RAG, then the rules, then tells the notifier, and answers
//! something useful whatever is out of order.
//!
//! `services` is the table of what it calls, `fallbacks` what it answers in their place, `agent`
//! one call through a circuit, `flow` the sequence, `service` the program. State, history and audit
//! log are kept by the library, in Redis or in a file; administration is the library's admin
//! interface, at the root of the service: its paths are the team's.

mod agent;
mod fallbacks;
mod flow;
mod service;
mod services;

pub use service::AgentOrchestrator;
pub use services::addresses;
