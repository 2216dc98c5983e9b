//! Circuits as constants, from the process's own registry.

use super::rag;
use crate::stand::tester;
use fusebox::{Definition, Named, State, registry};

#[test]
fn a_named_circuit_is_the_one_of_the_processs_registry() {
    static SEEN: Named = Named::new("named.seen");
    assert_eq!(SEEN.name(), "named.seen");
    let found = registry().circuit("named.seen").unwrap();
    assert!(std::ptr::eq(SEEN.get(), found));
    assert!(std::ptr::eq(SEEN.get(), SEEN.get()));
}

#[test]
fn a_named_circuit_that_nobody_defined_is_listed_until_somebody_does() {
    static UNDEFINED: Named = Named::new("named.undefined");
    UNDEFINED.acquire().unwrap().success();
    assert!(registry().defaulted().contains(&"named.undefined"));
    let settings = super::failures(1);
    registry()
        .add(Definition::new("named.undefined").settings(settings))
        .unwrap();
    assert!(!registry().defaulted().contains(&"named.undefined"));
    super::fail(&UNDEFINED, 1);
    assert_eq!(UNDEFINED.state(), State::Open);
}

#[test]
fn a_named_circuit_survives_that_its_name_goes_and_comes_back() {
    static GONE: Named = Named::new("named.gone");
    let circuit = GONE.get();
    assert!(registry().remove("named.gone", &tester()));
    GONE.acquire().unwrap().success();
    let back = registry().circuit("named.gone").unwrap();
    assert!(std::ptr::eq(circuit, back));
}

#[test]
fn many_threads_resolve_a_name_to_one_circuit_and_one_event() {
    static RACED: Named = Named::new("named.raced");
    let mut events = registry().subscribe();
    let found = crate::stand::together(8, |_| std::ptr::from_ref(RACED.get()) as usize);
    assert!(found.iter().all(|address| *address == found[0]));
    let told = super::own_events(&mut events);
    let of_ours = told
        .iter()
        .filter(|event| *event == "defaulted named.raced");
    assert_eq!(of_ours.count(), 1);
}

#[test]
#[should_panic(expected = "a circuit's name is 1 to 100 letters")]
fn a_bad_name_that_the_compiler_does_not_see_panics_at_once() {
    let _ = Named::new("not a name");
}

#[test]
fn private_registries_and_the_processs_own_do_not_meet() {
    let (private, _clock) = super::registry();
    private.add(rag(3)).unwrap();
    assert!(registry().get("rag").is_none());
}
