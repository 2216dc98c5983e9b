//! What a registry tells (R20).

use super::{own_events, rag, registry, told};
use crate::stand::{secs, tester};
use fusebox::{Author, Definition, EventKind};

#[test]
fn added_asked_for_replaced_and_removed_circuits_are_told_in_order() {
    let (registry, _clock) = registry();
    let mut events = registry.subscribe();
    registry.circuit("rag").unwrap();
    registry.circuit("rag").unwrap();
    registry.add(Definition::new("vms")).unwrap();
    registry.define(rag(3)).unwrap();
    registry.define(rag(3)).unwrap();
    registry.remove("vms", &tester());
    registry.remove("vms", &tester());
    registry.circuit("vms").unwrap();
    let expected = [
        "defaulted rag",
        "added vms",
        "replaced rag",
        "removed vms",
        "defaulted vms",
    ];
    assert_eq!(own_events(&mut events), expected);
}

#[test]
fn a_list_is_told_with_its_author_and_time() {
    let (registry, clock) = registry();
    clock.advance(secs(7));
    let mut events = registry.subscribe();
    let by = Author::new("deploy");
    registry
        .apply(vec![rag(3), Definition::new("vms")], &by)
        .unwrap();
    registry.apply(vec![rag(4)], &by).unwrap();
    let told = told(&mut events);
    assert!(
        told.iter()
            .all(|event| event.at.as_nanos() == 7_000_000_000)
    );
    let authors: Vec<_> = told
        .iter()
        .map(|event| match &event.kind {
            EventKind::Added { by, .. }
            | EventKind::Replaced { by }
            | EventKind::Removed { by }
            | EventKind::SettingsChanged { by } => by.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        authors, ["deploy"; 5],
        "two added, settings, one removed, one replaced"
    );
}

#[test]
fn circuits_tell_their_transitions_to_the_registrys_readers() {
    let (registry, _clock) = registry();
    let circuit = registry.add(rag(1)).unwrap();
    let mut events = registry.subscribe();
    super::fail(circuit, 1);
    let told = told(&mut events);
    assert_eq!(told.len(), 1);
    assert!(matches!(told[0].kind, EventKind::Transition { .. }));
    assert_eq!(&*told[0].circuit, "rag");
}

#[test]
fn who_waits_for_events_is_woken_by_a_change_of_the_registry() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::{Context, Wake, Waker};

    struct Count(AtomicU32);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    let (registry, _clock) = registry();
    let woken = Arc::new(Count(AtomicU32::new(0)));
    let waker = Waker::from(Arc::clone(&woken));
    let mut events = registry.subscribe();
    assert!(events.poll_next(&Context::from_waker(&waker)).is_pending());
    registry.add(Definition::new("rag")).unwrap();
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
}

#[test]
fn a_name_that_comes_back_is_told_as_added_before_anything_else_of_it() {
    let (registry, _clock) = registry();
    registry.add(rag(3)).unwrap();
    registry.remove("rag", &tester());
    let mut events = registry.subscribe();
    registry.add(rag(4).enabled(false)).unwrap();
    let told = told(&mut events);
    assert!(matches!(told[0].kind, EventKind::Added { .. }), "{told:?}");
    let changed = |event: &fusebox::Event| matches!(event.kind, EventKind::SettingsChanged { .. });
    assert!(told.iter().any(changed));
}
