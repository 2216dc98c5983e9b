//! What a process knows after a restart.

use fusebox::{
    BranchSettings, Definition, HoldKind, HoldRequest, Reason, Recovery, Settings, State,
};

use super::{Wall, ada, fail, memory, rag, secs, settings, trip};

#[test]
fn an_open_circuit_goes_on_with_the_rest_of_its_time() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept.clone(), vec![rag()]);
    trip(life.circuit("rag"));
    life.pass(secs(10));
    life.stop();
    wall.pass(secs(20));

    let life = wall.start(kept, vec![rag()]);
    let circuit = life.circuit("rag");
    let snapshot = circuit.snapshot();
    assert_eq!(snapshot.state, State::Open);
    assert_eq!(snapshot.retry_after, Some(secs(30)));
    assert_eq!(snapshot.taken_at.saturating_since(snapshot.since), secs(30));
    life.pass(secs(29));
    assert_eq!(circuit.state(), State::Open);
    life.pass(secs(1));
    assert_eq!(circuit.state(), State::HalfOpen);
}

#[test]
fn a_time_that_ran_out_meanwhile_is_half_open() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept.clone(), vec![rag()]);
    trip(life.circuit("rag"));
    life.stop();
    wall.pass(secs(60));
    let life = wall.start(kept, vec![rag()]);
    assert_eq!(life.circuit("rag").state(), State::HalfOpen);
}

#[test]
fn why_a_circuit_opened_is_still_known() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept.clone(), vec![rag()]);
    trip(life.circuit("rag"));
    let before = life.circuit("rag").snapshot().why.expect("has a cause");
    life.stop();
    wall.pass(secs(5));
    let life = wall.start(kept, vec![rag()]);
    let snapshot = life.circuit("rag").snapshot();
    let after = snapshot.why.expect("has a cause");
    assert_eq!(
        (after.cause, &after.evidence),
        (before.cause, &before.evidence)
    );
    assert_eq!(snapshot.taken_at.saturating_since(after.at), secs(5));
}

#[test]
fn the_backoff_goes_on_where_it_was() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept.clone(), vec![rag()]);
    let circuit = life.circuit("rag");
    trip(circuit);
    for wait in [60, 120] {
        life.pass(secs(wait));
        fail(circuit);
    }
    assert_eq!(circuit.snapshot().openings, 3);
    life.stop();

    let life = wall.start(kept, vec![rag()]);
    let circuit = life.circuit("rag");
    assert_eq!(circuit.snapshot().openings, 3);
    life.pass(secs(240));
    fail(circuit);
    assert_eq!(circuit.snapshot().retry_after, Some(secs(480)));
}

#[test]
fn a_closed_circuit_remembers_its_backoff_until_it_was_closed_for_long_enough() {
    for (down, openings) in [(59, 1), (60, 0)] {
        let (wall, kept) = (Wall::new(), memory());
        let life = wall.start(kept.clone(), vec![rag()]);
        let circuit = life.circuit("rag");
        trip(circuit);
        life.pass(secs(60));
        circuit.acquire().expect("is a trial").success();
        assert_eq!(circuit.state(), State::Closed);
        life.stop();
        wall.pass(secs(down));
        let life = wall.start(kept, vec![rag()]);
        let snapshot = life.circuit("rag").snapshot();
        assert_eq!(
            (snapshot.state, snapshot.openings),
            (State::Closed, openings)
        );
    }
}

#[test]
fn holds_go_on_with_the_rest_of_their_time() {
    let (wall, kept) = (Wall::new(), memory());
    let circuits = || ["short", "long", "endless"].map(Definition::new).into();
    let life = wall.start(kept.clone(), circuits());
    for (name, for_) in [("short", Some(10)), ("long", Some(100)), ("endless", None)] {
        life.circuit(name).hold(HoldRequest {
            kind: HoldKind::ForcedOpen,
            reason: format!("{name} repair"),
            author: ada(),
            for_: for_.map(secs),
        });
    }
    life.stop();
    wall.pass(secs(40));

    let life = wall.start(kept, circuits());
    assert_eq!(life.circuit("short").snapshot().hold, None);
    assert_eq!(life.circuit("short").state(), State::HalfOpen);
    for (name, left) in [("long", Some(60)), ("endless", None)] {
        let snapshot = life.circuit(name).snapshot();
        let hold = snapshot.hold.expect("is held");
        assert_eq!((hold.kind, hold.author), (HoldKind::ForcedOpen, ada()));
        assert_eq!(hold.reason, format!("{name} repair"));
        assert_eq!(snapshot.taken_at.saturating_since(hold.since), secs(40));
        let rest = hold
            .until
            .map(|until| until.saturating_since(snapshot.taken_at));
        assert_eq!(rest, left.map(secs), "{name}");
    }
    life.pass(secs(60));
    assert_eq!(life.circuit("long").snapshot().hold, None);
}

