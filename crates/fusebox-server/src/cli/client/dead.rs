//! `fusebox dead`: what could not be delivered.

use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};

use super::act::with_reason;
use super::detail::{number, word};
use super::queue::or_empty;
use super::service::Service;
use super::shape::Shape;
use super::table::{Cell, Table};
use super::trouble::Trouble;
use super::{Form, pages, path};
use crate::paint::Tone;

const DEAD: &str = "/api/v1/dead-letters";
const LETTER: Shape = Shape::Object(&[
    ("id", Shape::Text),
    ("queue", Shape::Text),
    ("state", Shape::Word(&["dead", "expired"])),
]);
/// Its pages.
const LIST: (&str, Shape) = (
    "messages",
    Shape::Object(&[("messages", Shape::List(&LETTER))]),
);
const CHANGED: Shape = Shape::Object(&[("changed", Shape::Count)]);
/// What fits a screen or two.
const LIMIT: u16 = 50;

/// What `dead` does.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DeadCommand {
    /// Dead letters, the oldest first
    List(List),
    /// One dead letter with its attempts and its content
    Show(Show),
    /// Deliver dead letters after all: they wait again, before all others of their keys
    Retry(Act),
    /// Throw dead letters away, for good
    Discard(Act),
}

/// What `dead list` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    /// Only of this queue
    #[arg(value_name = "QUEUE")]
    queue: Option<String>,
    /// How many, the oldest first
    #[arg(long, value_name = "NUMBER", default_value_t = LIMIT,
        value_parser = clap::value_parser!(u16).range(1..))]
    limit: u16,
    #[command(flatten)]
    form: Form,
}

/// What `dead show` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Show {
    /// Its id
    id: String,
    #[command(flatten)]
    form: Form,
}

/// Which dead letters, and why.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("which").required(true).args(["id", "queue"])))]
pub(in crate::cli) struct Act {
    /// This one, by its id
    id: Option<String>,
    /// All of this queue instead, the oldest first
    #[arg(long, value_name = "QUEUE")]
    queue: Option<String>,
    /// Only of this key, with --queue
    #[arg(long, requires = "queue")]
    key: Option<String>,
    /// At most so many, with --queue
    #[arg(long, value_name = "NUMBER", requires = "queue")]
    max: Option<u64>,
    /// Why, for the audit
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    form: Form,
}

pub(super) async fn run(service: &Service, command: DeadCommand) -> Result<(), Trouble> {
    match command {
        DeadCommand::List(what) => {
            let most = Some(usize::from(what.limit));
            let answer = match &what.queue {
                Some(queue) => {
                    let path = path::with(DEAD, &[("queue", queue)]);
                    pages::all(service, &path, &LIST, most).await?
                }
                None => {
                    let answer = pages::all(service, DEAD, &LIST, most).await;
                    or_empty(answer, json!({"messages": [], "next": null}))?
                }
            };
            what.form.print(&answer, table);
        }
        DeadCommand::Show(what) => {
            let answer = service.get(&path::dead_letter(&what.id)?, &LETTER).await?;
            what.form.print(&answer, shown);
        }
        DeadCommand::Retry(what) => act(service, "retry", what).await?,
        DeadCommand::Discard(what) => act(service, "discard", what).await?,
    }
    Ok(())
}

async fn act(service: &Service, action: &str, what: Act) -> Result<(), Trouble> {
    let mut body = with_reason(json!({}), &what.reason);
    let path = match &what.id {
        Some(id) => format!("{}/{action}", path::dead_letter(id)?),
        None => {
            body["queue"] = what.queue.into();
            if let Some(key) = what.key {
                body["key"] = key.into();
            }
            if let Some(max) = what.max {
                body["max"] = max.into();
            }
            format!("{DEAD}/{action}")
        }
    };
    let answer = service.send(Method::POST, &path, &body, &CHANGED).await?;
    what.form.print(&answer, |answer| {
        let done = if action == "retry" {
            "wait again"
        } else {
            "are gone"
        };
        format!("{} {done}", number(&answer["changed"]))
    });
    Ok(())
}

fn table(answer: &Value) -> String {
    let dead = answer["messages"].as_array().map_or(&[][..], Vec::as_slice);
    if dead.is_empty() {
        return "no dead letters".to_owned();
    }
    let columns = [
        "ID",
        "QUEUE",
        "KEY",
        "DIED",
        "WHY",
        "ATTEMPTS",
        "LAST ERROR",
    ];
    let mut table = Table::with_columns(&columns);
    for letter in dead {
        table.add(vec![
            Cell::new(Tone::Strong, word(&letter["id"])),
            Cell::plain(word(&letter["queue"])),
            Cell::plain(word(&letter["key"])),
            Cell::plain(word(&letter["at"])),
            Cell::new(Tone::Bad, word(&letter["death"])),
            Cell::plain(&number(&letter["attempts"])),
            Cell::plain(last_error(letter)),
        ]);
    }
    table.write()
}

fn shown(letter: &Value) -> String {
    let mut table = Table::bare();
    let mut line = |name: &str, text: &str| {
        table.add(vec![Cell::new(Tone::Quiet, name), Cell::plain(text)]);
    };
    for name in [
        "id",
        "queue",
        "key",
        "group",
        "state",
        "death",
        "pushed_at",
        "at",
    ] {
        line(name, word(&letter[name]));
    }
    for name in ["attempts", "deferrals", "crashes", "bytes"] {
        line(name, &number(&letter[name]));
    }
    // Whoever retries it may send it twice.
    let uncertain = letter["uncertain"].as_bool();
    line(
        "may have arrived",
        uncertain.map_or("", |may| if may { "yes" } else { "no" }),
    );
    let history = letter["history"].as_array().map_or(&[][..], Vec::as_slice);
    for attempt in history {
        let (at, class) = (word(&attempt["at"]), word(&attempt["class"]));
        line(
            "attempt",
            &format!("{at} {class}: {}", word(&attempt["error"])),
        );
    }
    let attributes = letter["attributes"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    for attribute in attributes {
        let (name, value) = (word(&attribute[0]), word(&attribute[1]));
        line("attribute", &format!("{name}: {value}"));
    }
    line("body", word(&letter["body"]));
    if letter["body_hex"].is_string() {
        line("body (hex)", word(&letter["body_hex"]));
    }
    table.write()
}

fn last_error(letter: &Value) -> &str {
    let history = letter["history"].as_array();
    let last = history.and_then(|history| history.last());
    last.map_or("", |attempt| word(&attempt["error"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_letter_tells_whether_it_may_have_arrived() {
        for (uncertain, word) in [(true, "yes"), (false, "no")] {
            let shown = shown(&json!({"id": "x", "uncertain": uncertain}));
            let mut lines = shown.lines();
            let told = lines.find(|line| line.trim_start().starts_with("may have arrived"));
            let told = told.expect("a line of it");
            assert!(told.trim_end().ends_with(word), "{told}");
        }
    }
}
