//! What readers and exporters see.

use super::{failures, rag, registry};
use crate::stand::tester;
use fusebox::{Definition, Reading, Registry, RegistryStats, Source};

fn services(registry: &Registry) -> Vec<(String, String)> {
    let mut seen = Vec::new();
    Source::read(registry, &mut |reading: &Reading<'_>| {
        seen.push((reading.service.to_owned(), reading.snapshot.name.clone()));
    });
    seen
}

fn pair(service: &str, name: &str) -> (String, String) {
    (service.to_owned(), name.to_owned())
}

#[test]
fn an_exporter_reads_every_circuit_once_in_order_of_the_names() {
    let (registry, _clock) = registry();
    for name in ["b", "c", "a"] {
        registry.circuit(name).unwrap();
    }
    registry.remove("c", &tester());
    assert_eq!(services(&registry), [pair("", "a"), pair("", "b")]);
}

#[test]
fn the_service_is_the_definitions_or_the_registrys_or_what_stands_before_the_dot() {
    let registry = Registry::new();
    registry.circuit("cj_assessment.openai.provider").unwrap();
    registry.circuit("plain").unwrap();
    registry
        .add(Definition::new("spell.content").service("own"))
        .unwrap();
    let expected = [
        pair("cj_assessment", "cj_assessment.openai.provider"),
        pair("", "plain"),
        pair("own", "spell.content"),
    ];
    assert_eq!(services(&registry), expected);

    let registry = Registry::builder().service("essay").build();
    registry.circuit("cj_assessment.openai").unwrap();
    registry
        .add(Definition::new("plain").service("own"))
        .unwrap();
    let expected = [pair("essay", "cj_assessment.openai"), pair("own", "plain")];
    assert_eq!(services(&registry), expected);
}

#[test]
fn an_exporter_reads_state_and_fallbacks() {
    let (registry, _clock) = registry();
    let circuit = registry.add(rag(1)).unwrap();
    super::fail(circuit, 1);
    circuit.fell_back("fixed");
    let mut readings = 0;
    registry.read(&mut |reading: &Reading<'_>| {
        readings += 1;
        assert_eq!(reading.snapshot.totals.failure, 1);
        assert_eq!(reading.fallbacks, [("fixed", 1)]);
    });
    assert_eq!(readings, 1);
}

#[test]
fn stats_count_what_is_there() {
    let (registry, _clock) = registry();
    registry.add(rag(3)).unwrap();
    registry.circuit("asked").unwrap();
    registry.add(Definition::new("off").enabled(false)).unwrap();
    registry.add(Definition::new("gone")).unwrap();
    registry.remove("gone", &tester());
    let expected = RegistryStats {
        circuits: 3,
        defaulted: 1,
        switched_off: 1,
        parked: 1,
        circuits_max: 10_000,
    };
    assert_eq!(registry.stats(), expected);
}

#[test]
fn a_list_shows_handles_in_order() {
    let (registry, _clock) = registry();
    registry.add(Definition::new("b").priority(1)).unwrap();
    let a = registry
        .add(Definition::new("a").settings(failures(3)))
        .unwrap();
    let list = registry.list();
    let shown: Vec<_> = list
        .iter()
        .map(|listed| (listed.circuit.name(), listed.priority))
        .collect();
    assert_eq!(shown, [("a", 2), ("b", 1)]);
    assert!(std::ptr::eq(list[0].circuit, a));
    assert!(registry.listed("c").is_none());
}
