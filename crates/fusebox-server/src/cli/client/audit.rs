//! `fusebox audit`: who did what, and whether the log of it is whole.

use clap::Args;
use fusebox_store::{AuditEntry, GENESIS};
use serde_json::{Value, json};

use super::detail::{number, word};
use super::service::Service;
use super::table::{Cell, Table};
use super::trouble::Trouble;
use super::{Form, pages};
use crate::paint::Tone;

const AUDIT: &str = "/api/v1/audit";
/// The list's name in the answer.
const ENTRIES: &str = "entries";
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
        let answer = pages::all(service, AUDIT, ENTRIES, None).await?;
        return verify(service, &answer, what.form);
    }
    let most = Some(usize::from(what.limit));
    let answer = pages::all(service, AUDIT, ENTRIES, most).await?;
    what.form.print(&answer, table);
    Ok(())
}

fn table(answer: &Value) -> String {
    let entries = answer[ENTRIES].as_array().map_or(&[][..], Vec::as_slice);
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

fn verify(service: &Service, answer: &Value, form: Form) -> Result<(), Trouble> {
    let entries = answer[ENTRIES].as_array().map_or(&[][..], Vec::as_slice);
    let newest_first = entries
        .iter()
        .map(|entry| serde_json::from_value(entry.clone()));
    let mut entries: Vec<AuditEntry> = newest_first
        .collect::<Result<_, _>>()
        .map_err(|_| service.without("hash"))?;
    entries.reverse();
    let newest = entries.last().map_or(GENESIS, |entry| entry.hash.as_str());
    let broken = broken_at(&entries);
    let told = json!({
        "ok": broken.is_none(),
        "entries": entries.len(),
        "hash": newest,
        "broken_at": broken,
    });
    form.print(&told, |_| match broken {
        None => format!("whole: {} entries, newest hash {newest}", entries.len()),
        Some(_) => String::new(),
    });
    match broken {
        None => Ok(()),
        Some(id) => Err(Trouble::No(format!(
            "the audit log is not whole: entry {id} does not follow from the one before it"
        ))),
    }
}

/// The first entry, in order of time, that does not fit the one before it: changed, put in, or
/// standing after one that was taken out.
fn broken_at(entries: &[AuditEntry]) -> Option<u64> {
    let mut before = (0, GENESIS);
    for entry in entries {
        if entry.id != before.0 + 1 || entry.hash != entry.hash_after(before.1) {
            return Some(entry.id);
        }
        before = (entry.id, &entry.hash);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusebox_store::AuditDraft;
    use std::time::UNIX_EPOCH;

    fn log() -> Vec<AuditEntry> {
        let draft = |action: &str| AuditDraft {
            at: UNIX_EPOCH,
            who: "local".into(),
            role: "admin".into(),
            from: "127.0.0.1".into(),
            action: action.into(),
            target: "rag".into(),
            why: None,
            before: json!({"b": 1, "a": 0.5}),
            after: Value::Null,
            answer: 200,
            request_id: "x".into(),
        };
        let mut log: Vec<AuditEntry> = Vec::new();
        for (id, action) in (1..).zip(["hold", "release", "reset"]) {
            let before = log
                .last()
                .map_or(GENESIS, |entry| entry.hash.as_str())
                .to_owned();
            log.push(draft(action).chained(id, &before));
        }
        log
    }

    #[test]
    fn a_log_that_went_over_the_wire_is_whole() {
        let wire = serde_json::to_string(&log()).unwrap();
        let read: Vec<AuditEntry> = serde_json::from_str(&wire).unwrap();
        assert_eq!(broken_at(&read), None);
        assert_eq!(broken_at(&[]), None);
    }

    #[test]
    fn an_entry_that_was_changed_put_in_or_taken_out_is_seen() {
        let mut changed = log();
        changed[1].who = "somebody else".into();
        assert_eq!(broken_at(&changed), Some(2));
        let mut taken_out = log();
        taken_out.remove(1);
        assert_eq!(broken_at(&taken_out), Some(3));
        let mut first_gone = log();
        first_gone.remove(0);
        assert_eq!(broken_at(&first_gone), Some(2));
        let mut put_in = log();
        put_in.insert(1, put_in[0].clone());
        assert_eq!(broken_at(&put_in), Some(1));
    }
}
