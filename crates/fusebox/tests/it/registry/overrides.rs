//! Settings put over a definition's: set, kept on top, ended.

use super::{failures, rag, registry, told};
use crate::stand::{secs, tester};
use fusebox::{
    Author, EventKind, OverrideRequest, Registry, RegistryError, SettingsChange, State, Value,
};
use std::time::Duration;

fn request(key: &str, value: Value<'_>) -> OverrideRequest {
    OverrideRequest {
        change: SettingsChange::new().set(key, value),
        reason: "a bad day".to_owned(),
        author: Author::new("ada"),
        for_: None,
        age: None,
    }
}

fn threshold(registry: &Registry) -> Option<u32> {
    registry
        .find("rag")
        .unwrap()
        .settings()
        .consecutive_failures()
}

#[test]
fn an_override_is_in_force_at_once_and_shown_beside_the_definition() {
    let (registry, clock) = registry();
    let rag = registry.add(rag(3)).unwrap();
    clock.advance(secs(50));
    let asked = OverrideRequest {
        for_: Some(secs(60)),
        age: Some(secs(20)),
        ..request("consecutive_failures", Value::Integer(1))
    };
    registry.set_override("rag", asked).unwrap();
    super::fail(rag, 1);
    assert_eq!(rag.state(), State::Open);
    let listed = registry.listed("rag").unwrap();
    assert_eq!(listed.base, failures(3));
    let over = listed.over.expect("an override");
    assert_eq!(
        (over.reason.as_str(), over.author.as_str()),
        ("a bad day", "ada")
    );
    assert_eq!(over.since.as_nanos(), 30_000_000_000);
    assert_eq!(
        over.until.map(fusebox::Tick::as_nanos),
        Some(110_000_000_000)
    );
}

#[test]
fn it_ends_by_hand_by_time_and_when_it_is_replaced() {
    let (registry, clock) = registry();
    registry.add(rag(3)).unwrap();
    let mut events = registry.subscribe();
    registry
        .set_override("rag", request("consecutive_failures", Value::Integer(1)))
        .unwrap();
    registry
        .set_override("rag", request("open_for", Value::Text("9s")))
        .unwrap();
    assert_eq!(threshold(&registry), Some(3), "one override, the last one");
    assert_eq!(registry.end_override("rag", &tester()), Ok(true));
    assert_eq!(registry.end_override("rag", &tester()), Ok(false));
    let timed = request("consecutive_failures", Value::Integer(2));
    registry
        .set_override(
            "rag",
            OverrideRequest {
                for_: Some(secs(5)),
                ..timed
            },
        )
        .unwrap();
    assert_eq!(registry.settle_overrides(), 0);
    clock.advance(secs(5));
    assert_eq!(registry.settle_overrides(), 1);
    assert_eq!(threshold(&registry), Some(3));
    let words: Vec<_> = told(&mut events)
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::OverrideSet(over) => Some(format!("set by {}", over.author.as_str())),
            EventKind::OverrideEnded { expired, by } => Some(format!(
                "ended {expired} {}",
                by.as_ref().map_or("-", Author::as_str)
            )),
            _ => None,
        })
        .collect();
    let by = format!("ended false {}", tester().as_str());
    assert_eq!(
        words,
        [
            "set by ada",
            "set by ada",
            &by,
            "set by ada",
            "ended true -"
        ]
    );
}

#[test]
fn what_a_store_puts_back_is_told_as_no_news() {
    let (registry, clock) = registry();
    registry.add(rag(3)).unwrap();
    clock.advance(secs(50));
    let mut events = registry.subscribe();
    let news = |events: &mut _| -> Vec<bool> {
        told(events).iter().map(|event| !event.restored).collect()
    };
    // Restored, however young it is.
    let old = OverrideRequest {
        age: Some(Duration::ZERO),
        ..request("consecutive_failures", Value::Integer(1))
    };
    registry.set_override("rag", old).unwrap();
    assert_eq!(news(&mut events), [false, false], "the settings, and why");
    let new = request("consecutive_failures", Value::Integer(2));
    registry.set_override("rag", new).unwrap();
    assert_eq!(news(&mut events), [true, true]);

    let main = registry.main();
    assert!(main.restore("a fire", &tester(), secs(20), None));
    main.close(&tester());
    main.open("another", &tester());
    assert_eq!(news(&mut events), [false, true, true]);
}

