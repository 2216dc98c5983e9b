//! `fusebox main`: the switch above all circuits.

use clap::{Args, ValueEnum};
use http::Method;
use serde_json::{Value, json};

use super::Form;
use super::act::with_reason;
use super::detail::word;
use super::service::Service;
use super::shape::Shape;
use super::table::{Cell, Table};
use super::trouble::Trouble;
use crate::paint::Tone;

pub(super) const PATH: &str = "/api/v1/main";
/// The main breaker.
pub(super) const MAIN: Shape = Shape::Object(&[
    ("state", Shape::Word(&["open", "closed"])),
    ("since", Shape::Nullable(&Shape::Text)),
    ("reason", Shape::Nullable(&Shape::Text)),
]);

/// What `main` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Main {
    /// Turn it; without, show it
    turn: Option<Turn>,
    /// Why, for whoever finds it open
    #[arg(long, requires = "turn")]
    reason: Option<String>,
    #[command(flatten)]
    form: Form,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Turn {
    /// Reject every call of every circuit
    Open,
    /// Let the circuits decide again
    Close,
}

pub(super) async fn run(service: &Service, what: Main) -> Result<(), Trouble> {
    let answer = match what.turn {
        None => service.get(PATH, &MAIN).await?,
        Some(turn) => {
            let state = match turn {
                Turn::Open => "open",
                Turn::Close => "closed",
            };
            let body = with_reason(json!({ "state": state }), &what.reason);
            service.send(Method::POST, PATH, &body, &MAIN).await?
        }
    };
    what.form.print(&answer, |main| match banner(main) {
        closed if closed.is_empty() => "main breaker  closed".to_owned(),
        open => open,
    });
    Ok(())
}

/// One line where it is open, for then nothing else matters; else nothing.
pub(super) fn banner(main: &Value) -> String {
    if word(&main["state"]) != "open" {
        return String::new();
    }
    let said = |before: &str, key: &str| {
        let text = word(&main[key]);
        if text.is_empty() {
            String::new()
        } else {
            format!("{before}{text}")
        }
    };
    let more = [
        said("since ", "since"),
        said(" by ", "author"),
        said(" through circuit ", "circuit"),
        said(": ", "reason"),
    ];
    let mut table = Table::bare();
    table.add(vec![
        Cell::plain("main breaker"),
        Cell::new(Tone::Bad, "open"),
        Cell::plain(&more.concat()),
    ]);
    table.write()
}
