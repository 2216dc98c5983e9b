//! Who did what.

use std::time::Duration;

use fusebox_store::{AuditQuery, Batch, GENESIS, Limits, verify_audit};

use crate::drafts::{action, at};
use crate::place::Place;

pub(crate) fn the_audit_log_is_a_chain_and_stays(place: &mut impl Place) {
    let batch = |from: u64, to| Batch {
        audit: (from..=to).map(|n| action("hold", "rag", n)).collect(),
        ..Batch::default()
    };
    let mut storage = place.open();
    let mut written = storage.write(&batch(1, 3)).expect("writes").audit;
    drop(storage);
    let mut storage = place.open();
    written.extend(storage.write(&batch(4, 4)).expect("writes").audit);
    let ids: Vec<u64> = written.iter().map(|entry| entry.id).collect();
    assert_eq!(ids, [1, 2, 3, 4]);
    assert_eq!(written[0], action("hold", "rag", 1).chained(1, GENESIS));
    let second = action("hold", "rag", 2).chained(2, &written[0].hash);
    assert_eq!(written[1], second);

    let nothing = Limits {
        events_age: Duration::ZERO,
        events_max: 0,
        replays_max: 0,
    };
    storage.trim(&nothing, at(1_000_000)).expect("trims");
    let mut back = storage.audit(&AuditQuery::default()).expect("reads").items;
    back.reverse();
    assert_eq!(back, written);
    let check = verify_audit(&mut *storage).expect("reads");
    assert_eq!(
        (check.entries, check.first, &check.broken),
        (4, Some(1), &None)
    );
    assert_eq!(check.newest_hash, written[3].hash);
}

pub(crate) fn the_audit_log_is_searched_and_paged(place: &mut impl Place) {
    let mut storage = place.open();
    let mut bea = action("reset", "rag", 3);
    bea.who = "bea".to_owned();
    let drafts = vec![action("hold", "rag", 1), action("hold", "vms", 2), bea];
    let batch = Batch {
        audit: drafts,
        ..Batch::default()
    };
    storage.write(&batch).expect("writes");
    let name = |name: &str| Some(name.to_owned());
    let all = AuditQuery::default;
    for (query, expected, next) in [
        (all(), vec![3, 2, 1], None),
        (
            AuditQuery {
                who: name("bea"),
                ..all()
            },
            vec![3],
            None,
        ),
        (
            AuditQuery {
                action: name("hold"),
                ..all()
            },
            vec![2, 1],
            None,
        ),
        (
            AuditQuery {
                target: name("rag"),
                ..all()
            },
            vec![3, 1],
            None,
        ),
        (
            AuditQuery {
                target: name("rag"),
                who: name("ada"),
                ..all()
            },
            vec![1],
            None,
        ),
        (AuditQuery { limit: 2, ..all() }, vec![3, 2], Some(2)),
        (
            AuditQuery {
                limit: 2,
                before: Some(2),
                ..all()
            },
            vec![1],
            None,
        ),
        (AuditQuery { limit: 0, ..all() }, vec![3], Some(3)),
    ] {
        let page = storage.audit(&query).expect("reads");
        let ids: Vec<u64> = page.items.iter().map(|entry| entry.id).collect();
        assert_eq!((ids, page.next), (expected, next), "{query:?}");
    }
}
