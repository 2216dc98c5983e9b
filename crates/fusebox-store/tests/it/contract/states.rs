//! What is in force.

use fusebox_store::{
    AuditQuery, Batch, EventQuery, GENESIS, Kept, Limits, MainChange, OverrideChange, Page,
    verify_audit,
};

use super::{found, put};
use crate::drafts::{action, at, closed, event, full, main, override_of};
use crate::place::Place;

pub(crate) fn an_empty_place_has_nothing(place: &mut impl Place) {
    let mut storage = place.open();
    assert_eq!(storage.load(), Ok(Kept::default()));
    let none = Page {
        items: Vec::new(),
        next: None,
    };
    assert_eq!(storage.events(&EventQuery::default()), Ok(none));
    assert_eq!(
        storage.audit(&AuditQuery::default()).map(|p| p.items),
        Ok(Vec::new())
    );
    assert_eq!(storage.replay(1), Ok(None));
    assert_eq!(storage.trim(&Limits::default(), at(0)), Ok(()));
    let check = verify_audit(&mut *storage).expect("reads");
    assert!(check.holds() && check.entries == 0 && check.newest_hash == GENESIS);
}

pub(crate) fn what_is_written_is_there_when_opened_again(place: &mut impl Place) {
    let kept = Kept {
        circuits: vec![closed("apollo", 1), full("rag", 2)],
        main: Some(main(3)),
        overrides: vec![override_of("rag", "10s")],
    };
    let batch = Batch {
        circuits: kept.circuits.clone(),
        main: kept.main.clone().map(MainChange::Open),
        overrides: vec![OverrideChange::Set(kept.overrides[0].clone())],
        ..Batch::default()
    };
    put(&batch, &mut *place.open());
    assert_eq!(place.open().load(), Ok(kept));
}

pub(crate) fn a_later_record_takes_the_place_of_the_earlier_one(place: &mut impl Place) {
    let mut storage = place.open();
    let circuits = |circuit| Batch {
        circuits: vec![circuit],
        ..Batch::default()
    };
    put(&circuits(full("rag", 1)), &mut *storage);
    let mut fewer = full("rag", 2);
    fewer.branches.truncate(1);
    put(&circuits(fewer.clone()), &mut *storage);
    let later = override_of("rag", "20s");
    for record in [override_of("rag", "10s"), later.clone()] {
        let overrides = vec![OverrideChange::Set(record)];
        put(
            &Batch {
                overrides,
                ..Batch::default()
            },
            &mut *storage,
        );
    }
    let kept = storage.load().expect("reads");
    assert_eq!(kept.circuits, vec![fewer]);
    assert_eq!(kept.overrides, vec![later]);
}

pub(crate) fn a_removed_circuit_takes_its_branches_and_override_with_it(place: &mut impl Place) {
    let mut storage = place.open();
    let batch = Batch {
        circuits: vec![full("rag", 1), full("vms", 1)],
        overrides: vec![OverrideChange::Set(override_of("rag", "10s"))],
        events: vec![event("rag", 1, 1)],
        ..Batch::default()
    };
    put(&batch, &mut *storage);
    let batch = Batch {
        removed: vec!["rag".to_owned(), "unknown".to_owned()],
        ..Batch::default()
    };
    put(&batch, &mut *storage);
    let kept = storage.load().expect("reads");
    assert_eq!(kept.circuits, vec![full("vms", 1)]);
    assert_eq!(kept.overrides, vec![]);
    // What happened has happened.
    assert_eq!(found(&mut *storage, &EventQuery::default()).len(), 1);
}

pub(crate) fn a_circuit_that_is_removed_and_put_in_one_batch_stays(place: &mut impl Place) {
    let mut storage = place.open();
    let batch = Batch {
        circuits: vec![full("rag", 1)],
        overrides: vec![OverrideChange::Set(override_of("rag", "10s"))],
        ..Batch::default()
    };
    put(&batch, &mut *storage);
    let batch = Batch {
        removed: vec!["rag".to_owned()],
        circuits: vec![closed("rag", 2)],
        ..Batch::default()
    };
    put(&batch, &mut *storage);
    let kept = storage.load().expect("reads");
    assert_eq!(kept.circuits, vec![closed("rag", 2)]);
    assert_eq!(kept.overrides, vec![]);
}

pub(crate) fn the_main_breaker_and_overrides_end(place: &mut impl Place) {
    let mut storage = place.open();
    let batch = Batch {
        main: Some(MainChange::Open(main(3))),
        overrides: vec![OverrideChange::Set(override_of("rag", "10s"))],
        ..Batch::default()
    };
    put(&batch, &mut *storage);
    put(&Batch::default(), &mut *storage);
    assert_eq!(storage.load().expect("reads").main, Some(main(3)));
    let batch = Batch {
        main: Some(MainChange::Closed),
        overrides: vec![OverrideChange::Ended("rag".to_owned())],
        ..Batch::default()
    };
    put(&batch, &mut *storage);
    drop(storage);
    assert_eq!(place.open().load(), Ok(Kept::default()));
}

pub(crate) fn every_batch_of_many_is_kept_whole(place: &mut impl Place) {
    let mut storage = place.open();
    for number in 1..=40 {
        let batch = Batch {
            number,
            circuits: vec![full("rag", number)],
            events: vec![event("rag", 1, number), event("rag", 2, number)],
            audit: vec![action("hold", "rag", number)],
            ..Batch::default()
        };
        put(&batch, &mut *storage);
    }
    drop(storage);
    let mut storage = place.open();
    let kept = storage.load().expect("reads");
    assert_eq!(kept.circuits, vec![full("rag", 40)]);
    assert_eq!(found(&mut *storage, &EventQuery::default()).len(), 80);
    let check = verify_audit(&mut *storage).expect("reads");
    assert!(check.holds() && check.entries == 40, "{check:?}");
}
