//! What happened, the newest first: a short list for people.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fusebox::{Author, Cause, Event, EventKind, State};
use serde_json::{Value, json};

use super::cast::{self, Number, UPSTREAMS};
use super::twin::author;
use crate::demo::words;

/// More than a page shows.
const ENTRIES_MAX: usize = 30;

/// How an entry is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Bad,
    Good,
    Trying,
    /// Somebody did it.
    Act,
}

/// The list.
#[derive(Debug, Default)]
pub(super) struct Journal(Mutex<VecDeque<Entry>>);

#[derive(Debug)]
struct Entry {
    at: Duration,
    system: &'static str,
    upstream: Option<&'static str>,
    text: String,
    tone: Tone,
    /// Of an opening after a failed trial: which circuit or branch, and how often by now.
    again: Option<(String, u32)>,
}

impl Journal {
    /// Something that concerns an upstream.
    pub(super) fn add(&self, at: Duration, upstream: Number, tone: Tone, text: String) {
        let role = &UPSTREAMS[upstream];
        self.push(Entry {
            at,
            system: role.system,
            upstream: Some(role.name),
            text,
            tone,
            again: None,
        });
    }

    /// Something that concerns a whole system.
    pub(super) fn add_of_system(&self, at: Duration, system: &'static str, text: String) {
        self.push(Entry {
            at,
            system,
            upstream: None,
            text,
            tone: Tone::Bad,
            again: None,
        });
    }

    /// What a circuit did. That a trial may pass is left out, for its end is told; openings of one
    /// circuit after another are one entry that counts them.
    pub(super) fn add_event(&self, at: Duration, event: &Event) {
        let Some(upstream) = cast::find(&event.circuit) else {
            return;
        };
        let Some(tone) = tone(event) else {
            return;
        };
        let role = &UPSTREAMS[upstream];
        let mut entry = Entry {
            at,
            system: role.system,
            upstream: Some(role.name),
            text: words::sentence(event),
            tone,
            again: None,
        };
        if is_again(event) {
            let who = format!(
                "{}/{}",
                event.circuit,
                event.branch.as_deref().unwrap_or("")
            );
            let times = 1 + self.take_again(role.name, &who);
            if times > 1 {
                entry.text = format!("{} ({times} times)", entry.text);
            }
            entry.again = Some((who, times));
        }
        self.push(entry);
    }

    pub(super) fn clear(&self) {
        self.entries().clear();
    }

    /// The newest first.
    pub(super) fn to_json(&self) -> Value {
        let entries = self.entries();
        entries.iter().map(Entry::to_json).collect()
    }

    /// Takes the entry out that is the last word on this upstream, if it is of an opening again of
    /// this circuit; returns how many it stood for.
    fn take_again(&self, upstream: &str, who: &str) -> u32 {
        let mut entries = self.entries();
        let last = entries
            .iter()
            .position(|entry| entry.upstream == Some(upstream));
        let again = last.and_then(|last| {
            let (its, times) = entries[last].again.as_ref()?;
            (its == who).then_some((last, *times))
        });
        let Some((place, times)) = again else {
            return 0;
        };
        entries.remove(place);
        times
    }

    fn push(&self, entry: Entry) {
        let mut entries = self.entries();
        entries.truncate(ENTRIES_MAX - 1);
        entries.push_front(entry);
    }

    fn entries(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        // An entry is put in whole or not at all.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn to_json(&self) -> Value {
        let tone = match self.tone {
            Tone::Bad => "bad",
            Tone::Good => "good",
            Tone::Trying => "trying",
            Tone::Act => "act",
        };
        json!({
            "at_ms": super::document::milliseconds(self.at),
            "system": self.system,
            "upstream": self.upstream,
            "text": self.text,
            "tone": tone,
        })
    }
}

/// None for what is not told: what the arena itself does to circuits, and what is told otherwise.
fn tone(event: &Event) -> Option<Tone> {
    let ours = |by: Option<&Author>| by == Some(&author());
    match &event.kind {
        EventKind::Transition {
            cause, evidence, ..
        } if *cause == Cause::OpenTimeOver || ours(evidence.by.as_ref()) => None,
        EventKind::Reset { by } | EventKind::HoldEnded { by: Some(by), .. } if ours(Some(by)) => {
            None
        }
        EventKind::Transition { to, .. } => Some(match to {
            State::Open => Tone::Bad,
            State::HalfOpen => Tone::Trying,
            State::Closed => Tone::Good,
        }),
        _ => Some(Tone::Act),
    }
}

fn is_again(event: &Event) -> bool {
    matches!(
        event.kind,
        EventKind::Transition {
            from: State::HalfOpen,
            to: State::Open,
            ..
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusebox::{CircuitBreaker, FailureClass, ManualClock, Received};

    fn texts(journal: &Journal) -> Vec<String> {
        let entries = journal.to_json();
        let entries = entries.as_array().unwrap().iter();
        let text = |entry: &Value| entry["text"].as_str().unwrap().to_owned();
        entries.map(text).collect()
    }

    /// What a real breaker tells while it opens, fails a trial twice, and closes.
    fn told() -> Vec<Event> {
        let clock = ManualClock::new();
        let breaker = CircuitBreaker::builder("openai")
            .consecutive_failures(1)
            .open_for(Duration::from_secs(1))
            .backoff(1.0)
            .jitter(fusebox::Rate::ZERO)
            .half_open_successes(1)
            .clock(clock.clone())
            .build()
            .unwrap();
        let mut events = breaker.subscribe();
        for outcome in [false, false, false, true] {
            let permit = breaker.acquire().unwrap();
            if outcome {
                permit.success();
            } else {
                permit.failure(FailureClass::Connect);
            }
            clock.advance(Duration::from_secs(1));
            breaker.state();
        }
        let mut told = Vec::new();
        while let Some(Received::Event(event)) = events.try_next() {
            told.push(event);
        }
        told
    }

    #[test]
    fn openings_again_are_one_entry_and_trials_that_may_pass_are_none() {
        let journal = Journal::default();
        for event in told() {
            journal.add_event(Duration::ZERO, &event);
        }
        assert_eq!(
            texts(&journal),
            [
                "circuit openai closes: the trial went well",
                "circuit openai opens again: the trial could not connect (2 times)",
                "circuit openai opens: the call could not connect",
            ]
        );
    }

    #[test]
    fn the_oldest_goes_when_there_are_thirty() {
        let journal = Journal::default();
        for n in 0..40 {
            journal.add(Duration::ZERO, 0, Tone::Act, format!("{n}"));
        }
        let texts = texts(&journal);
        assert_eq!(texts.len(), ENTRIES_MAX);
        assert_eq!((texts[0].as_str(), texts[29].as_str()), ("39", "10"));
        journal.clear();
        assert_eq!(journal.to_json(), json!([]));
    }
}
