//! The recorder over a registry, ticked by hand.

use super::Recorder;
use fusebox::{
    Author, CircuitBreaker, Definition, Event, EventKind, FailureClass, HoldKind, HoldRequest,
    ManualClock, Outcome, Registry, Settings, Settlement, State,
};
use fusebox_sim::replay::Script;
use fusebox_sim::what_if::what_if;
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Files = Arc<Mutex<Vec<(Event, String)>>>;

/// A registry with one circuit that opens after 3 failures, a clock, and what was attached.
struct Bench {
    registry: Registry,
    clock: ManualClock,
    rag: &'static CircuitBreaker,
    recorder: Recorder,
    files: Files,
}

fn settings(run: u32) -> Settings {
    let builder = Settings::builder()
        .consecutive_failures(run)
        .jitter(fusebox::Rate::ZERO);
    builder.build().expect("good settings")
}

impl Bench {
    fn new() -> Self {
        let clock = ManualClock::new();
        clock.advance(Duration::from_secs(500));
        let registry = Registry::builder().clock(clock.clone()).build();
        let rag = registry.add(Definition::new("rag").settings(settings(3)));
        let files = Files::default();
        let attached = Arc::clone(&files);
        let attach = move |event: &Event, text| {
            let mut files = attached.lock().expect("no test panics with it");
            files.push((event.clone(), text));
        };
        Self {
            recorder: Recorder::new(&registry, Box::new(attach)),
            rag: rag.expect("a circuit"),
            registry,
            clock,
            files,
        }
    }

    fn fail(&self, circuit: &CircuitBreaker, times: u32) {
        for _ in 0..times {
            let permit = circuit.acquire().expect("a call is admitted");
            let failure = Settlement::new(Outcome::Failure(FailureClass::Status));
            permit.settle(failure.took(Duration::from_millis(7)));
        }
    }

    fn pass(&self, millis: u64) {
        self.clock.advance(Duration::from_millis(millis));
        for circuit in self.registry.circuits() {
            // What is due happens.
            let _ = circuit.state();
        }
        self.recorder.tick();
    }

    fn take(&self) -> Vec<(Event, String)> {
        std::mem::take(&mut *self.files.lock().expect("no test panics with it"))
    }
}

fn holds(text: &str) -> bool {
    let script = Script::parse(text.as_bytes());
    let report = script.and_then(|script| script.run());
    report.expect("a good file").ok()
}