#[test]
fn a_circuit_that_only_a_person_may_close_stays_open() {
    let manual = || {
        let settings = Settings::builder().consecutive_failures(2);
        let settings = settings.recovery(Recovery::Manual).build();
        Definition::new("chain").settings(settings.expect("are settings"))
    };
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept.clone(), vec![manual()]);
    trip(life.circuit("chain"));
    life.stop();
    wall.pass(secs(365 * 24 * 3600));
    let life = wall.start(kept, vec![manual()]);
    life.pass(secs(365 * 24 * 3600));
    let snapshot = life.circuit("chain").snapshot();
    assert_eq!((snapshot.state, snapshot.retry_after), (State::Open, None));
    assert_eq!(snapshot.failures_in_row, 2, "what opened it");
}

#[test]
fn the_main_breaker_stays_open_with_its_reason() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept.clone(), vec![rag()]);
    life.registry.main().open("invoice dispute", &ada());
    life.stop();
    wall.pass(secs(7));

    let life = wall.start(kept.clone(), vec![rag()]);
    let main = life.registry.main();
    let opening = main.opened().expect("is open");
    assert_eq!(
        (opening.reason.as_str(), &opening.by),
        ("invoice dispute", &ada())
    );
    assert_eq!(main.clock().now().saturating_since(opening.since), secs(7));
    let rejection = life.circuit("rag").acquire().expect_err("is under it");
    assert_eq!(rejection.reason(), Reason::Main);
    main.close(&ada());
    life.stop();
    let life = wall.start(kept, vec![rag()]);
    assert!(!life.registry.main().is_open());
}

#[test]
fn branches_are_where_they_were() {
    let keyed = || {
        let branches = BranchSettings::builder().breaker(settings()).build();
        let circuit = Settings::builder().consecutive_failures(100).build();
        let circuit = Definition::new("rag").settings(circuit.expect("are settings"));
        circuit.branches(branches.expect("are settings"))
    };
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept.clone(), vec![keyed()]);
    let circuit = life.circuit("rag");
    for (key, failures) in [("north", 2), ("south", 0), ("east's \u{1f525}", 2)] {
        circuit.acquire_key(key).expect("admits").success();
        for _ in 0..failures {
            let permit = circuit.acquire_key(key).expect("admits");
            permit.failure(fusebox::FailureClass::Connect);
        }
    }
    life.stop();
    wall.pass(secs(20));

    let life = wall.start(kept, vec![keyed()]);
    let circuit = life.circuit("rag");
    for key in ["north", "east's \u{1f525}"] {
        let rejection = circuit.acquire_key(key).expect_err("is open");
        assert_eq!(rejection.retry_after(), Some(secs(40)), "{key}");
    }
    circuit.acquire_key("south").expect("admits").success();
}

#[test]
fn circuits_that_are_defined_later_are_restored_when_they_come() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept.clone(), vec![rag()]);
    trip(life.circuit("rag"));
    life.stop();
    wall.pass(secs(10));

    let life = wall.start(kept.clone(), vec![]);
    life.flush();
    life.pass(secs(10));
    life.registry.add(rag()).expect("is new");
    life.flush();
    let circuit = life.circuit("rag");
    assert_eq!(circuit.snapshot().retry_after, Some(secs(40)));
    assert_eq!(life.keeper.stats().restored, 1);
    life.stop();

    // Two starts without it lose nothing either.
    for _ in 0..2 {
        wall.start(kept.clone(), vec![Definition::new("vms")])
            .stop();
    }
    let life = wall.start(kept, vec![rag()]);
    assert_eq!(life.circuit("rag").state(), State::Open);
}

#[test]
fn a_circuit_that_was_removed_comes_back_as_a_new_one() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept.clone(), vec![rag()]);
    trip(life.circuit("rag"));
    life.flush();
    assert!(life.registry.remove("rag", &ada()));
    life.stop();
    let life = wall.start(kept, vec![rag()]);
    assert_eq!(life.circuit("rag").state(), State::Closed);
}

#[test]
fn a_wall_clock_that_was_set_back_lengthens_nothing() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept.clone(), vec![rag()]);
    trip(life.circuit("rag"));
    life.pass(secs(10));
    life.stop();
    wall.set_back(secs(3600));
    let life = wall.start(kept, vec![rag()]);
    let left = life.circuit("rag").snapshot().retry_after;
    assert_eq!(left, Some(secs(50)));
}

#[test]
fn a_restored_time_is_at_most_the_longest_of_the_settings() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept.clone(), vec![rag()]);
    trip(life.circuit("rag"));
    life.stop();
    let shorter = Settings::builder()
        .consecutive_failures(2)
        .open_for(secs(5))
        .open_for_max(secs(8))
        .build();
    let shorter = Definition::new("rag").settings(shorter.expect("are settings"));
    let life = wall.start(kept, vec![shorter]);
    assert_eq!(life.circuit("rag").snapshot().retry_after, Some(secs(8)));
    assert_eq!(
        settings().open_for(),
        secs(60),
        "longer than what was restored"
    );
}
