//! Everything that the page shows, as one JSON document.

use std::time::Duration;

use fusebox::{Snapshot, State};
use serde_json::{Value, json};

use super::book::{Calls, Users};
use super::cast::{Call, Number, Otherwise, Path, SYSTEMS, System, UPSTREAMS};
use super::fault::Fault;
use super::ground::{BEAT, Ground};
use super::score::Score;
use super::twin::{Side, Twin};
use crate::demo::seen::Seen;
use crate::demo::words;

impl Ground {
    /// How things stand.
    pub(super) fn to_json(&self) -> Value {
        let faults = Fault::ALL.map(|fault| json!({"name": fault.name(), "says": fault.says()}));
        let upstreams: Vec<Value> = (0..UPSTREAMS.len()).map(|n| self.upstream(n)).collect();
        // Before the books are opened: whoever turns a fault holds the clock, and then a book.
        let (elapsed, both) = (milliseconds(self.elapsed()), self.both());
        let (with, without) = (self.with.book(), self.without.book());
        let systems: Vec<Value> = SYSTEMS
            .iter()
            .enumerate()
            .map(|(n, system)| shown(system, &with.systems[n], &without.systems[n]))
            .collect();
        json!({
            "elapsed_ms": elapsed,
            "console": format!("http://{}/", self.console),
            "faults": faults,
            "systems": systems,
            "upstreams": upstreams,
            "score": {
                "with": Score::of(&with, both.answered(Side::With)).to_json(),
                "without": Score::of(&without, both.answered(Side::Without)).to_json(),
            },
            "events": self.journal.to_json(),
        })
    }

    /// The same, and how it came to that: for a page that has just been opened.
    pub(super) fn with_its_course(&self) -> Value {
        let mut document = self.to_json();
        document["course"] = self.course.to_json();
        document
    }

    /// How one upstream stands.
    pub(super) fn upstream(&self, upstream: Number) -> Value {
        let role = &UPSTREAMS[upstream];
        let fault = self.fault(upstream);
        json!({
            "name": role.name,
            "system": role.system,
            "keys": role.keys,
            "fault": fault.map(|(fault, _)| fault.name()),
            "fault_for_ms": fault.map(|(_, time)| milliseconds(time)),
            "circuit": circuit(&self.with, upstream),
            "with": calls(&self.with, upstream),
            "without": calls(&self.without, upstream),
        })
    }
}

/// Whole milliseconds.
pub(super) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn shown(system: &System, with: &Users, without: &Users) -> Value {
    let per_second = 1.0 / (BEAT.as_secs_f64() * SYSTEMS.len() as f64);
    let paths: Vec<Value> = system.paths.iter().map(path).collect();
    json!({
        "name": system.name,
        "title": system.title,
        "does": system.does,
        "users_per_second": per_second,
        "paths": paths,
        "with": users(with),
        "without": users(without),
    })
}

fn path(path: &Path) -> Value {
    let calls: Vec<Value> = path.calls.iter().flat_map(both).collect();
    json!({"name": path.name, "share": path.of_ten as f64 / 10.0, "calls": calls})
}

/// A call, and the one that is made in its stead.
fn both(call: &Call) -> Vec<Value> {
    let own = json!({
        "upstream": UPSTREAMS[call.upstream].name,
        "needed": call.is_needed(),
        "fallback": call.otherwise == Otherwise::Degrades,
    });
    match call.otherwise {
        Otherwise::Asks(other) => vec![
            own,
            json!({
                "upstream": UPSTREAMS[other].name,
                "needed": false,
                "fallback": false,
                "instead_of": UPSTREAMS[call.upstream].name,
            }),
        ],
        _ => vec![own],
    }
}

fn users(users: &Users) -> Value {
    json!({
        "users": users.came,
        "answered": users.answered,
        "degraded": users.degraded,
        "failed": users.failed,
        "cascades": users.cascades,
        "in_flight": users.in_flight(),
        "recent_answered": users.recent_answered().map(round),
    })
}

fn calls(twin: &Twin, upstream: Number) -> Value {
    // The upstream's own count first: what arrived was sent.
    let Seen {
        arrived,
        answered_badly,
    } = twin.seen(upstream);
    let Calls {
        made,
        rejected,
        refused,
        cut,
        wasted,
        under_way,
    } = twin.book().upstreams[upstream];
    json!({
        "calls": made,
        "wasted": wasted,
        "rejected": rejected,
        "refused": refused,
        "cut": cut,
        "in_flight": under_way,
        "arrived": arrived,
        "answered_badly": answered_badly,
    })
}

fn circuit(twin: &Twin, upstream: Number) -> Value {
    debug_assert_eq!(twin.side, Side::With);
    let name = UPSTREAMS[upstream].name;
    let Some((snapshot, branches)) = twin.circuit(upstream) else {
        return Value::Null;
    };
    let state = snapshot.effective_state();
    let open = branches
        .iter()
        .filter(|(_, branch)| branch.state != State::Closed);
    let open: Vec<&str> = open.map(|(key, _)| key.as_str()).collect();
    let mut worst = branches.iter();
    let worst = worst.find(|(_, branch)| branch.state != State::Closed);
    let (says, retry_after) = match worst {
        Some((key, branch)) if state == State::Closed => {
            let says = sentence(branch).map(|text| format!("branch {key} {text}"));
            (says, branch.retry_after)
        }
        _ => (sentence(&snapshot), snapshot.retry_after),
    };
    json!({
        "name": name,
        "state": state.as_str(),
        "hold": snapshot.hold.as_ref().map(|hold| hold.kind.as_str()),
        "sentence": says,
        "retry_in_ms": retry_after.map(milliseconds),
        "open_branches": open,
    })
}

/// Why a circuit is in its state, and what is next.
fn sentence(snapshot: &Snapshot) -> Option<String> {
    if let Some(hold) = &snapshot.hold {
        return Some(format!("held by hand: {}", hold.reason));
    }
    let why = snapshot.why.as_ref()?;
    let did = match snapshot.state {
        State::Open => "opened",
        State::HalfOpen => "half-open",
        State::Closed => "closed",
    };
    let why = words::why(why.cause, &why.evidence);
    Some(match snapshot.retry_after {
        Some(wait) => format!("{did}: {why}; trying again in {}", words::seconds(wait)),
        None => format!("{did}: {why}"),
    })
}

/// To four digits after the point.
pub(super) fn round(number: f64) -> f64 {
    (number * 10_000.0).round() / 10_000.0
}
