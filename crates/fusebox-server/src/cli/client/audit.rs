//! `fusebox audit`: who did what, and whether the log of it is whole.

use clap::Args;
use serde_json::Value;

use super::detail::{number, word};
use super::service::Service;
use super::shape::Shape;
use super::table::{Cell, Table};
use super::trouble::Trouble;
use super::{Form, pages, plain};
use crate::paint::Tone;

const AUDIT: &str = "/api/v1/audit";
const ENTRY: Shape = Shape::Object(&[
    ("id", Shape::Count),
    ("at", Shape::Text),
    ("action", Shape::Text),
]);
/// Its pages.
const LIST: (&str, Shape) = (
    "entries",
    Shape::Object(&[("entries", Shape::List(&ENTRY))]),
);
const CHECKED: Shape = Shape::Object(&[
    ("holds", Shape::Truth),
    ("entries", Shape::Count),
    ("newest_hash", Shape::Text),
]);
/// What fits a screen or two.
const LIMIT: u16 = 50;

/// What `audit` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Audit {
    /// How many, the newest first
    #[arg(long, value_name = "NUMBER", default_value_t = LIMIT,
        value_parser = clap::value_parser!(u16).range(1..))]
    limit: u16,
    /// Check the whole log: each entry's hash covers the entry and the hash before it
    ///
    /// Exit code 0: nothing was changed, put in or taken out; 1: something was. Who can write the
    /// whole log can make another that fits: compare the newest hash, which this prints, with one
    /// that was noted elsewhere.
    #[arg(long, conflicts_with = "limit")]
    verify: bool,
    #[command(flatten)]
    form: Form,
}

pub(super) async fn run(service: &Service, what: Audit) -> Result<(), Trouble> {
    if what.verify {
        return verify(service, what.form).await;
    }
    let most = Some(usize::from(what.limit));
    let answer = pages::all(service, AUDIT, &LIST, most).await?;
    what.form.print(&answer, table);
    Ok(())
}

fn table(answer: &Value) -> String {
    let entries = answer["entries"].as_array().map_or(&[][..], Vec::as_slice);
    if entries.is_empty() {
        return "no entries".to_owned();
    }
    let columns = [
        "ID", "AT", "WHO", "ROLE", "FROM", "ACTION", "TARGET", "ANSWER", "WHY",
    ];
    let mut table = Table::with_columns(&columns);
    for entry in entries {
        let text = |key: &str| Cell::plain(word(&entry[key]));
        let refused = entry["answer"].as_u64().is_some_and(|status| status >= 400);
        let tone = if refused { Tone::Bad } else { Tone::Plain };
        table.add(vec![
            Cell::new(Tone::Strong, &number(&entry["id"])),
            text("at"),
            text("who"),
            text("role"),
            text("from"),
            text("action"),
            text("target"),
            Cell::new(tone, &number(&entry["answer"])),
            text("why"),
        ]);
    }
    table.write()
}

async fn verify(service: &Service, form: Form) -> Result<(), Trouble> {
    let answer = service.get(&format!("{AUDIT}/verify"), &CHECKED).await?;
    let holds = answer["holds"] == true;
    form.print(
        &answer,
        |answer| if holds { whole(answer) } else { String::new() },
    );
    if holds {
        return Ok(());
    }
    let broken = &answer["broken"];
    let (id, why) = (number(&broken["id"]), word(&broken["why"]));
    Err(Trouble::No(format!(
        "the audit log is not whole: entry {id}: {why}"
    )))
}

fn whole(answer: &Value) -> String {
    let entries = number(&answer["entries"]);
    let hash = plain::text(word(&answer["newest_hash"]));
    let mut text = format!("whole: {entries} entries, newest hash {hash}");
    if let Some(first) = answer["first"].as_u64().filter(|first| *first > 1) {
        text.push_str(&format!(
            "\nentries before {first} are not there: the store keeps no older ones (memory and \
             Redis do so), or they were taken out"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_hash_that_is_none_is_no_harm_to_a_terminal() {
        let told = whole(&json!({"entries": 2, "newest_hash": "\u{1b}[2J", "first": 1}));
        assert_eq!(told, r"whole: 2 entries, newest hash \u{1b}[2J");
    }
}
