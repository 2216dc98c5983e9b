//! One step of a replay: what to do, what to see after it, or both.

use super::BadFile;
use super::expect::Expectation;
use super::fields::Fields;
use super::settings::{self, Circuit, Refusal};
use fusebox::{FailureClass, HoldKind, Outcome, State};
use serde_json::Value;
use std::time::Duration;

#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) act: Option<Act>,
    /// The key of a call, or the branch that a hand moves.
    pub(super) key: Option<String>,
    pub(super) expect: Option<Expectation>,
}

#[derive(Clone, Debug)]
pub(super) enum Act {
    Call {
        outcome: Outcome,
        took: Duration,
        times: u64,
        retry_after: Option<Duration>,
    },
    Begin {
        call: String,
    },
    End {
        call: String,
        outcome: Outcome,
        retry_after: Option<Duration>,
    },
    Drop {
        call: String,
    },
    /// A timer has seen the call pass the slow-call limit (R3).
    Overdue {
        call: String,
    },
    Advance {
        by: Duration,
    },
    Transition {
        to: State,
    },
    Hold {
        to: HoldKind,
        until_after: Option<Duration>,
    },
    Release,
    Reset,
    Settings {
        breaker: Box<Circuit>,
    },
    Main {
        open: bool,
    },
}

pub(super) const STATES: [(&str, State); 3] = [
    ("closed", State::Closed),
    ("open", State::Open),
    ("half_open", State::HalfOpen),
];

pub(super) const HOLDS: [(&str, HoldKind); 3] = [
    ("forced_open", HoldKind::ForcedOpen),
    ("disabled", HoldKind::Disabled),
    ("observe", HoldKind::Observe),
];

const SWITCH: [(&str, bool); 2] = [("open", true), ("closed", false)];

const OUTCOMES: [(&str, Outcome); 3] = [
    ("success", Outcome::Success),
    ("failure", Outcome::Failure(FailureClass::Other)),
    ("ignored", Outcome::Ignored),
];

/// Each `do` with the keys that it takes besides `do` and `expect`.
const ACTS: [(&str, &[&str]); 12] = [
    ("call", &["outcome", "took", "times", "retry_after", "key"]),
    ("begin", &["call", "key"]),
    ("end", &["call", "outcome", "retry_after"]),
    ("drop", &["call"]),
    ("overdue", &["call"]),
    ("advance", &["by"]),
    ("transition", &["to", "key"]),
    ("hold", &["to", "for", "key"]),
    ("release", &["key"]),
    ("reset", &["key"]),
    ("settings", &["breaker"]),
    ("main", &["to"]),
];

impl Step {
    pub(super) fn read(value: &Value) -> Result<Self, BadFile> {
        let Some(word) = value.get("do") else {
            let fields = Fields::read(value, "a step without \"do\"", "", &["expect"])?;
            let expect = fields.need("expect", "what is to be seen (or \"do\" is missing)")?;
            return Ok(Self {
                act: None,
                key: None,
                expect: Some(Expectation::read(expect, false)?),
            });
        };
        let act = ACTS.iter().find(|(name, _)| word.as_str() == Some(name));
        let Some((name, takes)) = act else {
            let names: Vec<_> = ACTS.iter().map(|(name, _)| *name).collect();
            return Err(BadFile::new(format!(
                "key \"do\" is {word}; it takes one of {}",
                names.join(", ")
            )));
        };
        let mut known = vec!["do", "expect"];
        known.extend_from_slice(takes);
        let fields = Fields::read(value, &format!("a {name:?} step"), "", &known)?;
        let answers = matches!(*name, "call" | "begin");
        let act = Act::read(name, &fields)?;
        let key = fields.text("key")?.map(str::to_owned);
        let expect = fields
            .get("expect")
            .map(|e| Expectation::read(e, answers))
            .transpose()?;
        Ok(Self {
            act: Some(act),
            key,
            expect,
        })
    }
}

impl Act {
    fn read(name: &str, fields: &Fields<'_>) -> Result<Self, BadFile> {
        let call = || fields.name("call", "the name of a call").map(str::to_owned);
        Ok(match name {
            "call" => Self::Call {
                outcome: outcome(fields)?,
                took: fields.duration("took")?.unwrap_or_default(),
                times: times(fields)?,
                retry_after: fields.duration("retry_after")?,
            },
            "begin" => Self::Begin { call: call()? },
            "end" => Self::End {
                call: call()?,
                outcome: outcome(fields)?,
                retry_after: fields.duration("retry_after")?,
            },
            "drop" => Self::Drop { call: call()? },
            "overdue" => Self::Overdue { call: call()? },
            "advance" => {
                let by = fields.need("by", "a duration like \"10s\"")?;
                Self::Advance {
                    by: fields.as_duration("by", by)?,
                }
            }
            "transition" => Self::Transition {
                to: word(fields, "to", &STATES)?,
            },
            "hold" => Self::Hold {
                to: word(fields, "to", &HOLDS)?,
                until_after: fields.duration("for")?,
            },
            "release" => Self::Release,
            "reset" => Self::Reset,
            "settings" => {
                let breaker = fields.need("breaker", "an object with all settings anew")?;
                let circuit = settings::read(breaker)?;
                Self::Settings {
                    breaker: Box::new(circuit.map_err(Refusal::into_bad_file)?),
                }
            }
            // The main breaker is the only act left.
            _ => Self::Main {
                open: word(fields, "to", &SWITCH)?,
            },
        })
    }
}

fn word<T: Copy>(fields: &Fields<'_>, key: &str, words: &[(&str, T)]) -> Result<T, BadFile> {
    let allowed: Vec<_> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
    fields.word(key, fields.need(key, &allowed.join(", "))?, words)
}

fn outcome(fields: &Fields<'_>) -> Result<Outcome, BadFile> {
    word(fields, "outcome", &OUTCOMES)
}

fn times(fields: &Fields<'_>) -> Result<u64, BadFile> {
    match fields.get("times") {
        None => Ok(1),
        Some(value) => {
            let times = value.as_u64().filter(|times| *times > 0);
            times.ok_or_else(|| fields.wrong("times", value, "a whole number of 1 or more"))
        }
    }
}