#[test]
fn it_stays_on_top_of_every_definition_that_it_fits() {
    let (registry, _) = registry();
    registry.add(rag(3)).unwrap();
    registry
        .set_override("rag", request("open_for", Value::Text("9s")))
        .unwrap();
    registry.apply(vec![rag(7)], &tester()).unwrap();
    let settings = registry.find("rag").unwrap().settings();
    assert_eq!(
        (settings.consecutive_failures(), settings.open_for()),
        (Some(7), secs(9))
    );
    let again = registry.apply(vec![rag(7)], &tester()).unwrap();
    assert_eq!(again.unchanged, ["rag"]);

    // A window needs somebody who reads it.
    let calls = SettingsChange::new()
        .set("failure_count", Value::Integer(50))
        .set("window", Value::Text("50 calls"));
    let wide = OverrideRequest {
        change: calls,
        ..request("ramp", Value::Text("0s"))
    };
    registry.set_override("rag", wide).unwrap();
    let minimum = fusebox::Settings::builder()
        .failure_rate(crate::stand::percent("50%"))
        .window(fusebox::WindowSize::Calls(100))
        .minimum_calls(80)
        .build();
    registry
        .apply(vec![rag(7).settings(minimum.unwrap())], &tester())
        .unwrap();
    let listed = registry.listed("rag").unwrap();
    assert_eq!(
        listed.circuit.settings().minimum_calls(),
        50,
        "it follows the window"
    );
    assert!(listed.over.is_some());
}

#[test]
fn one_that_a_new_definition_does_not_fit_ends() {
    let (registry, _) = registry();
    let counting = |n| {
        let settings = fusebox::Settings::builder()
            .failure_count(2)
            .window(fusebox::WindowSize::Calls(n));
        rag(1).settings(settings.build().unwrap())
    };
    registry.add(counting(100)).unwrap();
    registry
        .set_override("rag", request("failure_count", Value::Integer(60)))
        .unwrap();
    let mut events = registry.subscribe();
    registry.apply(vec![counting(10)], &tester()).unwrap();
    assert_eq!(
        registry.find("rag").unwrap().settings().failure_count(),
        Some(2)
    );
    assert!(registry.listed("rag").unwrap().over.is_none());
    let ended = |event: &fusebox::Event| matches!(event.kind, EventKind::OverrideEnded { .. });
    assert!(told(&mut events).iter().any(ended));
}

#[test]
fn a_circuit_that_was_removed_comes_back_without_it() {
    let (registry, _) = registry();
    registry.add(rag(3)).unwrap();
    registry
        .set_override("rag", request("consecutive_failures", Value::Integer(1)))
        .unwrap();
    registry.remove("rag", &tester());
    registry.add(rag(3)).unwrap();
    assert_eq!(threshold(&registry), Some(3));
    assert!(registry.listed("rag").unwrap().over.is_none());
}

#[test]
fn what_is_refused_changes_nothing() {
    let (registry, _) = registry();
    registry.add(rag(3)).unwrap();
    let wrong = registry.set_override("rag", request("open_fro", Value::Text("9s")));
    let Err(RegistryError::Settings { circuit, error }) = wrong else {
        panic!("{wrong:?}");
    };
    assert_eq!((circuit.as_str(), error.field()), ("rag", "open_fro"));
    let unknown = registry.set_override("rga", request("ramp", Value::Text("1s")));
    assert!(matches!(unknown, Err(RegistryError::UnknownCircuit { .. })));
    assert!(registry.end_override("rga", &tester()).is_err());
    assert!(registry.listed("rag").unwrap().over.is_none());
    assert_eq!(registry.find("rag").unwrap().settings(), failures(3));
}
