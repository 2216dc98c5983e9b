//! What it came to, per circuit: a table for people, an object for programs.

use std::io::{self, Write};
use std::time::Duration;

use fusebox::{Snapshot, State};
use serde_json::{Value, json};

use super::arena::Score;
use super::picture::Addresses;
use super::stage::{Act, Stage};
use super::tally::Counts;
use super::view::{Line, Paint, Tone};
use super::words;

/// The numbers, read when the last answer was in.
#[derive(Debug)]
pub(crate) struct Summary {
    elapsed: Duration,
    addresses: Addresses,
    circuits: Vec<CircuitSummary>,
    /// Of the arena, with breakers and without, where there was one.
    arena: Option<[Score; 2]>,
}

#[derive(Debug)]
struct CircuitSummary {
    name: &'static str,
    /// What the breaker counted.
    snapshot: Snapshot,
    /// What the clients counted.
    counts: Counts,
    /// Of calls sent while the service was in trouble.
    trouble: Counts,
    trouble_for: Duration,
    /// What the upstream counted, of the demo's clients.
    seen: u64,
    /// What the gateway counted, the calls of whoever played along among them.
    gateway_requests: u64,
}

impl Summary {
    pub(crate) fn of(stage: &Stage, elapsed: Duration, arena: Option<[Score; 2]>) -> Summary {
        let circuits = stage.acts.iter().map(CircuitSummary::of).collect();
        Summary {
            elapsed,
            addresses: stage.addresses,
            circuits,
            arena,
        }
    }

    /// For programs.
    pub(crate) fn to_json(&self) -> Value {
        let circuits: Vec<Value> = self.circuits.iter().map(CircuitSummary::to_json).collect();
        json!({
            "circuits": circuits,
            "arena": self.arena.map(|[with, without]| {
                json!({"with": with.to_json(), "without": without.to_json()})
            }),
            "seconds": round(self.elapsed),
            "gateway": format!("http://{}", self.addresses.gateway),
            "admin": format!("http://{}", self.addresses.admin),
        })
    }

    /// For people.
    pub(crate) fn write(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let mut lines = vec![
            Line::default(),
            Line::default().with(
                Tone::Strong,
                format!("Summary after {}", words::seconds(self.elapsed)),
            ),
            Line::default(),
            Line::default().with(
                Tone::Quiet,
                "circuit   state          calls       ok   failed rejected fallback  opened",
            ),
        ];
        lines.extend(self.circuits.iter().map(|circuit| circuit.numbers(paint)));
        lines.push(Line::default());
        lines.push(Line::default().with(Tone::Strong, "What the breakers kept away"));
        lines.extend(self.circuits.iter().flat_map(CircuitSummary::comparison));
        lines.extend(self.arena.iter().flat_map(scores));
        lines.push(Line::default());
        let last = [
            "Counted by the clients, the upstreams and the breakers themselves.",
            "The settings it ran with: crates/fusebox-server/src/demo/demo.toml",
        ];
        lines.extend(last.map(|text| Line::default().with(Tone::Quiet, text)));
        for line in lines {
            writeln!(out, "{}", line.paint(usize::MAX, paint))?;
        }
        out.flush()
    }
}

impl CircuitSummary {
    fn of(act: &Act) -> CircuitSummary {
        CircuitSummary {
            name: act.role.circuit,
            snapshot: act.circuit.breaker().snapshot(),
            counts: act.tally.counts(),
            trouble: act.tally.trouble_counts(),
            trouble_for: act.in_trouble_for(),
            seen: act.upstream.seen().arrived,
            gateway_requests: act.circuit.stats().requests(),
        }
    }

    /// How often it went to this state.
    fn times_to(&self, state: State) -> u64 {
        let counts = self.snapshot.transition_counts.iter();
        counts
            .filter(|transition| transition.to == state)
            .map(|transition| transition.count)
            .sum()
    }

