//! `fusebox queue`: what waits, and pauses.

use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};

use super::act::with_reason;
use super::detail::{number, word};
use super::service::Service;
use super::shape::Shape;
use super::table::{Cell, Table};
use super::trouble::Trouble;
use super::{Form, path, plain};
use crate::paint::Tone;

const QUEUES: &str = "/api/v1/queues";

const QUEUE: Shape = Shape::Object(&[
    ("name", Shape::Text),
    ("messages", Shape::Count),
    ("dead", Shape::Count),
]);
const ALL: Shape = Shape::Object(&[("queues", Shape::List(&QUEUE))]);
const PAUSE: Shape = Shape::Object(&[
    ("queue", Shape::Nullable(&Shape::Text)),
    ("paused", Shape::Truth),
    ("epoch", Shape::Count),
]);
const PAUSES: Shape = Shape::Object(&[("pauses", Shape::List(&PAUSE))]);

/// What `queue` does through a daemon.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum QueueCommand {
    /// Every queue with what it holds
    List(List),
    /// One queue in detail
    Show(Show),
    /// Deliver nothing that waits in a queue, or in a group of it, until `resume`
    ///
    /// Calls are still taken: those that the circuit admits pass to the upstream, others wait. To
    /// keep all calls from the upstream, hold the circuit: `fusebox hold CIRCUIT forced_open`.
    Pause(Pause),
    /// End a pause
    Resume(Resume),
}

/// What `queue list` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    form: Form,
}

/// What `queue show` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Show {
    /// The queue, by the name of its circuit
    #[arg(value_name = "QUEUE")]
    name: String,
    #[command(flatten)]
    form: Form,
}

/// What `queue pause` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Pause {
    /// The queue, by the name of its circuit; `*` for all of them
    #[arg(value_name = "QUEUE")]
    name: String,
    /// Why, for whoever finds the pause
    #[arg(long)]
    reason: String,
    /// Only this group
    #[arg(long)]
    group: Option<String>,
    #[command(flatten)]
    form: Form,
}

/// What `queue resume` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Resume {
    /// The queue, by the name of its circuit; `*` for all of them
    #[arg(value_name = "QUEUE")]
    name: String,
    /// Why, for the audit
    #[arg(long)]
    reason: Option<String>,
    /// Only this group
    #[arg(long)]
    group: Option<String>,
    /// Only if it is the pause of this epoch, as `show` tells it
    #[arg(long)]
    epoch: Option<u64>,
    #[command(flatten)]
    form: Form,
}

pub(super) async fn run(service: &Service, command: QueueCommand) -> Result<(), Trouble> {
    match command {
        QueueCommand::List(what) => {
            let answer = service.get(QUEUES, &ALL).await;
            let answer = or_empty(answer, json!({"queues": []}))?;
            what.form.print(&answer, table);
        }
        QueueCommand::Show(what) => {
            let queue = path::queue(&what.name)?;
            let answer = service.get(&queue, &QUEUE).await?;
            let pauses = service.get(&format!("{queue}/pauses"), &PAUSES).await?;
            let whole = json!({ "queue": answer, "pauses": pauses["pauses"] });
            what.form.print(&whole, shown);
        }
        QueueCommand::Pause(what) => {
            let mut body = with_reason(json!({}), &Some(what.reason));
            if let Some(group) = what.group {
                body["group"] = group.into();
            }
            let path = format!("{}/pause", path::queues(&what.name)?);
            let answer = service.send(Method::POST, &path, &body, &PAUSE).await?;
            // Whoever pauses during an incident must not take it that nothing is sent now.
            let stops = match &*what.name {
                "*" => "main open".to_owned(),
                name => format!("hold {name} forced_open"),
            };
            what.form.print(&answer, |answer| {
                format!(
                    "{}\ndeliveries of what waits stop; calls that the circuit admits still pass \
                     (`fusebox {stops}` stops those, too)",
                    pause(answer)
                )
            });
        }
        QueueCommand::Resume(what) => {
            let mut body = with_reason(json!({}), &what.reason);
            if let Some(group) = what.group {
                body["group"] = group.into();
            }
            if let Some(epoch) = what.epoch {
                body["epoch"] = epoch.into();
            }
            let path = format!("{}/resume", path::queues(&what.name)?);
            let answer = service.send(Method::POST, &path, &body, &PAUSE).await?;
            what.form.print(&answer, pause);
        }
    }
    Ok(())
}

