//! What other settings would have done in the last hour.

use crate::life::Life;
use fusebox::{FailureClass, HoldKind, Outcome, Settings, Settlement, State, Tick};
use fusebox_sim::Openings;
use fusebox_sim::tape::Recorded;
use fusebox_sim::what_if::{Outlook, what_if};
use std::time::Duration;

const SUCCESS: Settlement = Settlement::new(Outcome::Success);
const FAILURE: Settlement = Settlement::new(Outcome::Failure(FailureClass::Timeout));

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn settings(run: u32, open_for: u64) -> Settings {
    let builder = Settings::builder()
        .consecutive_failures(run)
        .open_for(ms(open_for))
        .jitter(fusebox::Rate::ZERO)
        .half_open_successes(1);
    builder.build().expect("good settings")
}

/// Calls every 100 ms, of which those between 10 s and 20 s fail, for 60 s.
fn outage(settings: Settings) -> Life {
    let mut life = Life::new(settings, Tick::from_nanos(77_000_000_000), 3);
    for tenth in 0..600 {
        let down = (100..200).contains(&tenth);
        life.call(if down { FAILURE } else { SUCCESS });
        life.advance(ms(100));
    }
    life
}

fn recorded(life: &Life) -> Recorded {
    let now = fusebox::Clock::now(&life.clock);
    life.tape.record(now).expect("a record")
}

fn asked(recorded: &Recorded, settings: &Settings) -> Outlook {
    what_if(&recorded.record, Some(settings)).expect("settings that are taken")
}

#[test]
fn the_settings_of_the_time_give_the_life_that_was() {
    let life = outage(settings(5, 5_000));
    let recorded = recorded(&life);
    let outlook = what_if(&recorded.record, None).expect("a run");
    assert_eq!(outlook.openings, recorded.openings);
    let (from, until) = (recorded.record.from, recorded.record.until);
    assert_eq!(
        outlook.openings.agreement(&recorded.openings, from, until),
        Some(1.0)
    );
    assert_eq!((outlook.calls_rejected, outlook.late), (0, 0));
    assert_eq!(
        (outlook.let_through, outlook.rejections),
        (0, recorded.rejections)
    );
    assert_eq!(outlook.calls, recorded.calls);
    assert_eq!(outlook.time_open, life.breaker.snapshot().open_time);
    assert_eq!(outlook.ended, Some(State::Closed));
    // Two openings, of 5 s and 10 s.
    assert_eq!(outlook.openings.total(), 2);
    assert_eq!(outlook.time_open, ms(15_000));
}

#[test]
fn an_earlier_opening_avoids_failures_and_a_later_one_rejects_nothing() {
    let life = outage(settings(5, 5_000));
    let recorded = recorded(&life);
    let earlier = asked(&recorded, &settings(3, 5_000));
    assert_eq!((earlier.failures_avoided, earlier.successes_lost), (2, 0));
    assert_eq!(
        earlier.openings.kept()[0].why(),
        "3 failures in a row, the last one by timeout"
    );
    let never = asked(&recorded, &settings(1_000, 5_000));
    assert_eq!(never.openings.total(), 0);
    assert_eq!(
        (never.let_through, never.rejected()),
        (recorded.rejections, 0)
    );
}

#[test]
fn a_longer_opening_loses_calls_that_succeeded() {
    let life = outage(settings(5, 5_000));
    let recorded = recorded(&life);
    let longer = asked(&recorded, &settings(5, 40_000));
    assert_eq!(longer.openings.total(), 1);
    assert_eq!(longer.time_open, ms(40_000));
    assert!(longer.successes_lost > 200, "{longer:?}");
}

/// A trial that nobody knows anything of takes as long as calls do, so that not all that come
/// meanwhile are let through.
#[test]
fn a_half_open_circuit_lets_unknown_calls_through_one_at_a_time() {
    let mut life = Life::new(settings(2, 60_000), Tick::ZERO, 3);
    for _ in 0..2 {
        life.call(FAILURE.took(ms(200)));
    }
    for _ in 0..100 {
        life.call(SUCCESS);
        life.advance(ms(10));
    }
    let recorded = recorded(&life);
    assert_eq!((recorded.calls, recorded.rejections), (2, 100));
    let sooner = asked(&recorded, &settings(2, 100));
    // Half-open for 0.9 s, 0.2 s a trial.
    assert!((4..=5).contains(&sooner.let_through), "{sooner:?}");
    assert_eq!(sooner.ended, Some(State::HalfOpen));
}

