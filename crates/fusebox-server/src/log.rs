//! The structured log on stderr: JSON lines, or plain lines on a terminal.
//!
//! `FUSEBOX_LOG` sets what is written (`info` by default; `debug`, or
//! `fusebox_server=debug,hyper=warn`). A transition is one line with circuit, from, to, cause and
//! evidence. Bodies are not logged, and of headers only the one that is the
//! key of a branch.

use std::io::{self, IsTerminal};

use fusebox::{Author, Event, EventKind, Received, Subscription, duration};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// The variable that sets what is written.
const VARIABLE: &str = "FUSEBOX_LOG";

/// Starts the log of this process.
///
/// # Errors
/// What is wrong with the variable, in words.
pub fn start() -> Result<(), String> {
    let filter = match std::env::var(VARIABLE) {
        Ok(text) => filter(&text).map_err(|error| format!("{VARIABLE}: {text:?}: {error}"))?,
        Err(_) => EnvFilter::new("info"),
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    let started = if io::stderr().is_terminal() {
        builder.with_target(false).try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
    // A second start in one process finds the first one in place: that is as good.
    let _ = started;
    Ok(())
}

/// To the filter every bare word is a target, so that a misspelt level would silence all the rest.
fn filter(text: &str) -> Result<EnvFilter, String> {
    let mut words = text.split(',').map(str::trim);
    let is_bare = |word: &&str| !word.is_empty() && !word.contains(['=', '[']);
    let is_level = |word: &str| word.parse::<LevelFilter>().is_ok();
    if let Some(word) = words.find(|word| is_bare(word) && !is_level(word)) {
        return Err(format!(
            "`{word}` is no level (off, error, warn, info, debug, trace); a target is written with \
             its level, as hyper=warn"
        ));
    }
    EnvFilter::try_new(text).map_err(|error| error.to_string())
}

/// Writes every event until `stop`, then what has come by then.
pub async fn events(mut events: Subscription, stop: impl Future<Output = ()>) {
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            received = events.next() => write(&received),
            () = &mut stop => break,
        }
    }
    while let Some(received) = events.try_next() {
        write(&received);
    }
}

fn write(received: &Received) {
    match received {
        Received::Event(event) => event_line(event),
        Received::Missed(count) => {
            tracing::warn!(count, "events were missed: the log fell behind");
        }
    }
}

fn event_line(event: &Event) {
    let circuit = &*event.circuit;
    let generation = event.generation;
    let branch = event.branch.as_deref();
    match &event.kind {
        EventKind::Transition {
            from,
            to,
            cause,
            evidence,
        } => tracing::info!(
            circuit,
            from = from.as_str(),
            to = to.as_str(),
            cause = cause.as_str(),
            evidence = evidence.explain(*cause),
            open_for = evidence.open_for.map(duration::rounded),
            by = evidence.by.as_ref().map(Author::as_str),
            generation,
            branch,
            "transition"
        ),
        EventKind::HoldSet(hold) => tracing::info!(
            circuit,
            kind = hold.kind.as_str(),
            reason = hold.reason,
            by = hold.author.as_str(),
            expires_in = hold
                .until
                .map(|until| duration::format(until.saturating_since(hold.since))),
            generation,
            branch,
            "hold set"
        ),
        EventKind::HoldEnded { kind, expired, by } => tracing::info!(
            circuit,
            kind = kind.as_str(),
            expired,
            by = by.as_ref().map(Author::as_str),
            generation,
            branch,
            "hold ended"
        ),
        EventKind::Reset { by } => {
            tracing::info!(circuit, by = by.as_str(), generation, branch, "reset");
        }
        EventKind::SettingsChanged { by } => {
            tracing::info!(circuit, by = by.as_str(), generation, "settings changed");
        }
        EventKind::WouldOpen { cause, evidence } => tracing::info!(
            circuit,
            cause = cause.as_str(),
            evidence = evidence.explain(*cause),
            generation,
            branch,
            "would open"
        ),
        EventKind::Restored { state } => tracing::info!(
            circuit,
            state = state.as_str(),
            generation,
            branch,
            "restored"
        ),
        kind => box_line(circuit, kind),
    }
}

/// What happens to the box of circuits and its definitions, not to one breaker.
fn box_line(circuit: &str, kind: &EventKind) {
    match kind {
        EventKind::MainOpened(opening) => tracing::info!(
            reason = opening.reason,
            by = opening.by.as_str(),
            circuit = opening.circuit.as_deref(),
            "main breaker opened"
        ),
        EventKind::MainClosed { by } => tracing::info!(by = by.as_str(), "main breaker closed"),
        EventKind::Added { by, .. } => {
            tracing::info!(circuit, by = by.as_str(), "circuit added");
        }
        EventKind::Replaced { by } => {
            tracing::info!(circuit, by = by.as_str(), "circuit defined anew");
        }
        EventKind::Removed { by } => {
            tracing::info!(circuit, by = by.as_str(), "circuit removed");
        }
        EventKind::OverrideSet(over) => tracing::info!(
            circuit,
            reason = over.reason,
            by = over.author.as_str(),
            expires_in = over
                .until
                .map(|until| duration::format(until.saturating_since(over.since))),
            "override set"
        ),
        EventKind::OverrideEnded { expired, by } => tracing::info!(
            circuit,
            expired,
            by = by.as_ref().map(Author::as_str),
            "override ended"
        ),
        // Told above.
        EventKind::Transition { .. }
        | EventKind::HoldSet(_)
        | EventKind::HoldEnded { .. }
        | EventKind::Reset { .. }
        | EventKind::SettingsChanged { .. }
        | EventKind::WouldOpen { .. }
        | EventKind::Restored { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_no_level_is_refused_and_names_those_there_are() {
        for fine in [
            "info",
            "WARN",
            "off",
            "fusebox_server=debug,hyper=warn",
            "info,hyper=off",
        ] {
            assert!(filter(fine).is_ok(), "{fine}");
        }
        for wrong in ["warning", "inof", "info,hyper"] {
            let error = filter(wrong).unwrap_err();
            assert!(
                error.contains("no level (off, error, warn"),
                "{wrong}: {error}"
            );
        }
        assert!(filter("hyper=loud").is_err());
    }
}
