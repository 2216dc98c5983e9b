//! What happened: numbers, pages, replays, bounds.

use std::time::Duration;

use fusebox_store::{Batch, EventQuery, EventRecord, Limits, ReplayRecord};

use super::{events, found, put};
use crate::drafts::{at, event, of_kind};
use crate::place::Place;

pub(crate) fn events_come_back_as_they_went(place: &mut impl Place) {
    let mut sent = vec![event("rag", u32::MAX, 1)];
    sent.extend(EventRecord::KINDS.map(|kind| of_kind(kind, "rag", 2)));
    sent[3].branch = Some("it's \u{1f525}".to_owned());
    let ids = put(&events(sent.clone()), &mut *place.open());
    let page = place.open().events(&EventQuery::default()).expect("reads");
    assert_eq!(page.next, None);
    let mut back = page.items;
    back.reverse();
    for (event, id) in sent.iter_mut().zip(ids) {
        event.id = id;
    }
    assert_eq!(back, sent);
}

pub(crate) fn numbers_of_events_rise_and_are_never_used_again(place: &mut impl Place) {
    let mut storage = place.open();
    let first = put(&events([event("a", 1, 1), event("a", 2, 2)]), &mut *storage);
    assert!(first[0] > 0 && first[1] > first[0], "{first:?}");
    let none = Limits {
        events_max: 0,
        ..Limits::default()
    };
    storage.trim(&none, at(3)).expect("trims");
    assert!(found(&mut *storage, &EventQuery::default()).is_empty());
    drop(storage);
    let next = put(&events([event("a", 3, 3)]), &mut *place.open());
    assert!(next[0] > first[1], "{next:?} after {first:?}");
}

pub(crate) fn pages_show_every_event_once_also_while_more_come(place: &mut impl Place) {
    let mut storage = place.open();
    let seven = (1..=7).map(|n| event("rag", n, u64::from(n)));
    let mut ids = put(&events(seven), &mut *storage);
    ids.reverse();
    let mut query = EventQuery {
        limit: 3,
        ..EventQuery::default()
    };
    let mut seen = Vec::new();
    loop {
        let page = storage.events(&query).expect("reads");
        assert!(page.items.len() <= 3);
        seen.extend(page.items.iter().map(|event| event.id));
        put(&events([event("rag", 8, 8)]), &mut *storage);
        query.before = page.next;
        if page.next.is_none() {
            break;
        }
    }
    assert_eq!(seen, ids);
}

pub(crate) fn events_are_found_by_circuit_branch_kind_and_number(place: &mut impl Place) {
    let mut storage = place.open();
    let mut of_branch = event("rag", 3, 3);
    of_branch.branch = Some("north".to_owned());
    let sent = [
        event("rag", 1, 1),
        event("vms", 2, 2),
        of_branch,
        of_kind("hold_set", "rag", 4),
    ];
    let [a, b, c, d] = put(&events(sent), &mut *storage)[..] else {
        panic!("four numbers");
    };
    let (rag, vms) = (Some("rag".to_owned()), Some("vms".to_owned()));
    let (holds, transitions) = (vec!["hold_set".to_owned()], vec!["transition".to_owned()]);
    type Asked = Box<dyn FnOnce(&mut EventQuery)>;
    let cases: [(Asked, Vec<u64>); 11] = [
        (Box::new(|_| {}), vec![d, c, b, a]),
        (Box::new(|q| q.circuit = rag), vec![d, c, a]),
        (Box::new(|q| q.circuit = Some("ra".to_owned())), vec![]),
        (Box::new(|q| q.branch = Some("north".to_owned())), vec![c]),
        (Box::new(|q| q.kinds = holds), vec![d]),
        (
            Box::new(|q| (q.kinds, q.circuit) = (transitions, vms)),
            vec![b],
        ),
        (Box::new(move |q| q.before = Some(c)), vec![b, a]),
        (Box::new(move |q| q.after = Some(b)), vec![d, c]),
        (
            Box::new(move |q| (q.after, q.before) = (Some(a), Some(d))),
            vec![c, b],
        ),
        (Box::new(|q| q.after = Some(u64::MAX)), vec![]),
        (Box::new(|q| q.before = Some(u64::MAX)), vec![d, c, b, a]),
    ];
    for (ask, expected) in cases {
        let mut query = EventQuery::default();
        ask(&mut query);
        assert_eq!(found(&mut *storage, &query), expected, "{query:?}");
    }
}

