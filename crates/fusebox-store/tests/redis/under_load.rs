//! Circuits that are called again and again while the server is in trouble: the calls go as they
//! go without any storage, and afterwards the server has the states again.
//!
//! That no call waits needs no stop watch: each round of calls opens its circuit hundreds of times
//! while the server hangs or is away for all of the round. If each of those waited for the storage,
//! whose shortest time-out is 0.5 s, the round would take minutes; its bound is a fraction of that.

use std::time::Duration;

use fusebox::{
    Author, Definition, FailureClass, HoldKind, HoldRequest, ManualClock, Rate, Registry, Settings,
    Snapshot, State,
};
use fusebox_store::{EventQuery, Keeper, Redis};

use crate::server::{Server, now, until};
use crate::wire::Answer;

const CALLS: u32 = 20_000;
/// Of so many calls the first half fails.
const STRETCH: u32 = 200;
const STEP: Duration = Duration::from_millis(10);
/// Half a second for each of 300 openings would be 150 s.
const ROUND_MAX: Duration = Duration::from_secs(15);
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// Short, so that everything is written again after a third of it.
const TTL: Duration = Duration::from_secs(3);

struct House {
    registry: Registry,
    clock: ManualClock,
}

impl House {
    fn new() -> Self {
        let clock = ManualClock::new();
        let registry = Registry::builder().clock(clock.clone()).build();
        for name in ["rag_service", "notifier"] {
            let settings = Settings::builder()
                .consecutive_failures(5)
                .open_for(Duration::from_millis(100))
                .backoff(1.0)
                .jitter(Rate::parse("0%").expect("a rate"))
                .build();
            let definition = Definition::new(name).settings(settings.expect("settings"));
            registry.define(definition).expect("defined");
        }
        Self { registry, clock }
    }

    fn snapshot(&self) -> Snapshot {
        let breaker = self.registry.find("rag_service").expect("defined");
        breaker.snapshot()
    }

    /// What each call of the loop met.
    fn calls(&self) -> Vec<u8> {
        let breaker = self.registry.find("rag_service").expect("defined");
        let call = |number: u32| {
            self.clock.advance(STEP);
            let Ok(permit) = breaker.acquire() else {
                return b'-';
            };
            if number % STRETCH < STRETCH / 2 {
                let _ = permit.failure(FailureClass::Timeout);
                b'f'
            } else {
                let _ = permit.success();
                b's'
            }
        };
        (0..CALLS).map(call).collect()
    }
}

/// Rounds of calls without a storage and with one in trouble: they must not differ.
fn the_calls_are_as_without_a_storage(
    server: &mut Server,
    trouble: impl FnOnce(&mut Server),
    end: impl FnOnce(&mut Server),
) {
    let (plain, house) = (House::new(), House::new());
    let storage = server.storage().ttl(TTL);
    let keeper = Keeper::start(&house.registry, storage).expect("started");
    keeper.flushed().wait(ANSWER_MAX).expect("written");
    trouble(server);
    let (failures, mut rounds) = (keeper.stats().failures, 0);
    until("the keeper has failed under load, again and again", || {
        let expected = plain.calls();
        let openings = expected.windows(2).filter(|pair| pair == b"f-").count();
        assert!(openings >= 300, "each round opens its circuit: {openings}");
        let begun = now();
        let met = house.calls();
        let took = begun.elapsed();
        assert!(met == expected, "round {rounds} differs");
        assert!(took < ROUND_MAX, "{took:?}");
        rounds += 1;
        keeper.stats().failures >= failures + 3
    });
    let (with, without) = (house.snapshot(), plain.snapshot());
    assert_eq!(with.totals, without.totals);
    assert_eq!(
        (with.state, with.openings),
        (without.state, without.openings)
    );
    end(server);
    heals(server, &house, &keeper);
}

