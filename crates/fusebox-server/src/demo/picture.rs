//! What there is to see at one instant. Every number in it was counted by somebody: clients,
//! upstreams or breakers.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use fusebox::{HoldKind, State};

use super::health::Health;
use super::tally::Counts;
use super::view::Tone;

/// Where the demo listens, so that everybody can try it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses {
    /// The page, where the demo has one.
    pub(crate) arena: Option<SocketAddr>,
    /// Whether somebody else has the port where it is otherwise.
    pub(crate) is_elsewhere: bool,
    pub(crate) gateway: SocketAddr,
    pub(crate) admin: SocketAddr,
}

/// One circuit at one instant.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) circuit: &'static str,
    pub(crate) state: State,
    pub(crate) hold: Option<HoldKind>,
    /// Time to the next trial, while open.
    pub(crate) next_trial: Option<Duration>,
    /// Why it is in this state, and for how long; none before its first transition.
    pub(crate) why: Option<(String, Duration)>,
    /// Calls of its clients per second, lately.
    pub(crate) rate: f64,
    /// What its clients saw.
    pub(crate) counts: Counts,
    /// Calls of its clients that arrived at the service.
    pub(crate) seen: u64,
    pub(crate) health: Health,
    pub(crate) in_trouble: bool,
}

/// All of them.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub(crate) addresses: Addresses,
    pub(crate) elapsed: Duration,
    /// How long the script is, if it is played once.
    pub(crate) length: Option<Duration>,
    pub(crate) rows: Vec<Row>,
}

/// Something that happened, to a circuit or to a service.
#[derive(Debug, Clone)]
pub(crate) struct Happening {
    /// Since the start.
    pub(crate) at: Duration,
    pub(crate) tone: Tone,
    /// One sentence.
    pub(crate) text: String,
    /// What may follow it, where there is room.
    pub(crate) more: Option<String>,
}

/// A rate over the last two seconds, from a count that only rises.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    samples: VecDeque<(Duration, u64)>,
}

impl Pace {
    const SPAN: Duration = Duration::from_secs(2);

    /// Takes a reading; returns the rate per second over the span.
    pub(crate) fn sample(&mut self, at: Duration, count: u64) -> f64 {
        self.samples.push_back((at, count));
        while self
            .samples
            .get(1)
            .is_some_and(|(next, _)| at.saturating_sub(*next) >= Self::SPAN)
        {
            self.samples.pop_front();
        }
        match self.samples.front() {
            // Counts of a demo are far below 2^52.
            #[allow(clippy::cast_precision_loss)]
            Some((from, before)) if *from < at => {
                count.saturating_sub(*before) as f64 / (at - *from).as_secs_f64()
            }
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pace_forgets_what_is_older_than_its_span() {
        let mut pace = Pace::default();
        let at = Duration::from_secs;
        assert!(pace.sample(at(0), 0) < 0.1);
        assert!((pace.sample(at(1), 25) - 25.0).abs() < 0.1);
        assert!((pace.sample(at(10), 25) - 0.0).abs() < 3.0);
        assert!((pace.sample(at(12), 75) - 25.0).abs() < 0.1);
        assert!(pace.samples.len() < 4);
    }
}
