//! A circuit with keys: one of ten shards dies, and only that one is cut off. Then all of them do,
//! and the circuit itself opens.
//!
//! ```sh
//! cargo run -p fusebox --example branches
//! ```
#![allow(clippy::print_stdout)] // an example shows what it does

use fusebox::{BranchSettings, CircuitBreaker, ManualClock, State};
use std::error::Error;

/// The dependency: ten shards behind one address, of which some are dead.
fn query(shard: u32, dead: &[u32]) -> Result<u32, &'static str> {
    if dead.contains(&shard) {
        Err("connection refused")
    } else {
        Ok(shard)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let clock = ManualClock::new();
    // The aggregate opens only on failures of at least 3 keys (of all, while fewer were called); a
    // key is judged by itself.
    let branches = BranchSettings::builder()
        .keys_min(3)
        .keys_max(1000)
        .build()?;
    let orders = CircuitBreaker::builder("orders")
        .consecutive_failures(5)
        .branches(branches)
        .clock(clock.clone())
        .build()?;
    let round = |dead: &[u32]| {
        let answer = |shard| orders.call_key(&format!("shard-{shard}"), || query(shard, dead));
        (0..10).filter(|shard| answer(*shard).is_ok()).count()
    };

    let answered: usize = (0..20).map(|_| round(&[7])).sum();
    let stats = orders.branches();
    println!(
        "{answered} of 200 answered; {} of {} keys open",
        stats.open, stats.known
    );
    assert_eq!(answered, 180);
    assert_eq!(
        (orders.state(), stats.open, stats.known),
        (State::Closed, 1, 10)
    );

    // Who is it? The key is no metric label, but it can be asked for.
    for (key, snapshot) in orders.worst_branches(1) {
        assert_eq!((key.as_str(), snapshot.state), ("shard-7", State::Open));
    }
    assert!(orders.acquire_key("shard-7").is_err());

    let all: Vec<u32> = (0..10).collect();
    round(&all);
    assert_eq!(orders.state(), State::Open);
    println!(
        "all shards failing: the circuit is {}",
        orders.state().as_str()
    );
    Ok(())
}