/// The server gets the states again, and what happens from now on.
fn heals(server: &Server, house: &House, keeper: &Keeper) {
    until("the keeper is healthy", || {
        house.clock.advance(STEP);
        keeper.stats().healthy
    });
    let breaker = house.registry.find("rag_service").expect("defined");
    let author = Author::new("test");
    for (state, word) in [(State::Closed, "closed"), (State::Open, "open")] {
        let _ = breaker.transition(state, &author).expect("allowed");
        keeper.flushed().wait(ANSWER_MAX).expect("written");
        // A circuit that was in that state already comes back when everything is written again.
        let field = "HGET circuit_breaker_state:rag_service state";
        until("the state is there", || {
            server.wire().ask(field) == Answer::Text(word.to_owned())
        });
    }
    let query = EventQuery {
        circuit: Some("rag_service".to_owned()),
        ..EventQuery::default()
    };
    let page = keeper.events(query).wait(ANSWER_MAX).expect("a page");
    let newest = page.items.first().expect("an event");
    assert_eq!(newest.to.as_deref(), Some("open"));
    // Nothing happens any more, and the server is emptied: all comes back by itself.
    assert_eq!(server.wire().text("FLUSHALL"), "OK");
    for name in ["rag_service", "notifier"] {
        let exists = format!("EXISTS circuit_breaker_state:{name}");
        until("every state is there again", || {
            server.wire().number(&exists) == 1
        });
    }
}

#[test]
fn nobody_notices_a_server_that_is_killed_and_restarted_empty() {
    let mut server = Server::start();
    the_calls_are_as_without_a_storage(&mut server, Server::kill, Server::start_again);
}

#[test]
fn nobody_notices_a_server_that_hangs() {
    let mut server = Server::start();
    the_calls_are_as_without_a_storage(
        &mut server,
        |server| server.stop(),
        |server| server.go_on(),
    );
}

#[test]
fn nobody_notices_a_server_that_is_emptied() {
    let server = Server::start();
    let (plain, house) = (House::new(), House::new());
    let storage = server.storage().ttl(TTL);
    let keeper = Keeper::start(&house.registry, storage).expect("started");
    for round in 0..50 {
        assert!(house.calls() == plain.calls(), "round {round} differs");
        assert_eq!(server.wire().text("FLUSHALL"), "OK");
    }
    assert_eq!(house.snapshot().totals, plain.snapshot().totals);
    heals(&server, &house, &keeper);
}

#[test]
fn nobody_notices_a_server_that_is_full_or_read_only() {
    for (trouble, end) in [
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
    ] {
        let mut server = Server::start();
        let say = |command: &'static str| {
            move |server: &mut Server| assert_eq!(server.wire().text(command), "OK")
        };
        the_calls_are_as_without_a_storage(&mut server, say(trouble), say(end));
    }
}

#[test]
fn a_server_that_is_away_at_the_start_is_used_when_it_comes() {
    let mut server = Server::start();
    server.kill();
    let house = House::new();
    let storage = Redis::open(&server.url()).expect("a URL").ttl(TTL);
    let Ok(keeper) = Keeper::start(&house.registry, storage) else {
        panic!("a server that is away is no reason not to start");
    };
    house.calls();
    assert!(!keeper.stats().healthy);
    server.start_again();
    heals(&server, &house, &keeper);
}

#[test]
fn an_open_circuit_is_open_in_the_next_process() {
    let server = Server::start();
    let house = House::new();
    let keeper = Keeper::start(&house.registry, server.storage()).expect("started");
    let breaker = house.registry.find("rag_service").expect("defined");
    breaker.hold(HoldRequest {
        kind: HoldKind::ForcedOpen,
        reason: "maintenance".to_owned(),
        author: Author::new("ann"),
        for_: None,
    });
    keeper.flushed().wait(ANSWER_MAX).expect("written");
    keeper.close().expect("everything is written");
    let next = House::new();
    let keeper = Keeper::start(&next.registry, server.storage()).expect("started");
    keeper.flushed().wait(ANSWER_MAX).expect("loaded");
    let hold = next.snapshot().hold.expect("the hold is in force again");
    assert_eq!(&*hold.reason, "maintenance");
}
