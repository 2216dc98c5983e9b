//! The essay platform (B of the systems): four services in one program, on one resilience library.
//!
//! - The **batch orchestrator** asks the conductor for a batch's pipeline; its fallback is the
//!   default pipeline, marked as such.
//! - The **spell checker** and the **assessment** ask the content service for an essay's text;
//!   their fallback is the text as it was last read. The assessment then asks an AI provider, or
//!   the next one (`providers`).
//! - The **API gateway** passes `/api/{service}/…` on, through the circuit of each service.
//! - What became of batches and essays is told to Kafka (`events`); while it is away, a durable
//!   queue has it.
//!
//! The circuits are `<service>.<client>` (`settings`), set by the environment alone. Clients are
//! traits behind `#[fusebox::protect]` (`clients`): who calls them does not see the breaker.
//!
//! What this is not: a spell checker or a judge of essays. It knows a few words, and asks an AI.

mod clients;
mod content;
mod events;
mod gateway;
mod providers;
mod routes;
mod service;
mod settings;

pub use service::EssayPlatform;
pub use settings::Addresses;
