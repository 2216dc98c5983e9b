//! What can be read.

use super::Bench;
use super::bench::{BEGIN, QUEUE, again, attempt, delivered, refused};
use crate::record::{Depth, MessageState, Query, Record, Response, Selection};
use crate::storage::Ending;
use crate::{MessageId, NewMessage, clock};

fn all() -> Query {
    Query {
        limit: 100,
        ..Query::default()
    }
}

pub(super) fn a_message_tells_all_that_is_known_of_it(bench: &mut Bench) {
    let mut message = NewMessage::new("body")
        .key("k")
        .group("spring")
        .idempotency_key("order-7")
        .attribute(":path", "/receipts")
        .attribute("a", "");
    message.uncertain = true;
    let id = bench.push(message.clone());
    let expected = Record {
        id,
        queue: QUEUE.to_owned(),
        key: message.key.clone(),
        group: message.group.clone(),
        idempotency_key: message.idempotency_key.clone(),
        state: MessageState::Pending,
        death: None,
        pushed_at: clock::time(BEGIN),
        at: clock::time(BEGIN),
        attempts: 0,
        deferrals: 0,
        crashes: 0,
        uncertain: true,
        bytes: message.size(),
        history: Vec::new(),
        attributes: message.attributes.clone(),
        body: message.body.clone(),
        response: None,
    };
    assert_eq!(bench.record(id), expected);
    let listed = bench.reader().messages(&all()).expect("read").items;
    let without_content = Record {
        attributes: Vec::new(),
        body: Vec::new().into(),
        ..expected
    };
    assert_eq!(listed, [without_content]);
    let leased = bench.lease(1).leased.remove(0);
    assert_eq!(leased.attributes, message.attributes);
    assert_eq!((&leased.body, &*leased.queue), (&message.body, QUEUE));
    assert_eq!((leased.key, leased.group), (message.key, message.group));
    assert!(leased.uncertain);
    assert_eq!(bench.state(id), MessageState::Delivering);
}

pub(super) fn a_delivered_one_keeps_its_answer_but_not_its_content(bench: &mut Bench) {
    let id = bench.push(NewMessage::new("body").key("k").attribute("a", "b"));
    bench.send(Ending::Again {
        counts: true,
        due: BEGIN,
        attempt: attempt(BEGIN, "timeout"),
        uncertain: true,
    });
    bench.now += 9;
    let response = Response {
        status: 201,
        headers: vec![("a".to_owned(), "b".to_owned())],
        body: "made".into(),
    };
    bench.send(Ending::Delivered {
        response: Some(response.clone()),
    });
    bench.reopen();
    let record = bench.record(id);
    let found = (record.state, record.attempts, record.uncertain);
    assert_eq!(found, (MessageState::Delivered, 2, true));
    assert_eq!(clock::millis(record.at), BEGIN + 9);
    assert_eq!(record.response, Some(response));
    assert_eq!(record.history, [attempt(BEGIN, "timeout")]);
    assert!(record.body.is_empty() && record.attributes.is_empty());
    assert_eq!(bench.list(&all()), [], "it is in no list");
}

pub(super) fn a_guessed_name_finds_nothing(bench: &mut Bench) {
    let id = bench.push_key("");
    let guessed = MessageId::new(id.seq(), id.random() ^ 1);
    for ending in [again(BEGIN), refused()] {
        assert_eq!(bench.find(guessed), None);
        bench.send(ending);
    }
    assert_eq!(bench.find(guessed), None);
    bench.push_key("");
    let arrived = bench.send(delivered());
    let guessed = MessageId::new(arrived.seq(), arrived.random() ^ 1);
    assert_eq!(bench.find(guessed), None);
}

fn by_key(bench: &mut Bench, queue: &str, key: &str) -> Option<Record> {
    let found = bench.reader().by_idempotency_key(queue, key);
    found.expect("read")
}

pub(super) fn an_idempotency_key_finds_its_message_wherever_that_stands(bench: &mut Bench) {
    let message = NewMessage::new("body").key("k").idempotency_key("order-7");
    let id = bench.push(message.clone());
    let found = by_key(bench, QUEUE, "order-7").expect("it waits");
    assert_eq!((found.id, found.state), (id, MessageState::Pending));
    assert_eq!(found, bench.record(id), "with its content");
    assert_eq!(found.body, message.body);
    bench.lease(1);
    let found = by_key(bench, QUEUE, "order-7").map(|found| found.state);
    assert_eq!(found, Some(MessageState::Delivering));
    bench.reopen();
    for (ending, state) in [
        (refused(), MessageState::Dead),
        (delivered(), MessageState::Delivered),
    ] {
        bench.send(ending);
        let found = by_key(bench, QUEUE, "order-7").expect("it is remembered");
        assert_eq!((found.id, found.state), (id, state));
        assert_eq!(found, bench.record(id));
        bench.retry(Selection::Ids(vec![id]));
    }
}

