//! What the history says, and how it is followed.

use std::time::Duration;

use fusebox::{HoldKind, HoldRequest, State};
use fusebox_store::{EventQuery, EventRecord, Fed, Limits, rfc3339};
use serde_json::json;

use super::{SOON, Wall, ada, memory, rag, secs, trip};

#[test]
fn a_transition_is_kept_with_cause_and_numbers() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept, vec![rag()]);
    life.pass(secs(5));
    let at = wall.now();
    trip(life.circuit("rag"));
    life.pass(secs(1));
    let rows = life.rows_of("transition");
    let [row] = &rows[..] else {
        panic!("one transition: {rows:?}");
    };
    assert_eq!(
        (row.at, row.circuit.as_str(), &row.branch),
        (at, "rag", &None)
    );
    assert_eq!(
        (row.from.as_deref(), row.to.as_deref()),
        (Some("closed"), Some("open"))
    );
    assert_eq!(row.generation, life.circuit("rag").snapshot().generation);
    assert_eq!(row.cause.as_deref(), Some("consecutive_failures"));
    let evidence = row.evidence.as_ref().expect("has numbers");
    assert_eq!(evidence["consecutive_failures"], json!(2));
    assert_eq!(evidence["class"], json!("timeout"));
    assert_eq!(evidence["open_for"], json!("60s"));
    let text = evidence["text"].as_str().expect("is a sentence");
    assert!(text.contains("2 failures in a row"), "{text}");
}

#[test]
fn a_transition_is_dated_to_the_instant_that_was_due() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept, vec![rag()]);
    trip(life.circuit("rag"));
    let opened = wall.now();
    life.pass(secs(500));
    assert_eq!(life.circuit("rag").state(), State::HalfOpen);
    let rows = life.rows_of("transition");
    assert_eq!(rows[1].at, opened + secs(60));
    assert_eq!(rows[1].cause.as_deref(), Some("open_time_over"));
}

#[test]
fn who_did_what_and_why_is_kept() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept.clone(), vec![rag()]);
    let circuit = life.circuit("rag");
    circuit.hold(HoldRequest {
        kind: HoldKind::Observe,
        reason: "a new version".to_owned(),
        author: ada(),
        for_: Some(secs(60)),
    });
    let until = rfc3339(wall.now() + secs(60));
    life.pass(secs(60));
    assert!(circuit.snapshot().hold.is_none());
    circuit.reset(&ada());
    life.registry.main().open("a fire", &ada());
    life.registry.main().close(&ada());
    let rows = life.history();
    let row = |kind: &str| {
        let row = rows.iter().find(|row| row.kind == kind);
        row.unwrap_or_else(|| panic!("{kind} in {rows:?}"))
    };
    let held = row("hold_set");
    assert_eq!(
        (held.by.as_deref(), held.reason.as_deref()),
        (Some("ada"), Some("a new version"))
    );
    assert_eq!(
        held.details,
        Some(json!({"hold": "observe", "until": until}))
    );
    assert_eq!(
        row("hold_ended").details,
        Some(json!({"hold": "observe", "expired": true}))
    );
    assert_eq!(row("reset").by.as_deref(), Some("ada"));
    let main = row("main_opened");
    assert_eq!(
        (main.circuit.as_str(), main.reason.as_deref()),
        ("", Some("a fire"))
    );
    assert_eq!(row("main_closed").by.as_deref(), Some("ada"));

    trip(circuit);
    life.stop();
    let life = wall.start(kept, vec![rag()]);
    let rows = life.rows_of("restored");
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows[0].circuit.as_str(), rows[0].to.as_deref()),
        ("rag", Some("open"))
    );
}

#[test]
fn a_restart_does_not_say_again_what_was_said() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept.clone(), vec![rag()]);
    let request = fusebox::OverrideRequest {
        change: fusebox::SettingsChange::new().set("open_for", fusebox::Value::Text("90s")),
        reason: "a slow night".to_owned(),
        author: ada(),
        for_: None,
        age: None,
    };
    life.registry.set_override("rag", request).expect("fits");
    life.registry.main().open("a fire", &ada());
    let said = life.history();
    life.stop();
    for _ in 0..2 {
        // Also where no time has passed.
        let life = wall.start(kept.clone(), vec![rag()]);
        let listed = life.registry.listed("rag");
        assert!(listed.is_some_and(|listed| listed.over.is_some()));
        assert!(life.registry.main().is_open());
        assert_eq!(life.history(), said);
        life.stop();
    }
}

#[test]
fn kinds_are_the_words_of_the_list() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept, vec![rag()]);
    trip(life.circuit("rag"));
    life.registry.remove("rag", &ada());
    life.registry.main().open("a fire", &ada());
    let known = |row: &EventRecord| EventRecord::KINDS.contains(&&*row.kind);
    let rows = life.history();
    assert!(rows.len() >= 3 && rows.iter().all(known), "{rows:?}");
}

#[test]
fn a_replay_file_finds_its_transition() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept, vec![rag()]);
    let circuit = life.circuit("rag");
    trip(circuit);
    let generation = circuit.snapshot().generation;
    // At once, before the keeper can have seen the transition.
    life.keeper
        .attach_replay("rag", generation, "{\"id\": \"trip\"}".to_owned());
    let rows = life.rows_of("transition");
    assert!(rows[0].has_replay);
    let replay = life.keeper.replay(rows[0].id).wait(SOON);
    assert_eq!(replay, Ok(Some("{\"id\": \"trip\"}".to_owned())));
    assert_eq!(life.keeper.replay(u64::MAX).wait(SOON), Ok(None));
}

#[test]
fn events_are_followed_with_the_numbers_that_they_are_kept_under() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept, vec![rag()]);
    life.flush();
    let mut feed = life.keeper.follow();
    assert_eq!(feed.try_next(), None, "from now on");
    trip(life.circuit("rag"));
    let rows = life.rows_of("transition");
    let fed = feed.try_next();
    assert_eq!(fed, Some(Fed::Event(std::sync::Arc::new(rows[0].clone()))));
    assert_eq!(feed.try_next(), None);
}

#[test]
fn a_reader_that_waits_is_woken() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept, vec![rag()]);
    life.flush();
    let mut feed = life.keeper.follow();
    let (ask, asked) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let rung = std::sync::Arc::new(Bell(std::thread::current()));
        let waker = std::task::Waker::from(rung);
        let cx = std::task::Context::from_waker(&waker);
        loop {
            if let std::task::Poll::Ready(fed) = feed.poll_next(&cx) {
                return fed;
            }
            ask.send(()).expect("the test waits");
            std::thread::park();
        }
    });
    asked.recv_timeout(SOON).expect("it waits");
    trip(life.circuit("rag"));
    let Some(Fed::Event(event)) = reader.join().expect("ends") else {
        panic!("an event");
    };
    assert_eq!(event.kind, "transition");
}

struct Bell(std::thread::Thread);

impl std::task::Wake for Bell {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.unpark();
    }
}

#[test]
fn history_is_trimmed_at_the_start() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept.clone(), vec![rag()]);
    trip(life.circuit("rag"));
    life.stop();
    wall.pass(secs(3600));
    let limits = Limits {
        events_age: Duration::from_secs(600),
        ..Limits::default()
    };
    let builder = wall.builder().limits(limits);
    let life = wall.start_with(builder, kept, vec![rag()]);
    super::eventually("the old row is gone", || {
        let page = life.keeper.events(EventQuery::default()).wait(SOON);
        let rows = page.expect("reads").items;
        rows.iter().all(|row| row.at == wall.now())
    });
    assert!(!life.history().is_empty(), "the new ones stay");
}
