use std::collections::VecDeque;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(5);

/// A receiver in virtual time that fails what is above `limit` in any second, and answers after
/// `answers_in`.
struct Receiver {
    limit: usize,
    answers_in: Duration,
    /// When something came within the last second.
    came: VecDeque<Duration>,
    /// Answers on their way: when, sent when, whether it is good, whether it is the relay's.
    answers: VecDeque<(Duration, Duration, bool, bool)>,
}

impl Receiver {
    fn new(limit: usize, answers_in: Duration) -> Self {
        Self {
            limit,
            answers_in,
            came: VecDeque::new(),
            answers: VecDeque::new(),
        }
    }

    fn call(&mut self, now: Duration, is_own: bool) -> bool {
        while self.came.front().is_some_and(|at| *at + SECOND <= now) {
            self.came.pop_front();
        }
        self.came.push_back(now);
        let is_good = self.came.len() <= self.limit;
        self.answers
            .push_back((now + self.answers_in, now, is_good, is_own));
        is_good
    }
}

/// What a run showed.
#[derive(Debug, Default)]
struct Run {
    sent: u64,
    failed: u64,
    live: u64,
    live_failed: u64,
    /// The longest time on end with more than the limit in the last second.
    longest_above: Duration,
    above: Duration,
    rate_max: f64,
    rate: f64,
}

/// Runs an endless backlog against a receiver.
fn run(pacer: &mut Pacer, receiver: &mut Receiver, time: Duration, live_rate: f64) -> Run {
    let begin = pacer.filled_at;
    let mut run = Run::default();
    let (mut now, mut above_since, mut live_due) = (begin, None, 0.0);
    let (mut ended, mut looked) = (Ended::default(), begin);
    while now < begin + time {
        now += STEP;
        live_due += live_rate * STEP.as_secs_f64();
        while live_due >= 1.0 {
            live_due -= 1.0;
            run.live += 1;
            run.live_failed += u64::from(!receiver.call(now, false));
        }
        for _ in 0..pacer.take(now, 1000) {
            run.sent += 1;
            run.failed += u64::from(!receiver.call(now, true));
        }
        while receiver
            .answers
            .front()
            .is_some_and(|answer| answer.0 <= now)
        {
            let (_, sent_at, is_good, is_own) = receiver.answers.pop_front().unwrap();
            match (is_own, is_good) {
                (true, true) => {
                    ended.own_good += 1;
                    pacer.good();
                }
                (true, false) => pacer.failed(sent_at, now),
                (false, true) => ended.live_good += 1,
                (false, false) => ended.live_bad += 1,
            }
        }
        if now - looked >= SECOND {
            pacer.ended(now, now - looked, std::mem::take(&mut ended));
            looked = now;
        }
        if receiver.came.len() > receiver.limit {
            let since = *above_since.get_or_insert(now);
            run.above += STEP;
            run.longest_above = run.longest_above.max(now - since + STEP);
        } else {
            above_since = None;
        }
        run.rate_max = run.rate_max.max(pacer.rate());
    }
    run.rate = pacer.rate();
    run
}

#[test]
fn the_rate_doubles_every_interval_from_the_start_on() {
    let mut pacer = Pacer::new(Pace::default(), Duration::ZERO);
    let mut receiver = Receiver::new(usize::MAX, STEP);
    for expected in [20.0, 40.0, 80.0, 160.0] {
        let run = run(&mut pacer, &mut receiver, 2 * SECOND, 0.0);
        assert!((run.rate / expected - 1.0).abs() < 0.1, "{run:?}");
        // The mean of a rate that doubles is its end by 2 ln 2.
        let mean = expected / (2.0 * std::f64::consts::LN_2) * 2.0;
        let sent = count_of(run.sent);
        assert!((sent / mean - 1.0).abs() < 0.15, "{run:?}, not {mean}");
    }
}

#[test]
fn a_greatest_rate_is_kept() {
    let pace = Pace::default().rate_max(50.0);
    let mut pacer = Pacer::new(pace, Duration::ZERO);
    let mut receiver = Receiver::new(usize::MAX, STEP);
    run(&mut pacer, &mut receiver, 20 * SECOND, 0.0);
    let run = run(&mut pacer, &mut receiver, 60 * SECOND, 0.0);
    assert!((2990..=3010).contains(&run.sent), "{run:?}");
}

