//! Dead letters, and what leaves by age.

use super::Bench;
use super::bench::{BEGIN, LASTS, QUEUE, again, attempt, delivered, ids, oldest, refused};
use crate::message::Leased;
use crate::record::{Death, MessageState, Query, Response, Selection};
use crate::storage::Ending;
use crate::{MessageId, NewMessage, clock};

fn kill(bench: &mut Bench, key: &str) -> MessageId {
    let id = bench.push_key(key);
    assert_eq!(bench.send(refused()), id);
    id
}

pub(super) fn a_dead_letter_tells_what_befell_it(bench: &mut Bench) {
    let id = bench.push(NewMessage::new("body").key("k").attribute("a", "b"));
    bench.send(again(BEGIN));
    bench.now += 7;
    let response = Response {
        status: 422,
        headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
        body: "no".into(),
    };
    bench.send(Ending::Dead {
        death: Death::Refused,
        attempt: attempt(bench.now, "refused"),
        response: Some(response.clone()),
        uncertain: false,
    });
    let record = bench.record(id);
    assert!(!record.uncertain, "it was answered");
    let found = (record.state, record.death, record.attempts);
    assert_eq!(found, (MessageState::Dead, Some(Death::Refused), 2));
    assert_eq!(clock::millis(record.at), BEGIN + 7);
    let history = [attempt(BEGIN, "status"), attempt(BEGIN + 7, "refused")];
    assert_eq!(record.history, history);
    assert_eq!(record.response, Some(response));
    assert_eq!(
        (&record.body[..], record.attributes.len()),
        (&b"body"[..], 1)
    );
}

pub(super) fn a_dead_letter_tells_that_its_last_attempt_may_have_arrived(bench: &mut Bench) {
    let id = bench.push_key("k");
    bench.send(again(BEGIN));
    bench.send(Ending::Dead {
        death: Death::Attempts,
        attempt: attempt(BEGIN, "timeout"),
        response: None,
        uncertain: true,
    });
    bench.reopen();
    let query = Query {
        dead: true,
        limit: 10,
        ..Query::default()
    };
    let listed = bench.reader().messages(&query).expect("read").items;
    assert!(bench.record(id).uncertain && listed[0].uncertain);
    // Whoever sends it again has to know, and the receiver's answer does not change it.
    assert_eq!(bench.retry(Selection::Ids(vec![id])), 1);
    assert!(bench.lease(1).leased[0].uncertain);
}

pub(super) fn a_retry_begins_anew(bench: &mut Bench) {
    let id = bench.push(NewMessage::new("body").key("k"));
    bench.lease(1);
    bench.reopen();
    bench.send(again(BEGIN + 5));
    bench.now += 5;
    bench.send(refused());
    bench.now += 5;
    assert_eq!(bench.retry(Selection::Ids(vec![id])), 1);
    let record = bench.record(id);
    let counts = (record.attempts, record.crashes, record.death);
    assert_eq!(counts, (0, 0, None));
    assert_eq!(record.state, MessageState::Pending);
    assert_eq!(clock::millis(record.at), bench.now, "it is due at once");
    assert_eq!(record.history.len(), 3, "what befell it is not forgotten");
    assert!(record.uncertain, "nor that it may have arrived");
    let leased: Leased = bench.lease(1).leased.remove(0);
    assert_eq!((leased.id, &leased.body[..]), (id, &b"body"[..]));
    assert_eq!((leased.attempts, leased.crashes), (0, 0));
}

pub(super) fn dead_letters_are_chosen_by_name_or_by_age(bench: &mut Bench) {
    let dead: Vec<_> = ["a", "b", "a", "b"].map(|key| kill(bench, key)).into();
    let alive = bench.push_key("c");
    let unknown = MessageId::new(dead[0].seq(), dead[0].random() ^ 1);
    let named = Selection::Ids(vec![dead[3], dead[3], alive, unknown]);
    assert_eq!(bench.discard(named), 1);
    assert_eq!(bench.find(dead[3]), None);
    let of_a = Selection::Oldest {
        queue: QUEUE.to_owned(),
        key: Some("a".to_owned()),
        max: 1,
    };
    assert_eq!(bench.retry(of_a), 1);
    assert_eq!(bench.retry(oldest(0)), 0);
    let elsewhere = Selection::Oldest {
        queue: "other".to_owned(),
        key: None,
        max: 10,
    };
    assert_eq!(bench.discard(elsewhere), 0);
    assert_eq!(bench.discard(oldest(1)), 1);
    let query = Query {
        dead: true,
        limit: 10,
        ..Query::default()
    };
    assert_eq!(bench.list(&query), [dead[2]]);
    assert_eq!(bench.leased(10), [dead[0], alive]);
}

