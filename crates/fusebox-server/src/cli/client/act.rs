//! What an operator does to a circuit.

use std::time::Duration;

use clap::{Args, ValueEnum};
use fusebox::duration;
use http::Method;
use serde_json::{Value, json};

use super::service::Service;
use super::trouble::Trouble;
use super::{Form, detail, nearby, path};
use crate::cli::lasting::lasting;

/// An action on a circuit that may have a reason.
#[derive(Debug, Args)]
pub(in crate::cli) struct Because {
    /// The circuit
    #[arg(value_name = "CIRCUIT")]
    name: String,
    /// Why, for the audit
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    form: Form,
}

/// What `hold` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Hold {
    /// The circuit
    #[arg(value_name = "CIRCUIT")]
    name: String,
    /// What the hold does
    kind: Kind,
    /// Why, for whoever finds the hold
    #[arg(long)]
    reason: String,
    /// How long, like 1h or 5d; without it, until `release`
    #[arg(long = "for", value_name = "TIME", value_parser = lasting)]
    lasts: Option<Duration>,
    #[command(flatten)]
    form: Form,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// Every call is rejected
    #[value(name = "forced_open", alias = "forced-open")]
    ForcedOpen,
    /// Every call passes and nothing is recorded
    #[value(name = "disabled")]
    Disabled,
    /// Every call passes and is recorded; what would open it is only told
    #[value(name = "observe")]
    Observe,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::ForcedOpen => "forced_open",
            Self::Disabled => "disabled",
            Self::Observe => "observe",
        }
    }
}

/// `open` and `close`: one move of the machine (R16), never a hold.
pub(super) async fn force(service: &Service, to: &str, what: Because) -> Result<(), Trouble> {
    let body = with_reason(json!({ "state": to }), &what.reason);
    act(service, Method::POST, "force-state", &what, &body).await
}

pub(super) async fn release(service: &Service, what: Because) -> Result<(), Trouble> {
    let body = with_reason(json!({}), &what.reason);
    act(service, Method::DELETE, "hold", &what, &body).await
}

pub(super) async fn reset(service: &Service, what: Because) -> Result<(), Trouble> {
    let body = with_reason(json!({}), &what.reason);
    act(service, Method::POST, "reset", &what, &body).await
}

pub(super) async fn hold(service: &Service, what: Hold) -> Result<(), Trouble> {
    let mut body = with_reason(json!({ "kind": what.kind.word() }), &Some(what.reason));
    if let Some(lasts) = what.lasts {
        body["for"] = duration::format(lasts).into();
    }
    let what = Because {
        name: what.name,
        reason: None,
        form: what.form,
    };
    act(service, Method::POST, "hold", &what, &body).await
}

/// A body with a reason, where there is one.
pub(super) fn with_reason(mut body: Value, reason: &Option<String>) -> Value {
    if let Some(reason) = reason {
        body["reason"] = reason.as_str().into();
    }
    body
}

/// Asks for it and shows the circuit as it is then.
async fn act(
    service: &Service,
    method: Method,
    action: &str,
    what: &Because,
    body: &Value,
) -> Result<(), Trouble> {
    let path = format!("{}/{action}", path::circuit(&what.name)?);
    let answer = service.send(method, &path, body, &detail::CIRCUIT).await;
    let answer = nearby::meant(service, &what.name, answer).await?;
    what.form.print(&answer, detail::of);
    Ok(())
}