/// A list of everything is empty where there are no queues, and not refused.
pub(super) fn or_empty(answer: Result<Value, Trouble>, empty: Value) -> Result<Value, Trouble> {
    match answer {
        Err(Trouble::Refused { kind, .. }) if kind == "no-queues" => Ok(empty),
        answer => answer,
    }
}

fn table(answer: &Value) -> String {
    let queues = answer["queues"].as_array().map_or(&[][..], Vec::as_slice);
    if queues.is_empty() {
        return "no queues: no circuit of this service has one".to_owned();
    }
    let columns = [
        "QUEUE", "WAITING", "SENDING", "DEAD", "BYTES", "OLDEST", "PAUSED",
    ];
    let mut table = Table::with_columns(&columns);
    for queue in queues {
        let dead = number(&queue["dead"]);
        let tone = if dead == "0" { Tone::Plain } else { Tone::Bad };
        table.add(vec![
            Cell::new(Tone::Strong, word(&queue["name"])),
            Cell::plain(&number(&queue["messages"])),
            Cell::plain(&number(&queue["in_flight"])),
            Cell::new(tone, &dead),
            Cell::plain(&number(&queue["bytes"])),
            Cell::plain(word(&queue["oldest_at"])),
            Cell::new(Tone::Trying, &why_paused(&queue["paused"])),
        ]);
    }
    table.write()
}

fn shown(whole: &Value) -> String {
    let queue = &whole["queue"];
    let mut table = Table::bare();
    let mut line = |name: &str, text: &str| {
        table.add(vec![Cell::new(Tone::Quiet, name), Cell::plain(text)]);
    };
    line("queue", word(&queue["name"]));
    let of = |held: &str, most: &str| match number(&queue[most]).as_str() {
        "" => number(&queue[held]),
        most => format!("{} of {most}", number(&queue[held])),
    };
    line("messages", &of("messages", "messages_max"));
    line("bytes", &of("bytes", "bytes_max"));
    line("being sent", &number(&queue["in_flight"]));
    line("dead", &number(&queue["dead"]));
    line("damaged", &number(&queue["corrupt"]));
    line("oldest", word(&queue["oldest_at"]));
    line("next due", word(&queue["next_due_at"]));
    let pauses = whole["pauses"].as_array().map_or(&[][..], Vec::as_slice);
    for pause in pauses.iter().filter(|pause| pause["paused"] == true) {
        line("paused", &format!("{}{}", scope(pause), why_paused(pause)));
    }
    table.write()
}

/// What an action on a pause is answered.
fn pause(answer: &Value) -> String {
    let scope = scope(answer);
    let (now, epoch) = (answer["paused"] == true, number(&answer["epoch"]));
    plain::text(&if now {
        format!(
            "{scope}is paused (epoch {epoch}): {}",
            word(&answer["reason"])
        )
    } else {
        format!("{scope}is not paused (epoch {epoch})")
    })
}

fn scope(pause: &Value) -> String {
    match (word(&pause["queue"]), pause["group"].as_str()) {
        ("*", _) => "everything ".to_owned(),
        (queue, Some(group)) => format!("group {group} of {queue} "),
        (queue, None) => format!("{queue} "),
    }
}

fn why_paused(pause: &Value) -> String {
    if pause.is_null() {
        return String::new();
    }
    let (by, since) = (word(&pause["by"]), word(&pause["since"]));
    let (reason, epoch) = (word(&pause["reason"]), number(&pause["epoch"]));
    format!("by {by} since {since}: {reason} (epoch {epoch})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_told_without_what_a_terminal_would_obey() {
        let paused = json!({
            "queue": "r\u{1b}[2Jag", "group": "g\n", "paused": true, "epoch": 7, "reason": "\u{7}",
        });
        let told = r"group g\u{a} of r\u{1b}[2Jag is paused (epoch 7): \u{7}";
        assert_eq!(pause(&paused), told);
    }
}