pub(super) fn what_is_too_old_dies_when_its_turn_comes(bench: &mut Bench) {
    let old = [(); 2].map(|()| bench.push_key("k"));
    bench.now += 1000;
    let young = bench.push_key("k");
    bench.pushed_after = BEGIN + 1;
    let taken = bench.lease(10);
    assert_eq!((ids(&taken), taken.expired), (vec![young], 2));
    for id in old {
        let record = bench.record(id);
        let found = (record.state, record.death, record.attempts);
        assert_eq!(found, (MessageState::Expired, Some(Death::Expired), 0));
        assert_eq!(clock::millis(record.at), bench.now);
    }
    assert_eq!(bench.depth().dead, 2);
}

pub(super) fn an_order_to_expire_kills_in_portions_and_spares_what_is_being_sent(
    bench: &mut Bench,
) {
    let old = [(); 4].map(|()| bench.push_key(""));
    let leased = bench.lease(1).leased.remove(0);
    bench.now += 1000;
    bench.push_key("");
    bench
        .try_push("other", NewMessage::new(""))
        .expect("pushed");
    assert_eq!(bench.expire(BEGIN, 10), (0, false));
    assert_eq!(bench.expire(BEGIN + 1, 2), (2, true));
    assert_eq!(bench.state(old[2]), MessageState::Expired);
    assert_eq!(bench.state(old[3]), MessageState::Pending, "oldest first");
    assert_eq!(bench.expire(BEGIN + 1, 2), (1, false));
    assert_eq!(bench.expire(BEGIN + 1, 2), (0, false));
    let depth = bench.depth();
    assert_eq!((depth.messages, depth.dead, depth.in_flight), (2, 3, 1));
    assert!(bench.settle(&leased, delivered()));
}

pub(super) fn the_age_of_a_retried_one_counts_from_the_retry(bench: &mut Bench) {
    let id = bench.push_key("k");
    bench.now += 1000;
    assert_eq!(bench.expire(BEGIN + 1, 10), (1, false));
    assert_eq!(bench.retry(oldest(1)), 1);
    bench.pushed_after = BEGIN + 1000;
    assert_eq!(bench.expire(BEGIN + 1000, 10), (0, false));
    let taken = bench.lease(1);
    assert_eq!((ids(&taken), taken.expired), (vec![id], 0));
    assert!(bench.settle(&taken.leased[0], again(bench.now)));
    bench.pushed_after += 1;
    assert_eq!(bench.lease(1).expired, 1);
    // A crash makes it no younger.
    assert_eq!(bench.retry(oldest(1)), 1);
    bench.pushed_after = 0;
    bench.lease(1);
    bench.now += LASTS;
    bench.pushed_after = BEGIN + 1001;
    let taken = bench.lease(1);
    assert_eq!((taken.crashed, taken.expired), (1, 1));
}

pub(super) fn delivered_ones_are_forgotten_in_portions(bench: &mut Bench) {
    let old = [(); 3].map(|()| bench.push_key(""));
    for _ in old {
        bench.send(delivered());
    }
    bench.now += 10;
    let dead = kill(bench, "");
    let young = bench.push_key("");
    bench.send(delivered());
    assert_eq!(bench.forget(BEGIN, 10), 0);
    assert_eq!(bench.forget(BEGIN + 1, 2), 2);
    assert_eq!(bench.forget(BEGIN + 1, 2), 1);
    assert_eq!(bench.forget(BEGIN + 10, 2), 0);
    assert_eq!(old.map(|id| bench.find(id)), [None, None, None]);
    assert_eq!(bench.state(young), MessageState::Delivered);
    assert_eq!(bench.state(dead), MessageState::Dead);
}