pub(crate) fn limits_of_pages_are_cut_to_their_bounds(place: &mut impl Place) {
    let mut storage = place.open();
    let many = (0..1_001).map(|n| event("rag", n, 1));
    put(&events(many), &mut *storage);
    for (limit, expected) in [(0, 1), (1, 1), (1_000, 1_000), (usize::MAX, 1_000)] {
        let query = EventQuery {
            limit,
            ..EventQuery::default()
        };
        let page = storage.events(&query).expect("reads");
        assert_eq!(page.items.len(), expected, "limit {limit}");
        assert!(page.next.is_some());
    }
}

pub(crate) fn a_replay_belongs_to_the_newest_transition_of_its_generation(place: &mut impl Place) {
    let mut storage = place.open();
    let replay = |circuit: &str, generation, text: &str| ReplayRecord {
        circuit: circuit.to_owned(),
        generation,
        text: text.to_owned(),
    };
    let mut of_branch = event("rag", 7, 3);
    of_branch.branch = Some("north".to_owned());
    let mut batch = events([
        event("rag", 7, 1),
        event("rag", 7, 2),
        of_branch,
        EventRecord {
            generation: 7,
            ..of_kind("hold_set", "rag", 4)
        },
        event("vms", 7, 5),
    ]);
    batch.replays = vec![
        replay("rag", 7, "what led to it"),
        replay("rag", 8, "nothing"),
    ];
    let ids = put(&batch, &mut *storage);
    let later = Batch {
        replays: vec![replay("vms", 7, "old"), replay("vms", 7, "new")],
        ..Batch::default()
    };
    put(&later, &mut *storage);
    let expected = [None, Some("what led to it"), None, None, Some("new")];
    let page = storage.events(&EventQuery::default()).expect("reads");
    for (id, expected) in ids.iter().zip(expected) {
        let text = storage.replay(*id).expect("reads");
        assert_eq!(text.as_deref(), expected, "event {id}");
        let event = page.items.iter().find(|event| event.id == *id);
        assert_eq!(
            event.map(|event| event.has_replay),
            Some(expected.is_some())
        );
    }
}

pub(crate) fn history_goes_by_age(place: &mut impl Place) {
    let mut storage = place.open();
    let batch = events([
        event("rag", 1, 10),
        event("rag", 2, 20),
        event("rag", 3, 30),
    ]);
    let ids = put(&batch, &mut *storage);
    let limits = Limits {
        events_age: Duration::from_secs(10),
        ..Limits::default()
    };
    storage.trim(&limits, at(30)).expect("trims");
    let left = found(&mut *storage, &EventQuery::default());
    assert_eq!(left, [ids[2], ids[1]], "as old as the limit stays");
}

pub(crate) fn history_goes_by_rows(place: &mut impl Place) {
    let mut storage = place.open();
    let ids = put(&events((1..=5).map(|n| event("rag", n, 1))), &mut *storage);
    let limits = |events_max| Limits {
        events_max,
        ..Limits::default()
    };
    storage.trim(&limits(5), at(1)).expect("trims");
    assert_eq!(found(&mut *storage, &EventQuery::default()).len(), 5);
    storage.trim(&limits(2), at(1)).expect("trims");
    let left = found(&mut *storage, &EventQuery::default());
    assert_eq!(left, [ids[4], ids[3]]);
}

pub(crate) fn the_newest_replays_of_each_circuit_stay(place: &mut impl Place) {
    let mut storage = place.open();
    let circuits = ["rag", "vms", "rag", "rag"];
    let numbered = || circuits.iter().zip(1..);
    let mut batch = events(numbered().map(|(circuit, n)| event(circuit, n, 1)));
    batch.replays = numbered()
        .map(|(circuit, generation)| ReplayRecord {
            circuit: (*circuit).to_owned(),
            generation,
            text: "text".to_owned(),
        })
        .collect();
    let ids = put(&batch, &mut *storage);
    let limits = Limits {
        replays_max: 1,
        events_max: 3,
        ..Limits::default()
    };
    storage.trim(&limits, at(1)).expect("trims");
    let left: Vec<bool> = ids
        .iter()
        .map(|id| storage.replay(*id).expect("reads").is_some())
        .collect();
    assert_eq!(left, [false, true, false, true]);
}
