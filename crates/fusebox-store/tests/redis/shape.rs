//! What is in the server, as those see it who read it without Fusebox.

use std::time::Duration;

use fusebox::State;
use fusebox_store::{Batch, EventRecord, Limits, Storage};

use crate::records::{act, batch, circuit, noon, transition};
use crate::server::{Server, until};
use crate::wire::Answer;

#[test]
fn a_state_is_a_hash_at_its_literal_key_with_the_ttl() {
    let server = Server::start();
    let mut storage = server.storage();
    for (number, state, word) in [
        (1, State::Closed, "closed"),
        (2, State::HalfOpen, "half-open"),
        (3, State::Open, "open"),
    ] {
        let batch = Batch {
            number,
            circuits: vec![circuit("rag_service", state)],
            ..Batch::default()
        };
        storage.write(&batch).expect("written");
        let mut wire = server.wire();
        let key = "circuit_breaker_state:rag_service";
        assert_eq!(wire.text(&format!("TYPE {key}")), "hash");
        let mut fields = wire.texts(&format!("HKEYS {key}"));
        fields.sort_unstable();
        let expected = [
            "fail_counter",
            "fusebox",
            "service_name",
            "state",
            "timestamp",
        ];
        assert_eq!(fields, expected);
        let mut field = |name: &str| wire.text(&format!("HGET {key} {name}"));
        assert_eq!(field("service_name"), "rag_service");
        assert_eq!(field("state"), word);
        assert_eq!(field("timestamp"), "2026-05-08T14:03:59.250Z");
        assert_eq!(field("fail_counter"), "5");
        let record: serde_json::Value =
            serde_json::from_str(&field("fusebox")).expect("the record as JSON");
        assert_eq!(record["record"]["service"], "orchestrator");
        assert_eq!(record["record"]["saved"]["openings"], 1);
        let ttl = wire.number(&format!("TTL {key}"));
        assert!((3590..=3600).contains(&ttl), "{ttl}");
    }
}

#[test]
fn every_write_of_a_state_begins_its_ttl_anew_and_without_one_it_expires() {
    let server = Server::start();
    let mut storage = server.storage().ttl(Duration::from_secs(900));
    assert_eq!(storage.rewrite_every(), Duration::from_secs(60));
    storage.write(&batch(1)).expect("written");
    let mut wire = server.wire();
    let key = "circuit_breaker_state:rag_service";
    assert_eq!(wire.number(&format!("EXPIRE {key} 5")), 1);
    let history = "circuit_breaker_history:rag_service";
    assert_eq!(wire.number(&format!("EXPIRE {history} 5")), 1);
    let again = Batch {
        events: Vec::new(),
        ..batch(2)
    };
    storage.write(&again).expect("written");
    for key in [key, history] {
        let ttl = wire.number(&format!("TTL {key}"));
        assert!((890..=900).contains(&ttl), "{key} {ttl}");
    }

    let mut short = server.storage().ttl(Duration::from_secs(1));
    assert_eq!(short.rewrite_every(), Duration::from_secs(1) / 3);
    short.write(&batch(1)).expect("written");
    until("the state has expired", || {
        wire.number(&format!("EXISTS {key}")) == 0
    });
    let kept = short.load().expect("loaded");
    assert_eq!(kept.circuits, [], "a state whose time is over is not kept");
    short.trim(&Limits::default(), noon()).expect("trimmed");
    assert_eq!(wire.number("SCARD fusebox:circuits"), 0);
}

#[test]
fn a_history_can_be_read_without_fusebox_and_is_bounded() {
    let server = Server::start();
    let mut storage = server.storage();
    storage.write(&batch(1)).expect("written");
    let mut wire = server.wire();
    let key = "circuit_breaker_history:rag_service";
    let ttl = wire.number(&format!("TTL {key}"));
    assert!((3590..=3600).contains(&ttl), "{ttl}");
    let Answer::List(entries) = wire.ask(&format!("XRANGE {key} - +")) else {
        panic!("no list");
    };
    let [Answer::List(entry)] = &entries[..] else {
        panic!("{entries:?}");
    };
    let Answer::List(fields) = &entry[1] else {
        panic!("{entry:?}");
    };
    let text = |text: &str| Answer::Text(text.to_owned());
    let expected = [
        ("timestamp", "2026-05-08T14:03:59.250Z"),
        ("event", "transition"),
        ("from", "closed"),
        ("to", "open"),
    ];
    for (pair, (name, value)) in fields.chunks(2).zip(expected) {
        assert_eq!(pair, [text(name), text(value)]);
    }

    let many: Vec<EventRecord> = (0..3_000).map(|n| transition("rag_service", n)).collect();
    let batch = Batch {
        number: 2,
        events: many,
        ..Batch::default()
    };
    storage.write(&batch).expect("written");
    let length = wire.number(&format!("XLEN {key}"));
    // The server cuts whole nodes of its tree, of 100 entries by default.
    assert!((1_000..=1_200).contains(&length), "{length}");
}

#[test]
fn all_keys_begin_with_the_prefix_and_two_prefixes_do_not_meet() {
    let server = Server::start();
    let mut shop = server.storage().prefix("shop:");
    let mut bank = server.storage().prefix("bank:");
    shop.write(&batch(1)).expect("written");
    let mut keys = server.wire().texts("KEYS *");
    keys.sort_unstable();
    assert!(keys.iter().all(|key| key.starts_with("shop:")), "{keys:?}");
    assert!(keys.contains(&"shop:circuit_breaker_state:rag_service".to_owned()));
    assert!(bank.load().expect("loaded").circuits.is_empty());
    let written = bank.write(&batch(1)).expect("written");
    assert_eq!(written.events, [1]);
    assert_eq!(shop.load().expect("loaded").circuits.len(), 1);
}

#[test]
fn the_audit_log_is_only_ever_appended() {
    let server = Server::start();
    let mut storage = server.storage();
    let mut wire = server.wire();
    let mut before = Vec::new();
    for number in 1..=5 {
        let batch = Batch {
            number,
            audit: vec![act("main"), act("rag_service")],
            ..Batch::default()
        };
        storage.write(&batch).expect("written");
        let long_after = noon() + Duration::from_secs(10 * 365 * 24 * 3600);
        let limits = Limits {
            events_max: 0,
            replays_max: 0,
            ..Limits::default()
        };
        storage.trim(&limits, long_after).expect("trimmed");
        let Answer::List(now) = wire.ask("XRANGE fusebox:audit - +") else {
            panic!("no list");
        };
        assert_eq!(now[..before.len()], before);
        assert_eq!(now.len(), before.len() + 2);
        before = now;
    }
    assert_eq!(wire.number("TTL fusebox:audit"), -1, "it never expires");
}

#[test]
fn the_database_of_the_url_is_used() {
    let server = Server::start();
    let url = format!("{}/3", server.url());
    let mut storage = fusebox_store::Redis::open(&url).expect("a URL");
    storage.write(&batch(1)).expect("written");
    let mut wire = server.wire();
    assert_eq!(wire.number("DBSIZE"), 0);
    assert_eq!(wire.text("SELECT 3"), "OK");
    assert!(wire.number("DBSIZE") > 0);
}