    fn to_json(&self) -> Value {
        let Self {
            snapshot,
            counts,
            trouble,
            ..
        } = self;
        json!({
            "name": self.name,
            "state": snapshot.state.as_str(),
            "requests": counts.sent,
            "answered": counts.answered(),
            "success": snapshot.totals.success,
            "failure": snapshot.totals.failure,
            "ignored": snapshot.totals.ignored,
            "late": snapshot.totals.late,
            "slow": snapshot.totals.slow,
            "rejected": snapshot.totals.rejected_total(),
            "fallbacks": counts.fallbacks(),
            "let_through": counts.let_through(),
            "reached_upstream": self.seen,
            "without_breaker": counts.sent,
            "transitions": snapshot.transitions,
            "opened": self.times_to(State::Open),
            "closed": self.times_to(State::Closed),
            "why": snapshot.why.as_ref().map(|why| words::why(why.cause, &why.evidence)),
            "answers": {
                "served": counts.served,
                "failed": counts.failed,
                "rejected": counts.rejected,
                "fallback": counts.fallbacks(),
                "none": counts.none,
            },
            "trouble": {
                "seconds": round(self.trouble_for),
                "requests": trouble.sent,
                "rejected": trouble.kept_away(),
                "let_through": trouble.let_through(),
            },
            "gateway_requests": self.gateway_requests,
        })
    }

    fn numbers(&self, paint: Paint) -> Line {
        let hold = self.snapshot.hold.as_ref().map(|hold| hold.kind);
        let state = self.snapshot.state;
        let symbol = paint.symbol(state.under(hold));
        let word = hold.map_or(state.as_str(), fusebox::HoldKind::as_str);
        let counts = self.counts;
        Line::default()
            .with(Tone::Strong, format!("{:<10}", self.name))
            .with(
                words::tone(state, hold),
                format!("{:<13}", format!("{symbol} {word}")),
            )
            .with(
                Tone::Plain,
                format!(
                    "{:>7}{:>9}{:>9}{:>9}{:>9}{:>8}",
                    counts.sent,
                    counts.served,
                    counts.not_served(),
                    counts.kept_away(),
                    counts.fallbacks(),
                    self.times_to(State::Open),
                ),
            )
    }

    /// With a breaker and without one; a second line for its time of trouble.
    fn comparison(&self) -> Vec<Line> {
        let (sent, through) = (self.counts.sent, self.counts.let_through());
        let seen = self.seen;
        let all = format!("clients sent {sent}, {through} let through, upstream saw {seen}");
        let name = format!("{:<10}", self.name);
        let mut lines = vec![
            Line::default()
                .with(Tone::Strong, name)
                .with(Tone::Plain, all),
        ];
        if self.trouble.sent > 0 {
            let (sent, through) = (self.trouble.sent, self.trouble.let_through());
            let time = words::seconds(self.trouble_for);
            let text = format!(
                "          in {time} of trouble: {sent} sent, {through} let through \
                 ({sent} without a breaker)"
            );
            lines.push(Line::default().with(Tone::Good, text));
        }
        lines
    }
}

/// The arena's two copies side by side.
fn scores([with, without]: &[Score; 2]) -> Vec<Line> {
    let share = |score: &Score| {
        let share = score.answered_share;
        // Rounded down, as on the page: 100 % is said of all and of nothing less.
        share.map_or("-".to_owned(), |share| {
            format!("{:.1} %", (share * 1000.0).floor() / 10.0)
        })
    };
    let took = |score: &Score| score.recovery_last.map_or("-".to_owned(), words::seconds);
    let row = |name: &str, of: &dyn Fn(&Score) -> String| {
        let numbers = format!("{:>15}{:>12}", of(with), of(without));
        Line::default()
            .with(Tone::Strong, format!("{name:<18}"))
            .with(Tone::Plain, numbers)
    };
    let head = format!("{:<18}{:>15}{:>12}", "", "with breakers", "without");
    vec![
        Line::default(),
        Line::default().with(Tone::Strong, "The arena"),
        Line::default().with(Tone::Quiet, head),
        row("users answered", &share),
        row("calls wasted", &|score| score.wasted.to_string()),
        row("recovery", &took),
        row("cascades", &|score| score.cascades.to_string()),
    ]
}

/// Seconds to the millisecond.
fn round(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}
