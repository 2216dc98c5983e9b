//! Rows that are not as they were written.

use super::{Bench, Scratch};
use crate::message::{Leased, NewMessage};
use crate::record::{Death, MessageState, Query, Selection};
use crate::storage::{Done, Ending, Order, Settle, Storage};

/// Three messages each of two keys and three without, then damage to the first of `a`.
fn damaged(sql: &str) -> (Scratch, Bench, Vec<String>) {
    let scratch = Scratch::new();
    let mut bench = Bench::new(scratch.open());
    let first = bench.push(
        NewMessage::new("a1")
            .key("a")
            .group("g")
            .idempotency_key("i"),
    );
    for body in ["b1", "a2", "b2", "a3", "b3"] {
        bench.keyed(&body[..1], body);
    }
    for body in ["1", "2", "3"] {
        bench.push(NewMessage::new(body));
    }
    let changed = scratch.raw().execute(sql, [first.seq()]).unwrap();
    assert_eq!(changed, 1, "{sql}");
    assert_ne!(bench.problems(), [""; 0], "{sql}");
    let bodies = bench.drain();
    (scratch, bench, bodies)
}

#[test]
fn a_damaged_row_is_set_aside_and_all_others_are_delivered() {
    for change in [
        "body = x'ff'",
        "body = CAST('a9' AS BLOB)",
        "attributes = 'not json'",
        "attributes = CAST(x'ff' AS TEXT)",
        "key = 'b'",
        "key = 'c'",
        "key = NULL",
        "key = CAST(x'ff' AS TEXT)",
        "grp = 'h'",
        "grp = NULL",
        "idem = 'j'",
        "digest = x'00'",
        "due = due - 1",
        "due = due + 100000",
        "uncertain = 1",
        "uncertain = 9",
        "size = 9223372036854775807",
        "size = -5",
        "crc = crc + 1",
        "rnd = rnd + 1",
        "queue = 77",
    ] {
        let sql = format!("UPDATE message SET {change} WHERE seq = ?1");
        let (_scratch, mut bench, mut bodies) = damaged(&sql);
        bodies.sort();
        let rest = ["1", "2", "3", "a2", "a3", "b1", "b2", "b3"];
        assert_eq!(bodies, rest, "{change}");
        assert_eq!(bench.problems(), [""; 0], "{change}");
        let mut reader = bench.storage.reader().unwrap();
        let depth = reader.depths().unwrap().remove(0);
        assert_eq!(
            (depth.messages, depth.dead, depth.corrupt),
            (0, 1, 1),
            "{change}"
        );
        let query = Query {
            dead: true,
            limit: 10,
            ..Query::default()
        };
        let letter = reader.messages(&query).unwrap().items.remove(0);
        assert_eq!(
            (letter.state, letter.death),
            (MessageState::Dead, Some(Death::Corrupt))
        );
    }
}

#[test]
fn what_is_gone_while_it_is_sent_has_its_receipt_all_the_same() {
    let scratch = Scratch::new();
    let mut bench = Bench::new(scratch.open());
    let ids = ["a", "b"].map(|key| bench.keyed(key, key));
    let taken = bench.lease(2).leased;
    let sql = "DELETE FROM message WHERE seq = ?1";
    assert_eq!(scratch.raw().execute(sql, [ids[0].seq()]).unwrap(), 1);
    let settle = |leased: &Leased| {
        Order::Settle(Settle {
            id: leased.id,
            token: leased.token,
            at: bench.at,
            ending: Ending::Delivered { response: None },
        })
    };
    let orders: Vec<_> = taken.iter().map(settle).collect();
    let done = bench.storage.commit(&orders).unwrap();
    assert!(matches!(done[..], [Done::Settle(true), Done::Settle(true)]));
    let mut reader = bench.storage.reader().unwrap();
    for id in ids {
        let found = reader.message(id).unwrap().expect("a receipt");
        assert_eq!(found.state, MessageState::Delivered);
    }
}

#[test]
fn a_damaged_row_behind_others_does_not_stop_its_key() {
    let scratch = Scratch::new();
    let mut bench = Bench::new(scratch.open());
    bench.keyed("a", "a1");
    let second = bench.keyed("a", "a2");
    bench.keyed("a", "a3");
    let sql = "UPDATE message SET key = 'z' WHERE seq = ?1";
    scratch.raw().execute(sql, [second.seq()]).unwrap();
    assert_eq!(bench.drain(), ["a1", "a3"]);
    assert_eq!(bench.problems(), [""; 0]);
}

#[test]
fn what_is_damaged_beside_the_messages_is_made_anew_from_them() {
    for sql in [
        "UPDATE line SET head = head + 1 WHERE head = ?1",
        "DELETE FROM line WHERE head = ?1",
        "UPDATE line SET key = 'z' WHERE head = ?1",
        "DELETE FROM message WHERE seq = ?1",
        "UPDATE message SET seq = seq + 1000 WHERE seq = ?1",
    ] {
        let (_scratch, mut bench, mut bodies) = damaged(sql);
        bodies.retain(|body| body != "a1");
        bodies.sort();
        let rest = ["1", "2", "3", "a2", "a3", "b1", "b2", "b3"];
        assert_eq!(bodies, rest, "{sql}");
        assert_eq!(bench.problems(), [""; 0], "{sql}");
    }
}

#[test]
fn trouble_that_cannot_be_understood_sets_its_message_aside() {
    for change in ["history = 'no'", "attempts = -1", "crashes = 1 << 40"] {
        let scratch = Scratch::new();
        let mut bench = Bench::new(scratch.open());
        bench.keyed("a", "a1");
        bench.keyed("a", "a2");
        let leased = bench.lease(1).leased.remove(0);
        let due = None;
        bench.settle(
            &leased,
            Ending::Deferred {
                due,
                uncertain: false,
            },
        );
        let sql = format!("UPDATE trouble SET {change}");
        assert_eq!(scratch.raw().execute(&sql, ()).unwrap(), 1);
        let taken = bench.lease(1);
        assert_eq!(
            (taken.corrupt, &taken.leased[0].body[..]),
            (1, &b"a2"[..]),
            "{change}"
        );
    }
}

#[test]
fn a_corrupt_letter_is_not_retried_but_can_be_discarded() {
    let sql = "UPDATE message SET body = x'00' WHERE seq = ?1";
    let (_scratch, mut bench, _) = damaged(sql);
    let selection = Selection::Oldest {
        queue: "q".to_owned(),
        key: None,
        max: 10,
    };
    let at = bench.at;
    let retry = Order::Retry {
        selection: selection.clone(),
        at,
    };
    let discard = Order::Discard { selection };
    assert!(matches!(bench.one(retry), Done::Retry(0)));
    assert!(matches!(bench.one(discard), Done::Discard(1)));
    let depth = bench.storage.reader().unwrap().depths().unwrap().remove(0);
    assert_eq!((depth.bytes, depth.dead, depth.corrupt), (0, 0, 0));
    assert_eq!(bench.problems(), [""; 0]);
}