#[test]
fn what_nobody_uses_does_not_grow() {
    let mut pacer = Pacer::new(Pace::default(), Duration::ZERO);
    for second in 1..600 {
        // One message comes, and there is none when the relay looks again.
        assert_eq!(pacer.take(second * SECOND, 16), 1);
        let again = second * SECOND + SECOND / 5;
        let taken = pacer.take(again, 16);
        pacer.give_back(taken);
    }
    assert!(pacer.rate() < 20.0, "{}", pacer.rate());
}

#[test]
fn one_burst_of_failures_halves_once() {
    let mut pacer = Pacer::new(Pace::default().start(100.0), Duration::ZERO);
    let sent = SECOND;
    for _ in 0..50 {
        pacer.failed(sent, 2 * SECOND);
    }
    assert_eq!(pacer.rate(), 50.0);
    pacer.failed(2 * SECOND, 3 * SECOND);
    assert_eq!(pacer.rate(), 25.0, "sent at the new rate, so news");
}

#[test]
fn one_failure_in_a_hundred_is_forgiven_and_a_second_is_not() {
    let mut pacer = Pacer::new(Pace::default().start(100.0), Duration::ZERO);
    (0..1000).for_each(|_| pacer.good());
    pacer.failed(SECOND, 2 * SECOND);
    assert_eq!(pacer.rate(), 100.0);
    pacer.failed(SECOND, 2 * SECOND);
    assert_eq!(pacer.rate(), 50.0);
}

#[test]
fn a_throttle_is_not_forgiven() {
    let mut pacer = Pacer::new(Pace::default().start(100.0), Duration::ZERO);
    (0..1000).for_each(|_| pacer.good());
    pacer.throttled(SECOND, 2 * SECOND);
    assert_eq!(pacer.rate(), 50.0);
}

#[test]
fn nothing_grows_while_there_is_trouble() {
    let mut pacer = Pacer::new(Pace::default(), Duration::ZERO);
    pacer.failed(Duration::ZERO, SECOND);
    let halved = pacer.rate();
    for tenth in 10..100 {
        let now = tenth * SECOND / 10;
        pacer.take(now, 100);
        // Of the burst that was sent before the halving: no halving, and no growth.
        pacer.failed(Duration::ZERO, now);
        assert_eq!(pacer.rate(), halved);
    }
}

#[test]
fn the_rate_never_falls_to_nothing() {
    let mut pacer = Pacer::new(Pace::default(), Duration::ZERO);
    for second in 1..100 {
        pacer.failed(second * SECOND, second * SECOND);
    }
    assert_eq!(pacer.rate(), 1.0);
    assert!(pacer.wait(100 * SECOND) <= SECOND);
}

#[test]
fn a_rest_lets_nothing_pass_and_tells_how_long() {
    let mut pacer = Pacer::new(Pace::default(), Duration::ZERO);
    pacer.rest(9 * SECOND);
    assert_eq!(pacer.take(2 * SECOND, 1), 0);
    assert_eq!(pacer.wait(2 * SECOND), 7 * SECOND);
    assert_eq!(pacer.take(9 * SECOND, 1), 1);
}

#[test]
fn after_an_outage_it_begins_slowly_and_doubles_up_to_what_was_safe() {
    let mut pacer = Pacer::new(Pace::default(), Duration::ZERO);
    let mut receiver = Receiver::new(usize::MAX, STEP);
    run(&mut pacer, &mut receiver, 12 * SECOND, 0.0);
    let before = pacer.rate();
    let now = pacer.filled_at;
    pacer.throttled(now, now);
    pacer.restart(now + 5 * SECOND);
    assert_eq!(pacer.rate(), 10.0);
    let ramp = run(&mut pacer, &mut receiver, 10 * SECOND, 0.0);
    assert!(
        (ramp.rate / (before / 2.0) - 1.0).abs() < 0.1,
        "{ramp:?}, {before}"
    );
    let probing = run(&mut pacer, &mut receiver, 2 * SECOND, 0.0);
    assert!(probing.rate < ramp.rate * 1.1, "{probing:?}");
}

#[test]
fn a_rate_that_was_not_used_for_long_is_forgotten() {
    let mut pacer = Pacer::new(Pace::default(), Duration::ZERO);
    let mut receiver = Receiver::new(usize::MAX, STEP);
    run(&mut pacer, &mut receiver, 12 * SECOND, 0.0);
    assert!(pacer.rate() > 300.0);
    let now = pacer.filled_at + STALE_AFTER;
    assert_eq!(pacer.take(now, 1000), 1);
    assert_eq!(pacer.rate(), 10.0);
}

