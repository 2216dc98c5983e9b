//! The last hour of a circuit, within its bounds.

use crate::life::Life;
use fusebox::{
    Author, Cause, CircuitBreaker, Clock, Event, EventKind, Evidence, FailureClass, Hold, HoldKind,
    ManualClock, Outcome, RecordedCall, Settings, Settlement, State, Tick,
};
use fusebox_sim::replay::Script;
use fusebox_sim::tape::{BYTES_MAX, CALLS_KEPT, Checkpoint, KEPT_FOR, Tape};
use fusebox_sim::what_if::what_if;
use std::sync::Arc;
use std::time::Duration;

const FAILURE: Settlement = Settlement::new(Outcome::Failure(FailureClass::Status));
const SUCCESS: Settlement = Settlement::new(Outcome::Success);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn settings(run: u32) -> Settings {
    let builder = Settings::builder().consecutive_failures(run);
    builder.build().expect("good settings")
}

fn checkpoint(at: Tick) -> Checkpoint {
    let clock = ManualClock::new();
    clock.set(at);
    let breaker = CircuitBreaker::builder("x").clock(clock).build();
    let breaker = breaker.expect("defaults");
    Checkpoint {
        at,
        saved: breaker.save(),
        settings: breaker.settings(),
        main_open: false,
    }
}

fn call(at: Tick) -> RecordedCall {
    RecordedCall {
        at,
        outcome: Outcome::Failure(FailureClass::Connect),
        took: Some(ms(3)),
        retry_after: Some(ms(5)),
        generation: 1,
    }
}

fn event(at: Tick, generation: u32, kind: EventKind) -> Event {
    Event {
        circuit: Arc::from("x"),
        branch: None,
        at,
        generation,
        kind,
        restored: false,
    }
}

#[test]
fn a_tape_takes_eight_mebibytes_at_most_whatever_comes() {
    let (mut now, by) = (Tick::from_nanos(1 << 60), Author::new("x".repeat(100)));
    let mut tape = Tape::new(checkpoint(now), 1, now, true);
    let hold = Hold {
        kind: HoldKind::ForcedOpen,
        reason: "r".repeat(1_000),
        author: by.clone(),
        since: now,
        until: None,
    };
    let mut worst = checkpoint(now);
    worst.saved.hold = Some(fusebox::SavedHold {
        kind: hold.kind,
        reason: hold.reason.clone(),
        author: by.clone(),
        age: ms(0),
        left: None,
    });
    for tick in 0..60_000_u32 {
        // 3 ms a tick, and a hundred times as much of everything as is kept.
        let before = now;
        now = now.saturating_add(ms(3));
        for _ in 0..100 {
            tape.call(&call(now));
        }
        tape.rejected(before, now, 5);
        tape.event(
            &event(now, tick + 1, EventKind::HoldSet(hold.clone())),
            &worst.settings,
        );
        let kind = EventKind::SettingsChanged { by: by.clone() };
        tape.event(&event(now, tick + 1, kind), &worst.settings);
        let evidence = Evidence {
            by: Some(by.clone()),
            ..Evidence::default()
        };
        let kind = EventKind::WouldOpen {
            cause: Cause::Hand,
            evidence,
        };
        tape.event(&event(now, tick + 1, kind), &worst.settings);
        tape.forget(now);
        if tape.wants_mark(now) {
            tape.mark(Checkpoint {
                at: now,
                ..worst.clone()
            });
        }
    }
    let bytes = tape.bytes();
    assert!(bytes <= BYTES_MAX, "{bytes}");
    assert!(
        bytes > CALLS_KEPT * 16,
        "{bytes}: the calls alone take more"
    );
    let recorded = tape.record(now).expect("a record");
    // Rejections, events or calls: the shortest decides, and no more is claimed.
    let covered = recorded.record.until.saturating_since(recorded.record.from);
    assert!(covered > ms(3) && covered <= ms(3 * 2_048), "{covered:?}");
}

#[test]
fn calls_over_the_bound_go_and_the_record_begins_later() {
    let start = Tick::from_nanos(1 << 50);
    let mut tape = Tape::new(checkpoint(start), 1, start, true);
    let mut now = start;
    for _ in 0..CALLS_KEPT + 10_000 {
        now = now.saturating_add(ms(1));
        tape.call(&call(now));
        if tape.wants_mark(now) {
            tape.mark(checkpoint(now));
        }
    }
    let recorded = tape.record(now).expect("a record");
    let kept = CALLS_KEPT as u64;
    assert!(
        (kept * 9 / 10..=kept).contains(&recorded.calls),
        "{}",
        recorded.calls
    );
    assert!(recorded.record.from > start);
    assert_eq!(recorded.missed, 0);
    assert!(!tape.trip("x".to_owned(), &event(now, 2, opened())).whole);
}

fn opened() -> EventKind {
    EventKind::Transition {
        from: State::Closed,
        to: State::Open,
        cause: Cause::ConsecutiveFailures,
        evidence: Evidence::default(),
    }
}

#[test]
fn what_is_older_than_an_hour_is_forgotten() {
    let mut life = Life::new(settings(3), Tick::from_nanos(9), 1);
    for _ in 0..3 {
        life.call(FAILURE);
    }
    for _ in 0..90 {
        life.advance(Duration::from_mins(1));
        life.call(SUCCESS);
    }
    let recorded = life.tape.record(life.clock.now()).expect("a record");
    let covered = recorded.record.until.saturating_since(recorded.record.from);
    assert!(
        covered <= KEPT_FOR && covered > Duration::from_mins(57),
        "{covered:?}"
    );
    assert_eq!(recorded.openings.total(), 0);
    assert!((58..=60).contains(&recorded.calls), "{}", recorded.calls);
    let outlook = what_if(&recorded.record, None).expect("a run");
    assert_eq!(outlook.ended, Some(State::Closed));
}

