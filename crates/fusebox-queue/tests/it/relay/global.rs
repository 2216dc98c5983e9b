//! The global breaker.

use std::future::{Ready, pending};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use fusebox::{Author, CircuitBreaker, EventBus, FailureClass, MainBreaker};
use fusebox_queue::relay::{GlobalBreaker, GlobalState, Incident, NotResumed, Relay};
use fusebox_queue::sink::{Reply, Routes, Sink};
use fusebox_queue::{Leased, MessageState, NewMessage, Queue, QueueSettings, Queues};
use fusebox_queue::{Pause, Scope};

use super::world::{SECOND, STEP, World};

fn incident(error: &str) -> Incident {
    Incident {
        service: "apollo".to_owned(),
        error_type: "quota".to_owned(),
        error: error.to_owned(),
    }
}

fn stand() -> (Queues, Queue, Arc<MainBreaker>, GlobalBreaker) {
    let queues = Queues::in_memory().unwrap();
    let queue = queues.queue("jobs", QueueSettings::default()).unwrap();
    let main = MainBreaker::new(EventBus::new(64));
    let breaker = GlobalBreaker::start(&queues, &main);
    (queues, queue, main, breaker)
}

async fn push(queue: &Queue, group: &str) {
    queue.push(NewMessage::new("").group(group)).await.unwrap();
}

fn groups(pauses: &[Pause]) -> Vec<&str> {
    fn name(pause: &Pause) -> &str {
        match &pause.scope {
            Scope::Group(_, name) => name,
            other => panic!("{other:?}"),
        }
    }
    pauses.iter().map(name).collect()
}

#[tokio::test]
async fn the_first_incident_opens_and_stays_the_reason() {
    let (_, queue, _, breaker) = stand();
    assert!(breaker.should_allow_request());
    assert_eq!(breaker.state(), GlobalState::Closed(None));
    push(&queue, "spring").await;
    let first = incident("used up (until Monday): 10 of 10");
    let paused = breaker
        .record_failure(&first, "worker")
        .await
        .unwrap()
        .expect("it opened");
    assert_eq!(paused[0].scope, Scope::Everything);
    assert_eq!(groups(&paused[1..]), ["spring"]);
    assert_eq!(
        breaker.record_failure(&incident("again"), "worker").await,
        Ok(None)
    );
    assert!(!breaker.should_allow_request());
    let GlobalState::Open { opening, .. } = breaker.state() else {
        panic!("it is open");
    };
    assert_eq!(opening.incident, first);
    let told = "apollo failed (quota): used up (until Monday): 10 of 10";
    assert_eq!(opening.reason, told);
    assert_eq!(opening.epoch, paused[0].epoch);
}

#[tokio::test]
async fn closing_leaves_what_was_stopped_and_resuming_resumes_all() {
    let (queues, queue, _, breaker) = stand();
    push(&queue, "spring").await;
    breaker
        .record_failure(&incident("down"), "worker")
        .await
        .unwrap();
    breaker.manually_close("ada").await.unwrap();
    breaker.manually_close("ada").await.unwrap();
    assert!(matches!(breaker.state(), GlobalState::Closed(Some(_))));
    let spring = Scope::Group("jobs".to_owned(), "spring".to_owned());
    assert!(queues.is_paused(&spring));
    push(&queue, "autumn").await;
    let paused = breaker
        .record_failure(&incident("down again"), "worker")
        .await
        .unwrap();
    let paused = paused.expect("it opened");
    assert_eq!(
        groups(&paused[1..]),
        ["autumn"],
        "the other one is paused already"
    );

    let stale = breaker.resume(Some(1), "ada").await;
    let stale = stale.unwrap_err().to_string();
    assert!(
        stale.contains("circuit_breaker: it was paused anew"),
        "{stale}"
    );
    assert!(!breaker.should_allow_request());
    let resumed = breaker.resume(Some(paused[0].epoch), "ada").await.unwrap();
    assert_eq!(groups(&resumed), ["autumn", "spring"]);
    assert!(!queues.is_paused(&spring));
    assert_eq!(breaker.resume(None, "ada").await, Ok(Vec::new()));
}

#[tokio::test]
async fn what_was_never_opened_is_closed_and_resumed_without_a_fault() {
    let (_, _, _, breaker) = stand();
    breaker.manually_close("ada").await.unwrap();
    assert_eq!(breaker.resume(None, "ada").await, Ok(Vec::new()));
    let never = breaker.resume(Some(7), "ada").await;
    let Err(NotResumed::Checks(failed)) = never else {
        panic!("{never:?}");
    };
    assert_eq!((failed.len(), failed[0].check), (1, "circuit_breaker"));
}

#[tokio::test]
async fn a_pause_by_other_means_opens_it_and_a_main_breaker_of_others_is_told() {
    let (queues, _, main, breaker) = stand();
    queues
        .pause(Scope::Everything, "invoice dispute", "ada")
        .await
        .unwrap();
    let GlobalState::Open { opening, .. } = breaker.state() else {
        panic!("it is open");
    };
    let incident = opening.incident;
    let told = [incident.service, incident.error_type, incident.error];
    assert_eq!(told, ["*", "manual", "invoice dispute"]);
    breaker.manually_close("ada").await.unwrap();
    while main.is_open() {
        tokio::task::yield_now().await;
    }
    assert_eq!(breaker.check().await, []);
    main.open("audit", &Author::new("bob"));
    let failed = breaker.check().await.remove(0);
    assert_eq!(failed.check, "circuit_breaker");
    assert_eq!(failed.detail, "the main breaker was opened by bob: audit");
    queues.close(std::time::Duration::from_secs(5)).unwrap();
    let failed = breaker.check().await;
    assert_eq!(failed[1].check, "store", "{failed:?}");
    assert!(!breaker.should_allow_request());
}