#[test]
fn a_receiver_that_fails_above_50_per_second_is_not_driven_above_it_for_long() {
    for answers_in in [STEP, SECOND / 10, SECOND / 2] {
        let mut pacer = Pacer::new(Pace::default(), Duration::ZERO);
        let mut receiver = Receiver::new(50, answers_in);
        let run = run(&mut pacer, &mut receiver, 600 * SECOND, 0.0);
        // A round trip, two failures, and the second that the receiver looks back.
        let bound = answers_in + SECOND;
        assert!(run.longest_above <= bound, "{run:?} at {answers_in:?}");
        assert!(run.above < 60 * SECOND, "{run:?} at {answers_in:?}");
        let times = (answers_in + SECOND).as_secs_f64() / 2.0;
        assert!(
            run.rate_max <= 50.0 * times.exp2(),
            "{run:?} at {answers_in:?}"
        );
        // And it is used all the same: more than half of what it can take.
        assert!(run.sent - run.failed > 600 * 50 / 2, "{run:?}");
        assert!(run.failed * 20 < run.sent, "{run:?}");
    }
}

#[test]
fn a_receiver_that_becomes_weak_is_relieved_after_a_few_round_trips() {
    let mut pacer = Pacer::new(Pace::default(), Duration::ZERO);
    let answers_in = SECOND / 10;
    run(
        &mut pacer,
        &mut Receiver::new(usize::MAX, answers_in),
        13 * SECOND,
        0.0,
    );
    assert!(pacer.rate() > 800.0, "{}", pacer.rate());
    let run = run(
        &mut pacer,
        &mut Receiver::new(50, answers_in),
        60 * SECOND,
        0.0,
    );
    // log2(900 / 50) + 1 round trips, and the second that the receiver looks back.
    assert!(run.longest_above <= 6 * answers_in + SECOND, "{run:?}");
}

#[test]
fn live_traffic_keeps_its_share() {
    let mut pacer = Pacer::new(Pace::default(), Duration::ZERO);
    let mut receiver = Receiver::new(100, SECOND / 20);
    run(&mut pacer, &mut receiver, 60 * SECOND, 40.0);
    let run = run(&mut pacer, &mut receiver, 300 * SECOND, 40.0);
    assert!(run.sent <= 300 * 52, "more than its half: {run:?}");
    assert!(run.sent >= 300 * 25, "far less than its half: {run:?}");
    assert!(run.live_failed * 100 <= run.live, "{run:?}");
}

#[test]
fn without_live_traffic_it_uses_all() {
    let mut pacer = Pacer::new(Pace::default(), Duration::ZERO);
    let mut receiver = Receiver::new(100, SECOND / 20);
    run(&mut pacer, &mut receiver, 60 * SECOND, 40.0);
    let run = run(&mut pacer, &mut receiver, 300 * SECOND, 0.0);
    assert!(run.sent >= 300 * 55, "{run:?}");
}

#[test]
fn a_trickle_of_live_calls_does_not_hold_the_backlog() {
    let mut pacer = Pacer::new(Pace::default(), Duration::ZERO);
    let mut receiver = Receiver::new(usize::MAX, SECOND / 20);
    let run = run(&mut pacer, &mut receiver, 60 * SECOND, 1.0);
    assert!(run.sent > 60 * 100, "{run:?}");
    assert_eq!(run.live_failed, 0);
}

#[test]
fn failures_of_live_calls_are_trouble() {
    let mut pacer = Pacer::new(Pace::default().start(100.0), Duration::ZERO);
    let bad = Ended {
        live_bad: 7,
        ..Ended::default()
    };
    pacer.ended(5 * SECOND, SECOND, bad);
    assert_eq!(pacer.rate(), 50.0);
}

#[test]
fn the_default_can_be_and_nonsense_cannot() {
    let pace = Pace::default();
    assert_eq!(pace.check(), Ok(()));
    for (field, pace) in [
        ("start", pace.start(0.0)),
        ("start", pace.start(f64::NAN)),
        ("double_every", pace.double_every(Duration::ZERO)),
        ("rate_max", pace.rate_max(1.0)),
        ("rate_max", pace.rate_max(f64::NAN)),
        ("live_share", pace.live_share(1.1)),
        ("live_share", pace.live_share(f64::NAN)),
    ] {
        assert_eq!(pace.check().map_err(|error| error.field), Err(field));
    }
}