#[test]
fn missed_calls_are_told_and_cut_the_file() {
    let mut life = Life::new(settings(3), Tick::from_nanos(9), 1);
    life.tape.missed(7);
    life.advance(ms(10));
    for _ in 0..3 {
        life.call(FAILURE);
    }
    let recorded = life.tape.record(life.clock.now()).expect("a record");
    assert_eq!(recorded.missed, 7);
    let (_, exported) = &life.exported[0];
    assert!(exported.cut && exported.holds);
    assert!(
        exported.text.contains("Cut: 7 calls were missed"),
        "{}",
        exported.text
    );
}

#[test]
fn a_long_generation_is_cut_to_its_last_calls_and_says_so() {
    let window = fusebox::WindowSize::Calls(100);
    let builder = Settings::builder().failure_count(50).window(window);
    let settings = builder.build().expect("good settings");
    let mut life = Life::new(settings, Tick::from_nanos(77), 1);
    for _ in 0..25_000 {
        life.advance(Duration::from_micros(1_001));
        life.call(SUCCESS.took(Duration::from_nanos(1_234_567)));
    }
    for _ in 0..50 {
        life.advance(Duration::from_micros(1_001));
        life.call(FAILURE);
    }
    let (_, exported) = &life.exported[0];
    assert!(exported.cut && exported.holds, "{}", &exported.text[..500]);
    assert!(
        exported.text.len() <= 1024 * 1024,
        "{}",
        exported.text.len()
    );
    // So many steps of this length fit.
    assert!(
        (9_000..=20_000).contains(&exported.calls),
        "{}",
        exported.calls
    );
    let dropped = 25_050 - exported.calls;
    let about = format!(
        "Cut: the last {} calls, {dropped} before them",
        exported.calls
    );
    assert!(exported.text.contains(&about), "{}", &exported.text[..500]);
    let report = Script::parse(exported.text.as_bytes()).and_then(|script| script.run());
    assert!(report.expect("a good file").ok());
}

#[test]
fn a_tape_that_begins_in_a_generation_cuts_its_file() {
    let now = Tick::from_nanos(5_000_000);
    let mut tape = Tape::new(checkpoint(now), 1, Tick::ZERO, false);
    let at = now.saturating_add(ms(1));
    for _ in 0..5 {
        tape.call(&call(at));
    }
    let trip = tape.trip("late".to_owned(), &event(at, 2, opened()));
    let exported = trip.export().expect("a file");
    assert!(exported.cut && exported.holds, "{}", exported.text);
    assert!(
        exported
            .text
            .contains("its generation began before what is kept")
    );
}

#[test]
fn a_policy_that_no_file_has_is_told_and_nothing_is_expected() {
    let now = Tick::from_nanos(5_000_000);
    let mut tape = Tape::new(checkpoint(now), 1, now, true);
    tape.call(&call(now));
    let kind = EventKind::Transition {
        from: State::Closed,
        to: State::Open,
        cause: Cause::Policy("mine"),
        evidence: Evidence::default(),
    };
    let exported = tape.trip("own".to_owned(), &event(now, 2, kind)).export();
    let exported = exported.expect("a file");
    assert!(
        exported.text.contains("The policy mine is in no file"),
        "{}",
        exported.text
    );
    assert!(!exported.holds && !exported.text.contains("expect\""));
}

#[test]
fn a_life_that_no_file_comes_to_is_told_as_it_was() {
    let now = Tick::from_nanos(5_000_000);
    let mut tape = Tape::new(checkpoint(now), 1, now, true);
    tape.call(&call(now));
    let exported = tape
        .trip("odd".to_owned(), &event(now, 2, opened()))
        .export();
    let exported = exported.expect("a file");
    assert!(!exported.holds);
    assert!(exported.text.contains("A replay does not come to the same"));
    let report = Script::parse(exported.text.as_bytes()).and_then(|script| script.run());
    assert!(!report.expect("a good file").ok());
}

#[test]
fn an_event_of_a_branch_is_in_no_file_and_on_no_tape() {
    let now = Tick::from_nanos(5_000_000);
    let mut tape = Tape::new(checkpoint(now), 1, now, true);
    let mut of_branch = event(now, 2, opened());
    of_branch.branch = Some(Arc::from("shard-1"));
    assert_eq!(tape.trip("b".to_owned(), &of_branch).export(), None);
    tape.event(&of_branch, &settings(3));
    assert_eq!(tape.record(now).expect("a record").openings.total(), 0);
}

#[test]
fn equal_calls_at_one_instant_are_cut_by_their_number() {
    let window = fusebox::WindowSize::Calls(10);
    let builder = Settings::builder().failure_count(5).window(window);
    let mut life = Life::new(builder.build().expect("good settings"), Tick::ZERO, 1);
    let other = Settings::builder().failure_count(6).window(window);
    for number in 0..30_000 {
        life.call(SUCCESS);
        if number == 2_000 {
            life.settings(other.clone().build().expect("good settings"));
        }
    }
    for _ in 0..6 {
        life.call(FAILURE);
    }
    let (_, exported) = &life.exported[0];
    assert!(exported.cut && exported.holds, "{}", exported.text);
    assert_eq!(exported.calls, 20_000);
    assert!(
        exported.text.contains("10006 before them"),
        "{}",
        exported.text
    );
    // The settings of the time, and no step that changes them.
    assert!(
        exported.text.contains(r#""failure_count":6"#),
        "{}",
        exported.text
    );
    assert!(!exported.text.contains(r#""do": "settings""#));
}
