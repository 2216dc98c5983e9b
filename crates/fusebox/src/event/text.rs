//! Events as sentences, for logs and screens.

use super::{Cause, Event, EventKind, Evidence};
use crate::settings::duration;
use crate::word::State;
use std::fmt;

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let circuit = Subject(self);
        match &self.kind {
            EventKind::Transition {
                from,
                to,
                cause,
                evidence,
            } => {
                let verb = match to {
                    State::Closed => "closed",
                    State::Open => "opened",
                    State::HalfOpen => "is half-open",
                };
                write!(f, "{circuit} {verb} (was {}): ", from.as_str())?;
                explain(f, *cause, evidence)?;
                match evidence.open_for {
                    Some(wait) => write!(f, "; trying again in {}", duration::rounded(wait)),
                    None if *to == State::Open => write!(f, "; open until somebody closes it"),
                    None => Ok(()),
                }
            }
            EventKind::HoldSet(hold) => {
                let (kind, author) = (hold.kind.as_str(), hold.author.as_str());
                write!(f, "{circuit} is held {kind} by {author}: {}", hold.reason)
            }
            EventKind::HoldEnded {
                kind, by: Some(by), ..
            } => {
                write!(
                    f,
                    "{circuit}: the hold {} was released by {}",
                    kind.as_str(),
                    by.as_str()
                )
            }
            EventKind::HoldEnded { kind, by: None, .. } => {
                write!(f, "{circuit}: the hold {} has expired", kind.as_str())
            }
            EventKind::Reset { by } => write!(f, "{circuit} was reset by {}", by.as_str()),
            EventKind::SettingsChanged { by } => {
                write!(f, "{circuit}: settings changed by {}", by.as_str())
            }
            EventKind::WouldOpen { cause, evidence } => {
                write!(f, "{circuit} would have opened: ")?;
                explain(f, *cause, evidence)
            }
            kind => of_the_box(f, &circuit, kind),
        }
    }
}

/// What a registry or a store does with a circuit, and what happens to a whole box.
fn of_the_box(f: &mut fmt::Formatter<'_>, circuit: &Subject<'_>, kind: &EventKind) -> fmt::Result {
    match kind {
        EventKind::Restored { state } => {
            write!(f, "{circuit} was restored: {}", state.as_str())
        }
        EventKind::OverrideSet(over) => {
            let (author, reason) = (over.author.as_str(), &over.reason);
            write!(f, "{circuit}: settings overridden by {author}: {reason}")
        }
        EventKind::OverrideEnded { by: Some(by), .. } => {
            write!(f, "{circuit}: the override was ended by {}", by.as_str())
        }
        EventKind::OverrideEnded { by: None, .. } => {
            write!(f, "{circuit}: the override has expired")
        }
        EventKind::MainOpened(opening) => {
            let (by, reason) = (opening.by.as_str(), &opening.reason);
            write!(f, "the main breaker opened, by {by}: {reason}")
        }
        EventKind::MainClosed { by } => {
            write!(f, "the main breaker closed, by {}", by.as_str())
        }
        EventKind::Added {
            defaulted: true, ..
        } => {
            write!(
                f,
                "{circuit} was asked for and not defined: it has the defaults"
            )
        }
        EventKind::Added { by, .. } => write!(f, "{circuit} was added by {}", by.as_str()),
        EventKind::Replaced { by } => {
            write!(f, "{circuit} was defined anew by {}", by.as_str())
        }
        EventKind::Removed { by } => write!(f, "{circuit} was removed by {}", by.as_str()),
        // Told by the caller.
        EventKind::Transition { .. }
        | EventKind::HoldSet(_)
        | EventKind::HoldEnded { .. }
        | EventKind::Reset { .. }
        | EventKind::SettingsChanged { .. }
        | EventKind::WouldOpen { .. } => Ok(()),
    }
}

/// The circuit, or one of its branches.
struct Subject<'a>(&'a Event);

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.branch {
            Some(key) => write!(f, "{}, branch {key:?},", self.0.circuit),
            None => f.write_str(&self.0.circuit),
        }
    }
}

impl Evidence {
    /// Cause and numbers as one phrase: `6 of the last 10 calls failed`.
    pub fn explain(&self, cause: Cause) -> String {
        struct Phrase<'a>(Cause, &'a Evidence);
        impl fmt::Display for Phrase<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                explain(f, self.0, self.1)
            }
        }
        Phrase(cause, self).to_string()
    }
}

fn explain(f: &mut fmt::Formatter<'_>, cause: Cause, e: &Evidence) -> fmt::Result {
    let by = e.by.as_ref().map_or("somebody", |author| author.as_str());
    match cause {
        Cause::ConsecutiveFailures if e.consecutive_failures == 1 => write!(f, "a failure"),
        Cause::ConsecutiveFailures => write!(f, "{} failures in a row", e.consecutive_failures),
        Cause::FailureRate | Cause::FailureCount => {
            write!(f, "{} of the last {} calls failed", e.failures, e.calls)
        }
        Cause::SlowCallRate => write!(f, "{} of the last {} calls were slow", e.slow, e.calls),
        Cause::Policy(name) => write!(f, "the policy {name}"),
        Cause::TrialFailed if e.class.is_none() => write!(f, "a trial was too slow"),
        Cause::TrialFailed => write!(f, "a trial failed"),
        Cause::TrialTimedOut => write!(f, "a trial did not end in time"),
        Cause::TrialsSucceeded => write!(f, "{} trials succeeded", e.trial_successes),
        Cause::OpenTimeOver => write!(f, "the open period is over, trying again"),
        Cause::Hand => write!(f, "by {by}"),
        Cause::Reset => write!(f, "reset by {by}"),
        Cause::HoldSet => write!(f, "a hold was set by {by}"),
        Cause::HoldEnded => write!(f, "a hold ended"),
    }?;
    match e.class {
        Some(class) => write!(f, ", the last one by {}", class.as_str()),
        None => Ok(()),
    }
}
