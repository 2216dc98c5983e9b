//! How often an address may be wrong.
//!
//! Tokens are 256 random bits, so that guessing is hopeless at any rate; the limit keeps guessers
//! from filling logs and from costing work. It answers failures only: a token that is right is let
//! in whatever its address has tried before, since otherwise anybody behind the same router could
//! lock an operator out. Whoever is over the limit is told 429 for every wrong token, which tells
//! no more about it than 401 does.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fusebox::Tick;

const FAILURES_MAX: u32 = 10;
const WINDOW: Duration = Duration::from_secs(60);
/// Some 300 KiB. Who has more addresses than this shares one window among the rest of them.
const PEERS_MAX: usize = 4096;

/// Failed tokens by the address they came from.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    windows: Mutex<HashMap<Peer, Window>>,
}

/// Whom a failure is put down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Peer {
    V4([u8; 4]),
    /// The first 64 bits: one customer of a provider has at least all addresses below them.
    V6([u8; 8]),
    /// The host does not tell addresses, or there are too many.
    Other,
}

#[derive(Debug)]
struct Window {
    began: Tick,
    failures: u32,
}

impl Failures {
    /// Counts one failure. `Err`: it is over the limit, for so long.
    pub(crate) fn count(&self, from: Option<IpAddr>, now: Tick) -> Result<(), Duration> {
        // Counts stay right whatever panics elsewhere.
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let mut peer = Peer::of(from);
        if windows.len() >= PEERS_MAX && !windows.contains_key(&peer) {
            windows.retain(|_, window| !window.is_over(now));
            if windows.len() >= PEERS_MAX {
                peer = Peer::Other;
            }
        }
        let fresh = || Window {
            began: now,
            failures: 0,
        };
        let window = windows.entry(peer).or_insert_with(fresh);
        if window.is_over(now) {
            *window = fresh();
        }
        window.failures = window.failures.saturating_add(1);
        if window.failures <= FAILURES_MAX {
            return Ok(());
        }
        Err(WINDOW.saturating_sub(now.saturating_since(window.began)))
    }
}

impl Window {
    fn is_over(&self, now: Tick) -> bool {
        now.saturating_since(self.began) >= WINDOW
    }
}

impl Peer {
    fn of(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            None => Self::Other,
            Some(IpAddr::V4(address)) => Self::V4(address.octets()),
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Self::V6([a, b, c, d, e, f, g, h])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn at(seconds: u64) -> Tick {
        Tick::from_nanos(seconds * 1_000_000_000)
    }

    fn tries(failures: &Failures, from: &str, now: Tick) -> Result<(), Duration> {
        failures.count(Some(from.parse().expect("an address")), now)
    }

    #[test]
    fn ten_failures_in_a_minute_are_answered_and_no_more() {
        let failures = Failures::default();
        for second in 0..10 {
            assert_eq!(tries(&failures, "10.0.0.1", at(second)), Ok(()));
        }
        let left = Duration::from_secs(50);
        assert_eq!(tries(&failures, "10.0.0.1", at(10)), Err(left));
        assert_eq!(tries(&failures, "::ffff:10.0.0.1", at(10)), Err(left));
        assert_eq!(tries(&failures, "10.0.0.2", at(10)), Ok(()));
        let last = Duration::from_secs(1);
        assert_eq!(tries(&failures, "10.0.0.1", at(59)), Err(last));
        assert_eq!(tries(&failures, "10.0.0.1", at(60)), Ok(()));
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one() {
        let failures = Failures::default();
        for host in 0..10 {
            let _ = tries(&failures, &format!("2001:db8:0:1::{host}"), at(0));
        }
        assert!(tries(&failures, "2001:db8:0:1:ffff::1", at(0)).is_err());
        assert!(tries(&failures, "2001:db8:0:2::1", at(0)).is_ok());
    }

    #[test]
    fn many_addresses_take_bounded_memory_and_push_nobody_out() {
        let failures = Failures::default();
        for _ in 0..11 {
            let _ = tries(&failures, "192.0.2.1", at(0));
        }
        for number in 0..20_000_u32 {
            let _ = failures.count(Some(Ipv4Addr::from_bits(number).into()), at(1));
            let v6 = Ipv6Addr::from_bits(u128::from(number) << 64);
            let _ = failures.count(Some(v6.into()), at(1));
        }
        assert!(failures.windows.lock().unwrap().len() <= PEERS_MAX + 1);
        assert!(tries(&failures, "192.0.2.1", at(2)).is_err());
        assert!(
            tries(&failures, "203.0.113.9", at(2)).is_err(),
            "the rest is one"
        );
        // What is over makes room.
        assert!(tries(&failures, "203.0.113.9", at(120)).is_ok());
        assert!(failures.windows.lock().unwrap().len() < 10);
    }

    #[test]
    fn peers_that_nobody_knows_are_one() {
        let failures = Failures::default();
        (0..10).for_each(|_| assert!(failures.count(None, at(0)).is_ok()));
        assert!(failures.count(None, at(0)).is_err());
    }
}