pub(super) fn an_idempotency_key_finds_nothing_else(bench: &mut Bench) {
    let id = bench.push(NewMessage::new("body").key("k").idempotency_key("order-7"));
    bench.push(NewMessage::new("body").key("order-7"));
    for (queue, key) in [
        (QUEUE, "order-8"),
        (QUEUE, "ORDER-7"),
        (QUEUE, "order-"),
        (QUEUE, "order-%"),
        (QUEUE, ""),
        (QUEUE, "k"),
        ("another", "order-7"),
        ("", "order-7"),
    ] {
        assert_eq!(by_key(bench, queue, key), None, "{queue:?} {key:?}");
    }
    bench.send(refused());
    assert_eq!(bench.discard(Selection::Ids(vec![id])), 1);
    assert_eq!(by_key(bench, QUEUE, "order-7"), None, "it is discarded");
}

pub(super) fn pages_show_each_message_once(bench: &mut Bench) {
    let ids: Vec<_> = (0..7).map(|_| bench.push_key("")).collect();
    for limit in [1, 2, 3, 7, 100] {
        let mut query = Query { limit, ..all() };
        let mut found = Vec::new();
        loop {
            let page = bench.reader().messages(&query).expect("read");
            assert!((1..=limit).contains(&page.items.len()));
            found.extend(page.items.iter().map(|record| record.id));
            query.after = page.next;
            if page.next.is_none() {
                break;
            }
        }
        assert_eq!(found, ids, "{limit}");
    }
    let query = Query {
        after: Some(ids[6]),
        ..all()
    };
    assert_eq!(bench.list(&query), []);
}

pub(super) fn queries_choose_queue_key_group_and_the_dead(bench: &mut Bench) {
    let message = |key: &str, group: &str| NewMessage::new("").key(key).group(group);
    let dead = bench.push(message("k", "g"));
    bench.send(refused());
    let a = bench.push(message("k", "g"));
    let b = bench.push(message("k", "h"));
    let c = bench.push(message("l", "g"));
    let d = bench
        .try_push("other", message("k", "g"))
        .expect("pushed")
        .id;
    let some = |text: &str| Some(text.to_owned());
    let (queue, key, group) = (some(QUEUE), some("k"), some("g"));
    assert_eq!(bench.list(&all()), [a, b, c, d]);
    let of = |queue, key, group| Query {
        queue,
        key,
        group,
        ..all()
    };
    assert_eq!(bench.list(&of(queue.clone(), None, None)), [a, b, c]);
    assert_eq!(bench.list(&of(None, key.clone(), None)), [a, b, d]);
    assert_eq!(bench.list(&of(None, None, group.clone())), [a, c, d]);
    let mut query = of(queue, key, group);
    assert_eq!(bench.list(&query), [a]);
    query.dead = true;
    assert_eq!(bench.list(&query), [dead]);
    query.queue = some("unknown");
    assert_eq!(bench.list(&query), []);
}

