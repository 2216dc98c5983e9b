//! What arrived at an upstream, counted by itself.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderMap;

use super::traffic::{CLIENT_HEADER, FIRST_ROUND};

/// The book of one upstream.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// Every request, also those of whoever plays with the gateway meanwhile.
    all: AtomicU64,
    clients: Mutex<Round>,
}

/// Requests of the demo's own clients, in the round that they named.
#[derive(Debug)]
struct Round {
    number: u64,
    seen: Seen,
}

/// Requests of the demo's clients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Requests that arrived.
    pub(crate) arrived: u64,
    /// Those that were answered with an error, or whose client had left before there was an answer.
    pub(crate) answered_badly: u64,
}

/// A request under way. Dropped before it was answered well, it counts as answered badly.
#[derive(Debug)]
pub(super) struct Arrival {
    ledger: Arc<Ledger>,
    round: Option<u64>,
    /// How many requests came before it.
    pub(super) turn: u64,
}

impl Default for Ledger {
    fn default() -> Ledger {
        Ledger {
            all: AtomicU64::new(0),
            clients: Mutex::new(Round {
                number: FIRST_ROUND,
                seen: Seen::default(),
            }),
        }
    }
}

impl Ledger {
    pub(super) fn arrived(self: &Arc<Self>, headers: &HeaderMap) -> Arrival {
        let named = headers.get(CLIENT_HEADER);
        let round = named.and_then(|round| round.to_str().ok()?.parse().ok());
        self.count(round, |seen| seen.arrived += 1);
        Arrival {
            turn: self.all.fetch_add(1, Relaxed),
            ledger: Arc::clone(self),
            round,
        }
    }

    pub(super) fn seen(&self) -> Seen {
        self.clients().seen
    }

    /// From now on only requests of this round count, from zero.
    pub(super) fn begin(&self, number: u64) {
        *self.clients() = Round {
            number,
            seen: Seen::default(),
        };
    }

    fn count(&self, round: Option<u64>, how: impl FnOnce(&mut Seen)) {
        let mut clients = self.clients();
        if round == Some(clients.number) {
            how(&mut clients.seen);
        }
    }

    fn clients(&self) -> MutexGuard<'_, Round> {
        // Numbers are never half written.
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Arrival {
    pub(super) fn answered_well(mut self) {
        self.round = None;
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        self.ledger
            .count(self.round, |seen| seen.answered_badly += 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_round(round: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(
            CLIENT_HEADER.parse().unwrap(),
            http::HeaderValue::from_static(round),
        )])
    }

    #[test]
    fn only_the_demos_own_requests_count_and_only_in_their_round() {
        let ledger = Arc::new(Ledger::default());
        ledger.arrived(&HeaderMap::new()).answered_well();
        ledger.arrived(&of_round("1")).answered_well();
        drop(ledger.arrived(&of_round("1")));
        let late = ledger.arrived(&of_round("1"));
        let seen = |arrived, answered_badly| Seen {
            arrived,
            answered_badly,
        };
        assert_eq!(ledger.seen(), seen(3, 1));
        ledger.begin(2);
        drop(late);
        assert_eq!(ledger.seen(), seen(0, 0));
        ledger.arrived(&of_round("1")).answered_well();
        let third = ledger.arrived(&of_round("2"));
        assert_eq!((third.turn, ledger.seen()), (5, seen(1, 0)));
    }
}
