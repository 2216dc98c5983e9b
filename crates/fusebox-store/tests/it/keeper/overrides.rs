//! Overrides across restarts.

use std::time::Duration;

use fusebox::{Definition, OverrideRequest, Rate, Settings, SettingsChange, Value, WindowSize};
use fusebox_store::Storage;

use super::{Life, Wall, ada, eventually, memory, rag, secs};

fn put(life: &Life, change: SettingsChange, for_: Option<Duration>) {
    let request = OverrideRequest {
        change,
        reason: "a slow night".to_owned(),
        author: ada(),
        for_,
        age: None,
    };
    life.registry.set_override("rag", request).expect("fits");
}

fn slower() -> SettingsChange {
    let change = SettingsChange::new().set("open_for", Value::Text("90s"));
    change
        .set("half_open_calls", Value::Integer(3))
        .set("backoff", Value::Float(1.5))
}

#[test]
fn an_override_is_in_force_again_with_the_rest_of_its_time() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept.clone(), vec![rag()]);
    put(&life, slower(), Some(secs(100)));
    life.pass(secs(10));
    life.stop();
    wall.pass(secs(30));

    let life = wall.start(kept, vec![rag()]);
    let over = life.registry.listed("rag").and_then(|listed| listed.over);
    let over = over.expect("is in force");
    assert_eq!(
        (&over.change, over.reason.as_str(), &over.author),
        (&slower(), "a slow night", &ada())
    );
    let now = life.registry.main().clock().now();
    assert_eq!(now.saturating_since(over.since), secs(40));
    assert_eq!(
        over.until.map(|until| until.saturating_since(now)),
        Some(secs(60))
    );
    let settings = life.circuit("rag").settings();
    assert_eq!(settings.open_for(), secs(90));
    assert_eq!(settings.half_open_calls(), 3);

    // The keeper has a timer, and lets it end.
    life.pass(secs(60));
    eventually("the override ends", || {
        let listed = life.registry.listed("rag");
        listed.is_some_and(|listed| listed.over.is_none())
    });
    assert_eq!(life.circuit("rag").settings().open_for(), secs(60));
}

#[test]
fn an_override_whose_time_ran_out_meanwhile_has_ended() {
    let (wall, mut kept) = (Wall::new(), memory());
    let life = wall.start(kept.clone(), vec![rag()]);
    put(&life, slower(), Some(secs(100)));
    life.stop();
    wall.pass(secs(100));
    let life = wall.start(kept.clone(), vec![rag()]);
    assert_eq!(life.circuit("rag").settings().open_for(), secs(60));
    let rows = life.rows_of("override_ended");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].details, Some(serde_json::json!({"expired": true})));
    assert_eq!(rows[0].circuit, "rag");
    assert_eq!(kept.load().expect("reads").overrides, []);
}

#[test]
fn an_override_that_was_ended_does_not_come_back() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept.clone(), vec![rag()]);
    put(&life, slower(), None);
    life.flush();
    assert_eq!(life.registry.end_override("rag", &ada()), Ok(true));
    life.stop();
    let life = wall.start(kept, vec![rag()]);
    assert!(
        life.registry
            .listed("rag")
            .is_some_and(|listed| listed.over.is_none())
    );
}

#[test]
fn an_override_that_fits_its_circuit_no_more_ends_and_says_why() {
    let (wall, mut kept) = (Wall::new(), memory());
    let life = wall.start(kept.clone(), vec![rag()]);
    let off = SettingsChange::new().set("failure_rate", Value::Text("20%"));
    put(&life, off.set("minimum_calls", Value::Integer(50)), None);
    life.stop();
    let counted = Settings::builder().failure_rate(Rate::parse("50%").expect("is a rate"));
    let counted = counted
        .window(WindowSize::parse("10 calls").expect("is a window"))
        .build();
    let counted = Definition::new("rag").settings(counted.expect("are settings"));
    let life = wall.start(kept.clone(), vec![counted]);
    assert!(
        life.registry
            .listed("rag")
            .is_some_and(|listed| listed.over.is_none())
    );
    let rows = life.rows_of("override_ended");
    let reason = rows[0].reason.clone().expect("says why");
    assert!(reason.contains("minimum_calls"), "{reason}");
    assert_eq!(kept.load().expect("reads").overrides, []);
}

#[test]
fn an_override_waits_for_a_circuit_that_is_defined_later() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept.clone(), vec![rag()]);
    put(&life, slower(), None);
    life.stop();
    let life = wall.start(kept, vec![]);
    life.flush();
    life.registry.add(rag()).expect("is new");
    life.flush();
    assert_eq!(life.circuit("rag").settings().open_for(), secs(90));
}