pub(super) fn figures_follow_every_order(bench: &mut Bench) {
    assert_eq!(bench.reader().depths().expect("read"), []);
    let size = NewMessage::new("a").key("a").size();
    let a = bench.push_key("a");
    bench.now += 5;
    bench.push_key("b");
    let at = |millis| Some(clock::time(millis));
    let mut expected = Depth {
        queue: QUEUE.to_owned(),
        messages: 2,
        bytes: 2 * size,
        oldest: at(BEGIN),
        next_due: at(BEGIN),
        ..Depth::default()
    };
    assert_eq!(bench.depth(), expected);
    let leased = bench.lease(1).leased.remove(0);
    assert_eq!(leased.id, a);
    expected.in_flight = 1;
    (expected.oldest, expected.next_due) = (at(BEGIN + 5), at(BEGIN + 5));
    assert_eq!(bench.depth(), expected);
    assert!(bench.settle(&leased, again(BEGIN + 99)));
    expected.in_flight = 0;
    expected.oldest = at(BEGIN);
    assert_eq!(bench.depth(), expected);
    bench.send(delivered());
    (expected.messages, expected.bytes) = (1, size);
    expected.next_due = at(BEGIN + 99);
    assert_eq!(bench.depth(), expected);
    bench.now = BEGIN + 99;
    bench.send(refused());
    (expected.messages, expected.dead) = (0, 1);
    (expected.oldest, expected.next_due) = (None, None);
    assert_eq!(bench.depth(), expected);
    bench.reopen();
    assert_eq!(bench.depth(), expected);
    assert_eq!(bench.discard(super::bench::oldest(1)), 1);
    (expected.dead, expected.bytes) = (0, 0);
    assert_eq!(bench.depth(), expected, "it was used, so it is told");
    bench
        .try_push("another", NewMessage::new(""))
        .expect("pushed");
    let names = bench.reader().depths().expect("read");
    let names: Vec<_> = names.iter().map(|depth| &*depth.queue).collect();
    assert_eq!(names, ["another", QUEUE]);
}

pub(super) fn places_go_on_after_a_restart(bench: &mut Bench) {
    assert_eq!(bench.storage().last_seq(), Ok(0));
    bench.push_key("");
    let last = bench.push_key("").seq();
    assert_eq!(bench.storage().last_seq(), Ok(last));
    for _ in 0..2 {
        bench.send(delivered());
    }
    assert_eq!(bench.forget(BEGIN + 1, 10), 2);
    bench.reopen();
    assert_eq!(bench.storage().last_seq(), Ok(last), "also once it is gone");
}

pub(super) fn a_history_keeps_the_last_twenty(bench: &mut Bench) {
    let id = bench.push_key("");
    for _ in 0..25 {
        bench.now += 1;
        bench.send(again(bench.now));
    }
    let record = bench.record(id);
    let times: Vec<_> = record.history.iter().map(|attempt| attempt.at).collect();
    let expected: Vec<_> = (BEGIN + 6..=BEGIN + 25).collect();
    assert_eq!((times, record.attempts), (expected, 25));
}

pub(super) fn backlogs_are_those_of_one_key(bench: &mut Bench) {
    let has = |bench: &mut Bench, queue: &str, key: &str| {
        bench.reader().has_backlog(queue, key).expect("read")
    };
    bench.push_key("k");
    bench.push_key("");
    assert!(has(bench, QUEUE, "k"));
    assert!(!has(bench, QUEUE, "l") && !has(bench, "other", "k") && !has(bench, QUEUE, ""));
    let leased = bench.lease(1).leased.remove(0);
    assert!(has(bench, QUEUE, "k"), "it is being sent");
    assert!(bench.settle(&leased, again(BEGIN)));
    assert!(has(bench, QUEUE, "k"));
    bench.send(refused());
    assert!(!has(bench, QUEUE, "k"), "the dead hold nobody back");
}

pub(super) fn a_sound_place_passes_its_check(bench: &mut Bench) {
    for key in ["k", "k", "", "l", ""] {
        bench.push_key(key);
    }
    bench.send(refused());
    bench.send(delivered());
    bench.lease(1);
    bench.reopen();
    bench.lease(1);
    assert_eq!(bench.reader().check(), Ok(vec![]));
}

pub(super) fn groups_are_counted_while_they_have_something_to_send(bench: &mut Bench) {
    let groups = |bench: &mut Bench| {
        let found = bench.reader().groups(QUEUE).expect("read");
        let found = found.into_iter().map(|group| (group.name, group.messages));
        found.collect::<Vec<_>>()
    };
    assert_eq!(groups(bench), []);
    bench.push(NewMessage::new(""));
    for name in ["spring", "autumn", "spring"] {
        bench.push(NewMessage::new("").group(name).key("k"));
    }
    let other = bench.try_push("other", NewMessage::new("").group("winter"));
    other.expect("pushed");
    let both = [("autumn".to_owned(), 1), ("spring".to_owned(), 2)];
    assert_eq!(groups(bench), both);
    let taken = bench.lease(10).leased;
    assert_eq!(groups(bench), both, "what is being sent counts");
    for leased in &taken {
        bench.settle(leased, Ending::Delivered { response: None });
    }
    bench.reopen();
    assert_eq!(
        groups(bench),
        [("autumn".to_owned(), 1), ("spring".to_owned(), 1)]
    );
}
