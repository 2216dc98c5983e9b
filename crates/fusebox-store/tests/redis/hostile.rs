//! What others wrote under our names: an error or a line in the log, never a panic.

use fusebox_store::{AuditQuery, Batch, EventQuery, Storage, StoreError};

use crate::records::batch;
use crate::server::Server;
use crate::wire::Wire;

fn corrupt<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    let error = result.expect_err("it cannot be read");
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    error.to_string()
}

fn set(wire: &mut Wire, words: &[&str]) {
    let answer = wire.words(words);
    assert!(
        !matches!(answer, crate::wire::Answer::Error(_)),
        "{answer:?}"
    );
}

#[test]
fn a_state_that_cannot_be_read_is_an_error_that_names_its_circuit() {
    let server = Server::start();
    let mut storage = server.storage();
    storage.write(&batch(1)).expect("written");
    let mut wire = server.wire();
    let key = "circuit_breaker_state:rag_service";
    let whole = wire.text(&format!("HGET {key} fusebox"));
    for record in [
        "",
        "{}",
        "\u{0}",
        "closed",
        &whole[..whole.len() / 2],
        &whole.replace("\"open\"", "\"ajar\""),
        &whole.replace("57s", "-57s"),
        &whole.replace("\"circuit\":\"rag_service\"", "\"circuit\":\"other\""),
        &"[".repeat(100_000),
    ] {
        assert_ne!(record, whole);
        set(&mut wire, &["HSET", key, "fusebox", record]);
        let said = corrupt(storage.load());
        assert!(said.contains("rag_service"), "{said}");
    }
    // A write puts it right.
    storage.write(&batch(2)).expect("written");
    assert_eq!(storage.load().expect("loaded").circuits.len(), 1);
}

#[test]
fn keys_of_another_type_stop_the_batch_before_anything_is_written() {
    for key in [
        "fusebox:circuits",
        "fusebox:events",
        "fusebox:events:rag_service",
        "fusebox:replays:rag_service",
        "fusebox:replayed",
        "fusebox:audit",
        "fusebox:numbers",
    ] {
        let server = Server::start();
        let mut storage = server.storage();
        let mut wire = server.wire();
        set(&mut wire, &["SET", key, "another program's"]);
        corrupt(storage.write(&batch(1)));
        assert_eq!(wire.number("DBSIZE"), 1, "{key}");
        assert_eq!(wire.number(&format!("DEL {key}")), 1);
        assert_eq!(storage.write(&batch(1)).expect("written").events, [1]);
    }
}

#[test]
fn whatever_stands_at_a_name_of_the_published_shape_is_replaced() {
    let server = Server::start();
    let mut wire = server.wire();
    set(
        &mut wire,
        &["SET", "circuit_breaker_state:rag_service", "open"],
    );
    set(
        &mut wire,
        &["SET", "circuit_breaker_history:rag_service", "x"],
    );
    server.storage().write(&batch(1)).expect("written");
    assert_eq!(wire.text("TYPE circuit_breaker_state:rag_service"), "hash");
    assert_eq!(wire.number("XLEN circuit_breaker_history:rag_service"), 1);
}

#[test]
fn entries_of_the_history_that_are_not_ours_are_left_out() {
    let server = Server::start();
    let mut storage = server.storage();
    let mut wire = server.wire();
    storage.write(&batch(1)).expect("written");
    set(&mut wire, &["XADD", "fusebox:events", "2-0", "event", "{"]);
    set(
        &mut wire,
        &["XADD", "fusebox:events", "3-0", "a", "b", "c", "d"],
    );
    set(
        &mut wire,
        &["ZADD", "fusebox:events:rag_service", "99", "99"],
    );
    let written = storage.write(&batch(2)).expect("written");
    assert_eq!(written.events, [4], "numbers go on after what stands there");
    let of_circuit = EventQuery {
        circuit: Some("rag_service".to_owned()),
        ..EventQuery::default()
    };
    for query in [EventQuery::default(), of_circuit] {
        let page = storage.events(&query).expect("a page");
        let ids: Vec<u64> = page.items.iter().map(|event| event.id).collect();
        assert_eq!(ids, [4, 1]);
    }
}

#[test]
fn an_entry_of_the_audit_log_that_is_not_ours_is_never_left_out_in_silence() {
    let server = Server::start();
    let mut storage = server.storage();
    storage.write(&batch(1)).expect("written");
    let mut wire = server.wire();
    set(&mut wire, &["XADD", "fusebox:audit", "2-0", "entry", "{}"]);
    corrupt(storage.audit(&AuditQuery::default()));
    corrupt(storage.write(&batch(2)));
}

#[test]
fn numbers_that_make_no_sense_are_errors() {
    let server = Server::start();
    let mut storage = server.storage();
    let mut wire = server.wire();
    for number in ["x", "-5", "", "9007199254740992", "99999999999999999999"] {
        set(&mut wire, &["HSET", "fusebox:numbers", "event", number]);
        corrupt(storage.write(&batch(1)));
    }
    assert_eq!(wire.number("DBSIZE"), 1);
    set(&mut wire, &["DEL", "fusebox:numbers"]);
    set(&mut wire, &["HSET", "fusebox:numbers", "schema", "2"]);
    let error = storage.load().expect_err("a newer version wrote it");
    assert!(
        matches!(
            error,
            StoreError::Newer {
                found: 2,
                known: 1,
                ..
            }
        ),
        "{error}"
    );
    let error = storage
        .write(&Batch::default())
        .expect_err("a newer version wrote it");
    assert!(matches!(error, StoreError::Newer { .. }), "{error}");
}

#[test]
fn names_and_texts_of_any_kind_come_back_as_they_were() {
    let server = Server::start();
    let mut storage = server.storage();
    for name in [
        "a b",
        "*",
        "ключ",
        "x\r\nDEL fusebox:audit",
        "\u{0}",
        "{tag}",
        "a:b:c",
    ] {
        let mut odd = batch(1);
        odd.circuits[0].record.circuit = name.to_owned();
        odd.events[0].circuit = name.to_owned();
        odd.replays[0].circuit = name.to_owned();
        let mut storage = server.storage();
        let written = storage.write(&odd).expect("written");
        let kept = storage.load().expect("loaded");
        assert!(kept.circuits.contains(&odd.circuits[0]), "{name:?}");
        let replay = storage.replay(written.events[0]).expect("read");
        assert_eq!(replay.as_deref(), Some("replay 1"), "{name:?}");
    }
    assert_eq!(storage.load().expect("loaded").circuits.len(), 7);
}