#[test]
fn every_opening_is_handed_over_as_a_file_that_holds() {
    let of = Bench::new();
    of.pass(100);
    let success = of.rag.acquire().expect("a call is admitted");
    success.success();
    of.pass(100);
    of.fail(of.rag, 3);
    of.pass(100);
    // Half-open, and open again by a failed trial.
    of.pass(5_000);
    of.fail(of.rag, 1);
    of.pass(100);
    let files = of.take();
    assert_eq!(files.len(), 2);
    for (event, text) in &files {
        assert!(matches!(
            event.kind,
            EventKind::Transition {
                to: State::Open,
                ..
            }
        ));
        assert!(holds(text), "{text}");
        assert!(!text.contains("Cut"), "{text}");
        let id = format!("{{\"id\": \"rag-{}\"", event.generation);
        assert!(text.starts_with(&id), "{text}");
    }
    assert!(
        files[0]
            .1
            .contains(r#""outcome": "failure", "took": "7ms""#),
        "{}",
        files[0].1
    );
    assert!(
        files[1].1.contains(r#""to": "half_open""#),
        "{}",
        files[1].1
    );
}

#[test]
fn an_opening_between_two_ticks_is_seen_though_it_is_over() {
    let of = Bench::new();
    of.fail(of.rag, 3);
    of.clock.advance(Duration::from_secs(5));
    assert_eq!(of.rag.state(), State::HalfOpen);
    for _ in 0..2 {
        of.rag.acquire().expect("a trial").success();
    }
    of.fail(of.rag, 2);
    of.recorder.tick();
    let files = of.take();
    assert_eq!(files.len(), 1);
    assert!(holds(&files[0].1), "{}", files[0].1);
    assert_eq!(
        files[0].1.matches(r#""outcome": "failure""#).count(),
        2,
        "{}",
        files[0].1
    );
}

#[test]
fn what_would_have_opened_is_recorded_and_no_file() {
    let of = Bench::new();
    of.rag.hold(HoldRequest {
        kind: HoldKind::Observe,
        reason: "a look".to_owned(),
        author: Author::new("ada"),
        for_: None,
    });
    of.pass(100);
    of.fail(of.rag, 4);
    of.pass(100);
    assert!(of.take().is_empty());
    let recorded = of.recorder.recorded("rag").expect("a record");
    assert!(recorded.openings.kept()[0].would);
}

#[test]
fn a_circuit_that_comes_later_is_recorded_and_one_that_goes_is_let_go() {
    let of = Bench::new();
    let vms = of
        .registry
        .add(Definition::new("vms").settings(settings(2)));
    let vms = vms.expect("a circuit");
    of.pass(100);
    of.fail(vms, 2);
    of.pass(100);
    assert_eq!(of.take().len(), 1);
    let recorded = of.recorder.recorded("vms").expect("a record");
    assert_eq!((recorded.calls, recorded.openings.total()), (2, 1));
    let by = Author::new("ada");
    assert!(of.registry.remove("vms", &by));
    of.pass(100);
    assert!(of.recorder.recorded("vms").is_none());
    // Whose name comes back begins anew.
    of.registry.add(Definition::new("vms")).expect("a circuit");
    of.pass(100);
    let recorded = of.recorder.recorded("vms").expect("a record");
    assert_eq!((recorded.calls, recorded.openings.total()), (0, 0));
}

#[test]
fn the_last_hour_says_what_happened_and_what_was_missed() {
    let of = Bench::new();
    of.pass(60_000);
    of.fail(of.rag, 3);
    for _ in 0..20 {
        of.pass(100);
        of.rag.acquire().expect_err("it is open");
    }
    of.pass(100);
    of.pass(3_600_000 - 200_000);
    let recorded = of.recorder.recorded("rag").expect("a record");
    assert_eq!(
        (recorded.calls, recorded.rejections, recorded.missed),
        (3, 20, 0)
    );
    let outlook = what_if(&recorded.record, None).expect("a run");
    assert_eq!(outlook.rejected(), 20);
    assert_eq!(
        outlook.openings.kept()[0].lasted,
        recorded.openings.kept()[0].lasted
    );
    of.pass(3_600_000);
    let recorded = of.recorder.recorded("rag").expect("a record");
    assert_eq!((recorded.calls, recorded.rejections), (0, 0));
    // More than the tap holds between two ticks.
    for _ in 0..10_002 {
        of.rag.acquire().expect("a call is admitted").success();
    }
    let recorded = of.recorder.recorded("rag").expect("a record");
    assert!(recorded.missed > 5_000, "{}", recorded.missed);
    assert_eq!(recorded.calls + recorded.missed, 10_002);
}

#[test]
fn settings_that_changed_are_in_the_file() {
    let of = Bench::new();
    of.pass(100);
    of.fail(of.rag, 2);
    of.pass(100);
    let change = of.rag.change_settings(settings(4), &Author::new("ada"));
    change.expect("a change");
    of.pass(100);
    of.fail(of.rag, 2);
    of.pass(100);
    let files = of.take();
    assert_eq!(files.len(), 1);
    assert!(holds(&files[0].1), "{}", files[0].1);
    assert!(files[0].1.contains(r#""do": "settings""#), "{}", files[0].1);
}

#[test]
fn a_recorder_that_missed_events_begins_anew() {
    let of = Bench::new();
    of.fail(of.rag, 2);
    let by = Author::new("ada");
    for _ in 0..1_000 {
        of.rag.transition(State::Open, &by).expect("a move");
        of.rag.transition(State::Closed, &by).expect("a move");
    }
    of.recorder.tick();
    let recorded = of.recorder.recorded("rag").expect("a record");
    assert_eq!((recorded.calls, recorded.openings.total()), (0, 0));
    of.pass(100);
    of.fail(of.rag, 3);
    of.pass(100);
    let files = of.take();
    let (_, last) = files.last().expect("a file");
    assert!(holds(last), "{last}");
}

#[test]
fn when_everything_opens_at_once_files_are_written_over_some_ticks() {
    let of = Bench::new();
    let circuits: Vec<_> = (0..20)
        .map(|n| {
            let definition = Definition::new(format!("c{n}")).settings(settings(1));
            of.registry.add(definition).expect("a circuit")
        })
        .collect();
    of.pass(100);
    circuits.iter().for_each(|circuit| of.fail(circuit, 1));
    of.pass(100);
    let first = of.take().len();
    assert!((1..20).contains(&first), "{first}");
    (0..10).for_each(|_| of.pass(1));
    assert_eq!(first + of.take().len(), 20);
}

#[test]
fn a_circuit_that_a_store_restores_begins_there() {
    let of = Bench::new();
    of.fail(of.rag, 3);
    let saved = of.rag.save();
    let other = Bench::new();
    other.pass(100);
    assert!(other.rag.restore(&saved));
    other.pass(100);
    let recorded = other.recorder.recorded("rag").expect("a record");
    assert_eq!(recorded.state, State::Open);
    let outlook = what_if(&recorded.record, None).expect("a run");
    assert_eq!(outlook.ended, Some(State::Open));
    // It opened before: no file tells of that.
    assert!(other.take().is_empty());
}
