//! `fusebox events`: what happened, and the calls before a transition as a replay file.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::detail::{number, word};
use super::service::Service;
use super::shape::Shape;
use super::table::{Cell, Table};
use super::trouble::Trouble;
use super::{Form, nearby, pages, path, plain};
use crate::cli::say;
use crate::paint::Tone;

/// Of all circuits.
const ALL: &str = "/api/v1/events";
const EVENT: Shape = Shape::Object(&[
    ("id", Shape::Count),
    ("at", Shape::Text),
    ("kind", Shape::Text),
]);
/// Its pages.
const LIST: (&str, Shape) = ("events", Shape::Object(&[("events", Shape::List(&EVENT))]));
/// What `replay` takes.
const REPLAY: Shape = Shape::Object(&[
    ("id", Shape::Text),
    ("breaker", Shape::Object(&[])),
    ("steps", Shape::List(&Shape::Object(&[]))),
]);
/// What fits a screen or two.
const LIMIT: u16 = 50;

/// What `events` takes.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct Events {
    #[command(subcommand)]
    export: Option<More>,
    /// Only of this circuit
    #[arg(value_name = "CIRCUIT")]
    name: Option<String>,
    /// How many, the newest first
    #[arg(long, value_name = "NUMBER", default_value_t = LIMIT,
        value_parser = clap::value_parser!(u16).range(1..))]
    limit: u16,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Subcommand)]
enum More {
    /// Write the calls that led to a transition as a replay file, to standard output
    ///
    /// The events with a replay file are marked in the list. `fusebox events export 17 | fusebox
    /// replay - --set open_for=10s` tells what other settings would have made of them.
    Export {
        /// The number of the event
        id: u64,
    },
}

pub(super) async fn run(service: &Service, what: Events) -> Result<(), Trouble> {
    if let Some(More::Export { id }) = what.export {
        let replay = service.text(&format!("{ALL}/{id}/replay"), &REPLAY).await?;
        say(plain::json(&replay).trim_end());
        return Ok(());
    }
    let most = Some(usize::from(what.limit));
    let answer = match &what.name {
        None => pages::all(service, ALL, &LIST, most).await?,
        Some(name) => {
            let path = format!("{}/events", path::circuit(name)?);
            let answer = pages::all(service, &path, &LIST, most).await;
            nearby::meant(service, name, answer).await?
        }
    };
    what.form.print(&answer, table);
    Ok(())
}

fn table(answer: &Value) -> String {
    let events = answer["events"].as_array().map_or(&[][..], Vec::as_slice);
    if events.is_empty() {
        return "no events".to_owned();
    }
    let mut table = Table::with_columns(&["ID", "AT", "CIRCUIT", "WHAT", "BY", "REPLAY", "WHY"]);
    for event in events {
        let replay = event["has_replay"].as_bool().unwrap_or_default();
        table.add(vec![
            Cell::new(Tone::Strong, &number(&event["id"])),
            Cell::plain(word(&event["at"])),
            Cell::plain(&place(event)),
            what_happened(event),
            Cell::plain(word(&event["by"])),
            Cell::plain(if replay { "yes" } else { "" }),
            Cell::plain(&why(event)),
        ]);
    }
    table.write()
}

/// The circuit, and the branch of it where it happened to one.
fn place(event: &Value) -> String {
    let circuit = word(&event["circuit"]);
    match event["branch"].as_str() {
        Some(branch) => format!("{circuit}/{branch}"),
        None => circuit.to_owned(),
    }
}

fn what_happened(event: &Value) -> Cell {
    let kind = word(&event["kind"]);
    let to = word(&event["to"]);
    let tone = match to {
        "open" => Tone::Bad,
        "closed" => Tone::Good,
        "half_open" => Tone::Trying,
        _ => Tone::Plain,
    };
    let details = &event["details"];
    let text = match kind {
        "transition" => format!("{} -> {to}", word(&event["from"])),
        "restored" => format!("restored {to}"),
        "hold_set" | "hold_ended" => format!("{kind} {}", word(&details["hold"])),
        _ => kind.to_owned(),
    };
    Cell::new(tone, text.trim_end())
}

/// The numbers that decided as a sentence, the cause, the reason: what there is.
fn why(event: &Value) -> String {
    let evidence = word(&event["evidence"]["text"]);
    let cause = word(&event["cause"]);
    let decided = if evidence.is_empty() { cause } else { evidence };
    let parts = [decided, word(&event["reason"])];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(": ")
}
