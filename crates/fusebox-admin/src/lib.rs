//! The admin interface of Fusebox circuit breakers: health, metrics, and the circuits' state with
//! the actions on it, as an axum [`Router`](axum::Router) over any
//! [`Registry`](fusebox::Registry).
//!
//! ```
//! let registry = fusebox::registry();
//! let admin = fusebox_admin::router(registry);
//! let app: axum::Router = axum::Router::new().nest_service("/fusebox", admin);
//! ```
//!
//! Mounted by `nest` instead, axum has nothing at `/fusebox/`: the page is at `/fusebox` alone.
//!
//! | path | |
//! |---|---|
//! | `/` | the console: a page for people, from which all of this is seen and done |
//! | `/livez`, `/readyz` | for who starts the process and routes to it; open circuits never count |
//! | `/health` | what a person asks: is anything that matters broken? |
//! | `/metrics` | Prometheus, `OpenMetrics` or classic text by `Accept` |
//! | `/openapi.json` | all of this, for programs |
//! | `/api/v1/circuit-breakers…` | circuits and branches as JSON, and the actions of an operator |
//! | `/api/v1/activity` | rates and latencies of the last hour |
//! | `/api/v1/me` | who asks, and what they may |
//! | `/api/v1/main` | the switch above all circuits |
//! | `/api/v1/events…` | what happened, and the calls before it as replay files |
//! | `/api/v1/queues…`, `/api/v1/messages/{id}` | what waits for a receiver, and pauses |
//! | `/api/v1/dead-letters…` | what could not be delivered: retried or discarded |
//! | `/api/v1/audit…` | who did what, and whether anybody changed the record of it |
//!
//! Every error is `application/problem+json`.

mod access;
mod actions;
mod activity;
mod admin;
mod audit;
mod body;
mod branches;
mod circuits;
mod console;
mod desk;
mod dry_run;
mod etag;
mod events;
mod guard;
mod health;
pub mod host;
mod main_breaker;
mod me;
mod metrics;
mod named;
mod openapi;
mod overrides;
mod paging;
mod problem;
mod queues;
mod readiness;
mod recorder;
mod request_id;
mod routes;
mod services;
mod stream;
mod target;
mod thread;
mod told;
mod view;
mod wall;

pub use access::{Grant, Role, Token, TokenText, Tokens, TokensError, UnknownRole, own_pages_only};
pub use admin::{Admin, router};
pub use problem::Problem;
pub use readiness::{Phase, Readiness};
