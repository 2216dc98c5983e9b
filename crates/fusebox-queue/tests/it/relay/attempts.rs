use std::time::Duration;

use fusebox::FailureClass;
use fusebox_queue::relay::{Pace, Waits};
use fusebox_queue::sink::Reply;
use fusebox_queue::{Death, MessageState, QueueSettings, Response};

use super::world::{Fake, SECOND, STEP, World, down};

fn patient() -> World {
    let mut settings = QueueSettings::default();
    settings.attempts_max = Some(4);
    World::with(|breaker| breaker.consecutive_failures(1000), settings)
}

#[tokio::test(start_paused = true)]
async fn a_message_is_dead_after_its_last_attempt_with_its_history_and_its_key_goes_on() {
    let world = patient();
    let sink = Fake::new(&world, STEP, |message, _| match &message.body[..] {
        b"bad" => down(),
        _ => Reply::DELIVERED,
    });
    let bad = world.push(Some("k"), "bad").await;
    let good = world.push(Some("k"), "good").await;
    let relay = world.relay().sink(sink.clone()).start().unwrap();
    world.until(&relay, |stats| stats.delivered == 1).await;
    assert_eq!(sink.bodies(), ["bad", "bad", "bad", "bad", "good"]);
    let dead = world.record(bad).await;
    assert_eq!(
        (dead.state, dead.death),
        (MessageState::Dead, Some(Death::Attempts))
    );
    assert_eq!((dead.attempts, dead.deferrals), (4, 0));
    assert_eq!(dead.history.len(), 4);
    for attempt in &dead.history {
        assert_eq!(
            (&*attempt.class, &*attempt.error),
            ("status", "out of paper")
        );
    }
    // 1, 2 and 4 seconds, each at least half of it.
    let at: Vec<_> = sink.got().iter().map(|got| got.at).collect();
    for (attempt, longest) in [1, 2, 4].into_iter().enumerate() {
        let waited = at[attempt + 1] - at[attempt];
        let longest = longest * SECOND;
        assert!(
            waited >= longest / 2 && waited <= longest + 10 * STEP,
            "{at:?}"
        );
    }
    assert_eq!(world.record(good).await.state, MessageState::Delivered);
    let stats = relay.stats();
    assert_eq!((stats.failed, stats.exhausted, stats.refused), (4, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_tells_that_its_last_attempt_may_have_arrived() {
    let mut settings = QueueSettings::default();
    settings.attempts_max = Some(1);
    let world = World::with(|breaker| breaker.consecutive_failures(1000), settings);
    let sink = Fake::new(&world, STEP, |message, _| match &message.body[..] {
        b"silent" => Reply::uncertain(FailureClass::Timeout, "no answer"),
        b"unwanted" => Reply::refused("status", "no"),
        _ => down(),
    });
    let relay = world.relay().sink(sink).start().unwrap();
    for (body, uncertain) in [("silent", true), ("unwanted", false), ("down", false)] {
        let id = world.push(None, body).await;
        world.run_for(&relay, SECOND).await;
        let dead = world.record(id).await;
        let found = (dead.state, dead.attempts, dead.uncertain);
        assert_eq!(found, (MessageState::Dead, 1, uncertain), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_limits_a_message_is_tried_until_it_arrives() {
    let mut settings = QueueSettings::default();
    (settings.attempts_max, settings.age_max) = (None, None);
    settings.retry_after_max = SECOND;
    let world = World::with(|breaker| breaker.consecutive_failures(1_000_000), settings);
    let sink = Fake::new(&world, STEP, |message, _| match message.attempts {
        ..30 => down(),
        _ => Reply::DELIVERED,
    });
    let id = world.push(None, "x").await;
    // Longer than the age, and more often than the attempts, that are allowed by default.
    world.clock.advance(100 * 3600 * SECOND);
    let relay = world.relay().sink(sink).start().unwrap();
    world.until(&relay, |stats| stats.delivered == 1).await;
    let record = world.record(id).await;
    assert_eq!(
        (record.state, record.attempts),
        (MessageState::Delivered, 31)
    );
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_no_attempt_however_long_it_lasts() {
    let world = patient();
    let sink = Fake::new(&world, STEP, |_, now| {
        if now < 30 * SECOND {
            Reply::failed(FailureClass::Connect, "nobody there")
        } else {
            Reply::DELIVERED
        }
    });
    let id = world.push(Some("k"), "x").await;
    let relay = world.relay().sink(sink.clone()).start().unwrap();
    world.until(&relay, |stats| stats.failed == 7).await;
    let waiting = world.record(id).await;
    assert_eq!((waiting.attempts, waiting.deferrals), (0, 7));
    let last = waiting.history.last().unwrap();
    assert_eq!((&*last.class, &*last.error), ("connect", "nobody there"));
    world.until(&relay, |stats| stats.delivered == 1).await;
    assert_eq!(world.record(id).await.attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_trial_that_fails_is_no_attempt_whatever_it_is_answered() {
    let mut settings = QueueSettings::default();
    settings.attempts_max = Some(4);
    let world = World::with(|breaker| breaker.consecutive_failures(2), settings);
    let sink = Fake::new(&world, STEP, |_, now| match now {
        now if now < 300 * SECOND => down(),
        _ => Reply::DELIVERED,
    });
    let id = world.push(None, "x").await;
    let relay = world.relay().sink(sink.clone()).start().unwrap();
    world.until(&relay, |stats| stats.failed == 10).await;
    let waiting = world.record(id).await;
    // Two opened the circuit, and its trials failed.
    assert_eq!((waiting.attempts, waiting.deferrals), (2, 8));
    world.until(&relay, |stats| stats.delivered == 1).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_dead_at_once_with_the_answer_and_its_key_goes_on() {
    let world = World::new();
    let sink = Fake::new(&world, STEP, |message, _| match &message.body[..] {
        b"good" => Reply::DELIVERED,
        _ => Reply::Refused {
            class: "status".into(),
            error: "the answer was 422".into(),
            response: Some(Response {
                status: 422,
                headers: vec![("x".into(), "y".into())],
                body: "no such tax".into(),
            }),
        },
    });
    let bad = world.push(Some("k"), "bad").await;
    for _ in 0..5 {
        world.push(Some("k"), "worse").await;
    }
    world.push(Some("k"), "good").await;
    let relay = world.relay().sink(sink.clone()).start().unwrap();
    world.run_for(&relay, 2 * SECOND).await;
    assert_eq!(sink.bodies().last().map(String::as_str), Some("good"));
    assert_eq!(sink.got().len(), 7);
    let dead = world.record(bad).await;
    assert_eq!((dead.death, dead.attempts), (Some(Death::Refused), 1));
    assert_eq!(dead.history[0].error, "the answer was 422");
    assert_eq!(dead.response.map(|response| response.status), Some(422));
    // Six refusals would have opened the circuit, were they failures.
    assert_eq!(world.breaker.snapshot().totals.success, 7);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_sent_is_dead_and_says_nothing_of_the_receiver() {
    let world = World::new();
    let sink = Fake::new(&world, STEP, |_, _| Reply::Unsendable {
        error: "its :method cannot be sent".into(),
    });
    let id = world.push(None, "x").await;
    let relay = world.relay().sink(sink).start().unwrap();
    world.run_for(&relay, SECOND).await;
    let dead = world.record(id).await;
    assert_eq!(dead.death, Some(Death::Refused));
    assert_eq!(dead.history[0].class, "unsendable");
    let totals = world.breaker.snapshot().totals;
    assert_eq!((totals.success, totals.failure, totals.ignored), (0, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_throttle_is_no_attempt_and_slows_the_relay() {
    let world = World::new();
    let sink = Fake::new(&world, STEP, |_, now| {
        if now < 2 * SECOND {
            Reply::throttled("the answer was 429", None)
        } else {
            Reply::DELIVERED
        }
    });
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(world.push(None, "x").await);
    }
    let pace = Pace::default().start(40.0);
    let relay = world.relay().pace(pace).sink(sink.clone()).start().unwrap();
    world.run_for(&relay, SECOND).await;
    let stats = relay.stats();
    assert!(stats.throttled >= 5, "{stats:?}");
    assert!(stats.rate <= 20.0, "{stats:?}");
    world.until(&relay, |stats| stats.delivered == 10).await;
    for id in ids {
        let record = world.record(id).await;
        assert_eq!(record.attempts, 1, "a throttle was an attempt");
        assert!(!record.uncertain);
    }
    let totals = world.breaker.snapshot().totals;
    assert_eq!((totals.failure, totals.success), (0, 10));
    assert_eq!(totals.ignored, relay.stats().throttled);
}

#[tokio::test(start_paused = true)]
async fn the_retry_after_of_a_throttle_rests_the_whole_relay() {
    let world = World::new();
    let sink = Fake::new(&world, STEP, |_, now| {
        if now < SECOND {
            Reply::throttled("the answer was 429", Some(30 * SECOND))
        } else {
            Reply::DELIVERED
        }
    });
    world.push(Some("a"), "x").await;
    world.push(Some("b"), "y").await;
    let relay = world
        .relay()
        .parallel(1)
        .sink(sink.clone())
        .start()
        .unwrap();
    world.run_for(&relay, 20 * SECOND).await;
    assert_eq!((sink.got().len(), relay.stats().waits), (1, Waits::Pace));
    world.until(&relay, |stats| stats.delivered == 2).await;
    let again = sink.got()[1].at;
    assert!(again >= 30 * SECOND && again < 31 * SECOND, "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn a_longer_retry_after_of_a_failure_is_obeyed_for_its_message_alone() {
    let world = patient();
    let sink = Fake::new(&world, STEP, |message, now| match &message.body[..] {
        b"later" if now < SECOND => Reply::Failed {
            class: FailureClass::Status,
            error: "the answer was 503".into(),
            retry_after: Some(1000 * SECOND),
            uncertain: false,
        },
        _ => Reply::DELIVERED,
    });
    world.push(Some("a"), "later").await;
    let relay = world.relay().sink(sink.clone()).start().unwrap();
    world.run_for(&relay, SECOND).await;
    world.push(Some("b"), "now").await;
    world.run_for(&relay, 5 * SECOND).await;
    assert_eq!(sink.bodies(), ["later", "now"]);
    world.until(&relay, |stats| stats.delivered == 2).await;
    // Longer than the queue's own longest wait.
    let waited = sink.got()[2].at - sink.got()[0].at;
    assert!(
        waited >= 1000 * SECOND && waited < 1010 * SECOND,
        "{waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn throttles_in_a_row_back_off_beyond_their_retry_after() {
    let world = World::new();
    let sink = Fake::new(&world, STEP, |_, now| {
        if now < 40 * SECOND {
            Reply::throttled("the answer was 429", Some(3 * SECOND))
        } else {
            Reply::DELIVERED
        }
    });
    let id = world.push(None, "x").await;
    let relay = world.relay().sink(sink.clone()).start().unwrap();
    world.until(&relay, |stats| stats.delivered == 1).await;
    let got = sink.got();
    assert!(got.len() <= 9, "{} tries", got.len());
    assert!(got[1].at - got[0].at >= 3 * SECOND, "the longer one wins");
    // The fifth wait is 16 s, half of it certain.
    let waits = got.windows(2).map(|two| two[1].at - two[0].at);
    assert!(waits.max() >= Some(8 * SECOND));
    assert_eq!(world.record(id).await.attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_took_too_long_may_have_arrived() {
    let world = patient();
    let takes = Duration::from_secs(100);
    let sink = Fake::new(&world, takes, |_, _| Reply::DELIVERED);
    let id = world.push(None, "x").await;
    let relay = world.relay().timeout(3 * SECOND).sink(sink.clone());
    let relay = relay.start().unwrap();
    world.run_for(&relay, 3 * SECOND + 5 * STEP).await;
    let record = world.record(id).await;
    assert_eq!((record.attempts, record.uncertain), (1, true));
    assert_eq!(record.history[0].class, "timeout");
    assert_eq!(world.breaker.snapshot().totals.failure, 1);
}