#[tokio::test]
async fn what_comes_while_it_is_open_waits_for_the_resume_too() {
    let (queues, queue, _, breaker) = stand();
    breaker
        .record_failure(&incident("down"), "worker")
        .await
        .unwrap();
    push(&queue, "spring").await;
    breaker.manually_close("ada").await.unwrap();
    let pause = queues.pause_over(&Scope::Group("jobs".to_owned(), "spring".to_owned()));
    assert_eq!(pause.unwrap().reason, "apollo failed (quota): down");
    assert_eq!(
        groups(&breaker.resume(None, "ada").await.unwrap()),
        ["spring"]
    );
}

#[tokio::test]
async fn where_the_pause_cannot_be_written_the_main_breaker_is_open_all_the_same() {
    let (queues, _, main, breaker) = stand();
    queues.close(std::time::Duration::from_secs(5)).unwrap();
    let failed = breaker.record_failure(&incident("down"), "worker").await;
    assert!(failed.is_err());
    assert!(!breaker.should_allow_request());
    assert_eq!(main.opened().unwrap().reason, "apollo failed (quota): down");
}

#[tokio::test]
async fn a_failing_sink_stops_everything_before_the_next_message_goes() {
    let replies = [
        Reply::failed(FailureClass::Timeout, "slow"),
        Reply::refused("status", "never"),
        Reply::throttled("not so fast", None),
    ];
    for reply in replies {
        let (queues, queue, main, breaker) = stand();
        for _ in 0..5 {
            push(&queue, "spring").await;
        }
        let seen = Arc::new(Mutex::new(0));
        let sink = {
            let (seen, reply) = (Arc::clone(&seen), reply.clone());
            move |_: Leased| {
                *seen.lock().unwrap() += 1;
                std::future::ready(reply.clone())
            }
        };
        let circuit = Arc::new(CircuitBreaker::builder("jobs").build().unwrap());
        main.join(&circuit);
        let relay = Relay::builder(queue, circuit).parallel(1);
        let relay = relay
            .sink(breaker.stops(|_| Some("apollo"), sink))
            .start()
            .unwrap();
        while breaker.should_allow_request() {
            tokio::task::yield_now().await;
        }
        relay.stop().await;
        assert_eq!(*seen.lock().unwrap(), 1, "{reply:?}");
        let GlobalState::Open { opening, .. } = breaker.state() else {
            panic!("it is open");
        };
        assert_eq!(opening.incident.service, "apollo");
        let paused = queues.is_paused(&Scope::Group("jobs".to_owned(), "spring".to_owned()));
        assert!(paused);
        let dead = queues.messages(fusebox_queue::Query {
            dead: true,
            limit: 10,
            ..Default::default()
        });
        let dead = dead.await.unwrap().items;
        let is_refused = matches!(reply, Reply::Refused { .. });
        assert_eq!(dead.len(), usize::from(is_refused));
        assert!(dead.iter().all(|letter| letter.state == MessageState::Dead));
    }
}

/// With a sink that never replies: what its breaker was opened for.
async fn opened_without_a_reply(sink: impl Sink) -> Incident {
    let world = World::new();
    for _ in 0..5 {
        push(&world.queue, "spring").await;
    }
    let breaker = GlobalBreaker::start(&world.queues, &MainBreaker::new(EventBus::new(64)));
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = Counted(sink, Arc::clone(&seen));
    let sink = Routes::by(|_| Some("apollo"));
    let sink = sink.to("apollo", breaker.stops(|_| Some("apollo"), counted));
    let relay = world.relay().parallel(1).timeout(SECOND).sink(sink);
    let relay = relay.start().unwrap();
    // Long enough for many tries.
    world.run_for(&relay, 20 * SECOND).await;
    assert_eq!(seen.load(SeqCst), 1, "nothing goes after the first");
    assert_eq!(relay.stats().in_flight, 0);
    let GlobalState::Open { opening, .. } = breaker.state() else {
        panic!("it is open");
    };
    opening.incident
}

/// Counts what goes to a sink.
struct Counted<S>(S, Arc<AtomicUsize>);

impl<S: Sink> Sink for Counted<S> {
    async fn deliver(&self, message: &Leased) -> Reply {
        self.1.fetch_add(1, SeqCst);
        self.0.deliver(message).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_does_not_answer_within_the_relays_time_stops_everything() {
    let incident = opened_without_a_reply(|_: Leased| pending()).await;
    let told = "apollo failed (timeout): the sink did not answer within 1s";
    assert_eq!(incident.to_string(), told);
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_panics_stops_everything() {
    let panics = |_: Leased| -> Ready<Reply> { panic!("a mistake of the sink") };
    let incident = opened_without_a_reply(panics).await;
    let told = "apollo failed (panic): the sink panicked: a mistake of the sink";
    assert_eq!(incident.to_string(), told);
}

#[tokio::test(start_paused = true)]
async fn what_the_relay_breaks_off_at_its_end_stops_nothing() {
    let world = World::new();
    push(&world.queue, "spring").await;
    let breaker = GlobalBreaker::start(&world.queues, &MainBreaker::new(EventBus::new(64)));
    let sink = breaker.stops(|_| Some("apollo"), |_: Leased| pending());
    let relay = world
        .relay()
        .timeout(600 * SECOND)
        .drain_for(SECOND)
        .sink(sink)
        .start()
        .unwrap();
    world.until(&relay, |stats| stats.in_flight == 1).await;
    let stopping = tokio::spawn(relay.stop());
    while !stopping.is_finished() {
        tokio::time::advance(STEP).await;
        // What was asked of the writer before this is answered before it.
        let _ = world.queue.lease(0, SECOND).await;
    }
    assert!(breaker.should_allow_request());
}
