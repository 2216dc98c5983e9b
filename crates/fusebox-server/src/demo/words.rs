//! What a breaker did and why, for somebody who has never seen one.

use std::time::Duration;

use fusebox::{Cause, Event, EventKind, Evidence, FailureClass, HoldKind, State};

use super::health::Health;
use super::view::Tone;

/// What happened, in one sentence. Shorter than the core's own, and without its words for those who
/// know.
pub(crate) fn sentence(event: &Event) -> String {
    let EventKind::Transition {
        from,
        to,
        cause,
        evidence,
    } = &event.kind
    else {
        // Only by somebody's hand, through the admin API: whoever does that knows the words.
        return format!("circuit {event}");
    };
    let did = match to {
        State::Open if *from == State::HalfOpen => "opens again",
        State::Open => "opens",
        State::HalfOpen => "is half-open",
        State::Closed => "closes",
    };
    let why = why(*cause, evidence);
    match &event.branch {
        Some(branch) => format!("circuit {}, branch {branch}, {did}: {why}", event.circuit),
        None => format!("circuit {} {did}: {why}", event.circuit),
    }
}

/// When it is tried again, if the event says so.
pub(crate) fn next(event: &Event) -> Option<String> {
    match &event.kind {
        EventKind::Transition { evidence, .. } => {
            let wait = evidence.open_for?;
            Some(format!("; next trial in {}", seconds(wait)))
        }
        _ => None,
    }
}

/// Why a circuit is in its state.
pub(crate) fn why(cause: Cause, evidence: &Evidence) -> String {
    let last = || {
        evidence
            .class
            .map_or(String::new(), |class| format!(", the last {}", how(class)))
    };
    match cause {
        Cause::ConsecutiveFailures if evidence.consecutive_failures == 1 => {
            format!("the call {}", evidence.class.map_or("failed", how))
        }
        Cause::ConsecutiveFailures => {
            format!(
                "{} failures in a row{}",
                evidence.consecutive_failures,
                last()
            )
        }
        Cause::FailureRate | Cause::FailureCount => {
            format!(
                "{} of the last {} calls failed",
                evidence.failures, evidence.calls
            )
        }
        Cause::SlowCallRate => {
            format!(
                "{} of the last {} calls were slow",
                evidence.slow, evidence.calls
            )
        }
        Cause::TrialFailed => match evidence.class {
            Some(class) => format!("the trial {}", how(class)),
            None => "the trial was slow".to_owned(),
        },
        Cause::TrialTimedOut => "the trial took too long".to_owned(),
        Cause::TrialsSucceeded => match evidence.trial_successes {
            0 | 1 => "the trial went well".to_owned(),
            n => format!("{n} trials went well"),
        },
        Cause::OpenTimeOver => "the wait is over, a trial may pass".to_owned(),
        Cause::Hand => match &evidence.by {
            Some(author) => format!("by hand ({})", author.as_str()),
            None => "by hand".to_owned(),
        },
        Cause::Reset => "reset by hand".to_owned(),
        Cause::HoldSet => "a hold was set".to_owned(),
        Cause::HoldEnded => "a hold ended".to_owned(),
        Cause::Policy(name) => format!("policy {name}"),
    }
}

fn how(class: FailureClass) -> &'static str {
    match class {
        FailureClass::Connect => "could not connect",
        FailureClass::Timeout => "timed out",
        FailureClass::Reset => "was cut off",
        FailureClass::Status => "was answered with an error",
        FailureClass::Caller | FailureClass::Other => "failed",
    }
}

/// How a service is doing, in a few words.
pub(crate) fn health(health: Health) -> String {
    match health {
        Health::Fine => "well".to_owned(),
        Health::Faulty { of_ten } => format!("fails {of_ten} of 10"),
        Health::Slow(time) => format!("takes {} ms", time.as_millis()),
        Health::Down => "dead".to_owned(),
        Health::Hang => "hangs".to_owned(),
        Health::TooMany => "is asked too much".to_owned(),
        Health::Shard(key) => format!("fails for {key}"),
    }
}

/// The state as a word, and what is next. A hold outranks the machine, so it is what is shown.
pub(crate) fn state(state: State, hold: Option<HoldKind>, next_trial: Option<Duration>) -> String {
    match (hold, state, next_trial) {
        (Some(HoldKind::ForcedOpen), _, _) => "held open".to_owned(),
        (Some(HoldKind::Disabled), _, _) => "held: disabled".to_owned(),
        (Some(HoldKind::Observe), _, _) => "held: observe".to_owned(),
        (None, State::Closed, _) => "closed".to_owned(),
        (None, State::Open, Some(wait)) => format!("open, trial in {}", seconds(wait)),
        (None, State::Open, None) => "open".to_owned(),
        (None, State::HalfOpen, _) => "half-open, on trial".to_owned(),
    }
}

pub(crate) fn tone(state: State, hold: Option<HoldKind>) -> Tone {
    match (hold, state) {
        (Some(HoldKind::ForcedOpen), _) | (None, State::Open) => Tone::Bad,
        (Some(_), _) | (None, State::HalfOpen) => Tone::Trying,
        (None, State::Closed) => Tone::Good,
    }
}

/// `2.4 s`.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