#[test]
fn a_call_under_way_at_an_opening_comes_late_and_is_not_rejected() {
    let mut life = Life::new(settings(5, 5_000), Tick::from_nanos(1_000_000_000), 3);
    life.advance(ms(1_000));
    for _ in 0..3 {
        life.call(FAILURE.took(ms(1)));
        life.advance(ms(10));
    }
    // Began before the third failure.
    life.call(SUCCESS.took(ms(25)));
    let outlook = asked(&recorded(&life), &settings(3, 5_000));
    assert_eq!((outlook.calls_rejected, outlook.late), (0, 1));
}

#[test]
fn what_hands_did_is_done_again() {
    let mut life = Life::new(settings(5, 5_000), Tick::from_nanos(5), 3);
    life.advance(ms(500));
    life.transition(State::Open);
    life.advance(ms(1_000));
    life.reset();
    life.advance(ms(500));
    life.hold(HoldKind::Observe, Some(ms(2_000)));
    for _ in 0..6 {
        life.call(FAILURE);
    }
    life.advance(ms(3_000));
    life.main(true);
    life.call(SUCCESS);
    life.main(false);
    life.hold(HoldKind::ForcedOpen, None);
    life.call(SUCCESS);
    life.advance(ms(700));
    life.release();
    life.call(SUCCESS);
    let recorded = recorded(&life);
    let outlook = what_if(&recorded.record, None).expect("a run");
    let told = |openings: &Openings| {
        let kept = openings.kept().iter();
        let told = kept.map(|o| (o.at, o.cause, o.lasted, o.would));
        told.collect::<Vec<_>>()
    };
    assert_eq!(told(&outlook.openings), told(&recorded.openings));
    assert_eq!(recorded.openings.total(), 2);
    assert!(recorded.openings.kept()[1].would);
    assert_eq!(outlook.rejected(), recorded.rejections);
    assert_eq!(outlook.ended, Some(life.breaker.state()));
}

#[test]
fn a_record_may_begin_in_an_opening() {
    let mut life = outage(settings(5, 45_000));
    // 10.4 s + 45 s: it is closed again by now; open it and let the hour go by but for 2 s.
    for _ in 0..5 {
        life.call(FAILURE);
    }
    assert_eq!(life.breaker.state(), State::Open);
    let checkpoint = fusebox_sim::tape::Checkpoint {
        at: fusebox::Clock::now(&life.clock),
        saved: life.breaker.save(),
        settings: life.breaker.settings(),
        main_open: false,
    };
    let generation = life.breaker.snapshot().generation;
    let at = checkpoint.at;
    let tape = fusebox_sim::tape::Tape::new(checkpoint, generation, at, false);
    let later = at.saturating_add(ms(2_000));
    let recorded = tape.record(later).expect("a record");
    let outlook = what_if(&recorded.record, None).expect("a run");
    assert_eq!(outlook.ended, Some(State::Open));
    assert_eq!(outlook.openings.time_open(at, later), ms(2_000));
    assert_eq!(
        outlook.openings.agreement(&recorded.openings, at, later),
        Some(1.0)
    );
    assert_eq!(
        recorded.openings.kept()[0].cause,
        fusebox::Cause::ConsecutiveFailures
    );
}

#[test]
fn two_runs_are_the_same_also_with_jitter() {
    let builder = Settings::builder()
        .consecutive_failures(2)
        .open_for(ms(700));
    let life = outage(builder.build().expect("good settings"));
    let recorded = recorded(&life);
    let other = Settings::builder()
        .consecutive_failures(3)
        .open_for(ms(900));
    let other = other.build().expect("good settings");
    assert_eq!(asked(&recorded, &other), asked(&recorded, &other));
}
