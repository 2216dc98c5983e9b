//! Chaos over real sockets: crashes, partitions, slow answers and a broker that goes away, under
//! load. One command prints the table:
//!
//! ```sh
//! cargo test -p systems --test it chaos -- --nocapture
//! ```
//!
//! Openings are a hundredth of the team's (0.6 s for 60 s, 1.2 s for 120 s, 0.3 s for 30 s). What a
//! recovery takes with the team's is what it took here, with the team's opening in place of ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use fusebox::{Author, Registry};
use serde_json::{Value, json};
use systems::essay_platform::EssayPlatform;
use systems::stand_in::ai_providers::Stream;
use systems::stand_in::essay_services::EssayServices;
use systems::stand_in::switches::{Behaviour, Mode};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::kafka::Kafka;
use super::rig::start;
use crate::folder::Folder;
use crate::http::call;
use crate::wait::until;

const CALLS: usize = 300;
const CALLERS: usize = 8;
const SCALED: [(&str, &str); 5] = [
    // Twice the other tests', so that a busy machine is no trouble of its own.
    ("CALL_TIMEOUT", "1"),
    ("BCS_CIRCUIT_BREAKER_RECOVERY_TIMEOUT", "0.6"),
    ("API_CIRCUIT_BREAKER_RECOVERY_TIMEOUT", "1.2"),
    ("KAFKA_CIRCUIT_BREAKER_RECOVERY_TIMEOUT", "0.3"),
    ("KAFKA_FALLBACK_QUEUE_SIZE", "100000"),
];

struct World {
    services: EssayServices,
    kafka: Kafka,
    registry: Registry,
    platform: EssayPlatform,
    _folder: Folder,
}

impl World {
    async fn new(set: &[(&str, &str)]) -> Self {
        let (services, folder) = (EssayServices::start().await.unwrap(), Folder::new());
        let (kafka, registry) = (Kafka::start(), Registry::builder().build());
        let servers = kafka.servers();
        let mut all = SCALED.to_vec();
        all.push(("KAFKA_BOOTSTRAP_SERVERS", &servers));
        all.extend(set);
        let platform = start(&services, &folder, &all, &registry).await;
        let world = Self {
            services,
            kafka,
            registry,
            platform,
            _folder: folder,
        };
        let ready = async || world.ask(0, "ready").await.1["event"] == "delivered";
        until(ready).await;
        world
    }

    /// One call through the gateway, of one of the three paths.
    async fn ask(&self, path: usize, id: &str) -> (bool, Value) {
        ask(&self.platform.url(), path, id).await
    }

    /// So many calls of all paths from several callers; how many were answered.
    async fn load(&self) -> usize {
        let (begun, answered) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let (begun, answered) = (Arc::clone(&begun), Arc::clone(&answered));
            let url = self.platform.url();
            callers.spawn(async move {
                loop {
                    let number = begun.fetch_add(1, Relaxed);
                    if number >= CALLS {
                        return;
                    }
                    let (is_answered, _) = ask(&url, number % 3, &id(number)).await;
                    answered.fetch_add(usize::from(is_answered), Relaxed);
                }
            });
        }
        callers.join_all().await;
        answered.load(Relaxed)
    }
}

/// Essays and batches that are asked for again and again.
fn id(number: usize) -> String {
    format!("{}", number / 3 % 20)
}

/// One call through the gateway; whether it was answered, and what it says.
async fn ask(url: &str, path: usize, id: &str) -> (bool, Value) {
    let (path, body) = match path {
        0 => (
            format!("batch_orchestrator/v1/batches/{id}/pipeline"),
            String::new(),
        ),
        1 => (
            format!("spell_checker/v1/essays/{id}/spellcheck"),
            String::new(),
        ),
        _ => {
            let body = json!({ "essay_id": id }).to_string();
            ("cj_assessment/v1/assessments".to_owned(), body)
        }
    };
    match call("POST", &format!("{url}/api/{path}"), &body).await {
        Ok(answer) => (answer.status == 200, answer.body),
        Err(_) => (false, Value::Null),
    }
}

// The measure itself: real calls take real time.
#[allow(clippy::disallowed_methods)]
fn now() -> Instant {
    Instant::now()
}

/// What is broken, and how it is seen that it answers again.
struct Phase {
    name: &'static str,
    breaks: fn(&World),
    mends: fn(&World),
    probe: usize,
    is_back: fn(&Value) -> bool,
    /// Opening here and opening of the team.
    openings: [f64; 2],
}

const SERVICE: [f64; 2] = [0.6, 60.0];
/// Another provider answers: nobody waits for an opening.
const FAILOVER: [f64; 2] = [0.0, 0.0];

/// Switches the conductor.
fn turn(world: &World, how: Mode) {
    world.services.conductor.switches.turn(how);
}

fn by_conductor(answer: &Value) -> bool {
    answer["source"] == "conductor"
}

fn phases() -> Vec<Phase> {
    vec![
        Phase {
            name: "crash: conductor drops its connections",
            breaks: |world| turn(world, Mode::Drop),
            mends: |world| turn(world, Mode::Well),
            probe: 0,
            is_back: by_conductor,
            openings: SERVICE,
        },
        Phase {
            name: "crash: two AI providers break off",
            breaks: |world| {
                world.services.providers[0]
                    .stand_in
                    .switches
                    .turn(Mode::Drop);
                world.services.providers[1].turn(Stream::Breaks);
            },
            mends: |_| {},
            probe: 2,
            is_back: |answer| answer["provider"] == "google",
            openings: FAILOVER,
        },
        Phase {
            name: "partition: conductor hangs",
            breaks: |world| turn(world, Mode::Hang),
            mends: |world| turn(world, Mode::Well),
            probe: 0,
            is_back: by_conductor,
            openings: SERVICE,
        },
        Phase {
            name: "slow: content answers after 5 s",
            breaks: |world| {
                world.services.content.switches.turn(Behaviour {
                    millis: 5_000,
                    ..Mode::Slow.into()
                });
            },
            mends: |world| world.services.content.switches.turn(Mode::Well),
            probe: 1,
            // The probe asks for essays that nobody has read: no fallback knows them.
            is_back: |answer| answer["words"].is_u64(),
            openings: SERVICE,
        },
        Phase {
            name: "slow: an AI stream stalls, another is limited",
            breaks: |world| {
                for (place, stream) in [Stream::Stalls, Stream::Limited].into_iter().enumerate() {
                    world.services.providers[place]
                        .stand_in
                        .switches
                        .turn(Mode::Well);
                    world.services.providers[place].turn(stream);
                }
            },
            mends: |_| {},
            probe: 2,
            is_back: |answer| answer["provider"] == "google",
            openings: FAILOVER,
        },
        Phase {
            name: "broker: Kafka is away",
            breaks: |world| world.kafka.goes_down(),
            mends: |world| world.kafka.comes_back(),
            probe: 0,
            is_back: |answer| answer["event"] == "delivered",
            openings: [0.3, 30.0],
        },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn chaos_is_answered_and_recovered_from() {
    let world = World::new(&[]).await;
    assert_eq!(world.load().await, CALLS, "all is well");
    println!(
        "\n{:<48} answered   recovery   with the team's opening",
        "phase"
    );
    for (number, phase) in phases().into_iter().enumerate() {
        (phase.breaks)(&world);
        let answered = world.load().await;
        (phase.mends)(&world);
        let (mended, mut tries) = (now(), 0);
        until(async || {
            tries += 1;
            let fresh = format!("fresh-{number}-{tries}");
            let (is_answered, answer) = world.ask(phase.probe, &fresh).await;
            is_answered && (phase.is_back)(&answer)
        })
        .await;
        let took = mended.elapsed().as_secs_f64();
        let [ours, teams] = phase.openings;
        let with_teams = took - ours.min(took) + teams;
        let share = 100.0 * f64::from(u32::try_from(answered).unwrap()) / CALLS as f64;
        println!(
            "{:<48} {share:6.2} %   {took:6.2} s   {with_teams:6.1} s",
            phase.name
        );
        assert!(share > 99.9, "{}: {share} % answered", phase.name);
        assert!(with_teams < 120.0, "{}: {with_teams} s", phase.name);
    }
    world.platform.end().await.unwrap();
}

/// The calls of a healthy path while another one hangs: how many failed, of how many.
async fn failed_beside_a_hanging_path(enabled: &str) -> (usize, usize) {
    let set = [
        ("CALLS_MAX", "16"),
        ("CALL_TIMEOUT", "0.5"),
        ("CIRCUIT_BREAKER_ENABLED", enabled),
    ];
    let world = World::new(&set).await;
    world.services.conductor.switches.turn(Mode::Hang);
    let end = now() + Duration::from_secs(8);
    let mut callers = JoinSet::new();
    for caller in 0..28 {
        let url = world.platform.url();
        // Four callers of the healthy path, more of the hanging one than there are places.
        let path = usize::from(caller < 4);
        callers.spawn(async move {
            let (mut failed, mut all) = (0, 0);
            let mut pace = interval(Duration::from_millis(50));
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while now() < end {
                let (is_answered, _) = ask(&url, path, &id(3 * caller)).await;
                failed += usize::from(!is_answered);
                all += 1;
                pace.tick().await;
            }
            [failed * path, all * path]
        });
    }
    let counts = callers.join_all().await;
    let sum = |which: usize| counts.iter().map(|count| count[which]).sum();
    (sum(0), sum(1))
}

#[tokio::test(flavor = "multi_thread")]
async fn chaos_of_one_path_fails_at_most_half_as_many_calls_of_the_others() {
    let (without, of_without) = failed_beside_a_hanging_path("false").await;
    let (with, of_with) = failed_beside_a_hanging_path("true").await;
    let share = |failed: usize, all: usize| 100.0 * failed as f64 / all as f64;
    let (without, with) = (share(without, of_without), share(with, of_with));
    println!("\ncalls of a healthy path that failed beside one that hangs");
    println!("without breakers {without:6.2} % of {of_without}");
    println!("with breakers    {with:6.2} % of {of_with}");
    assert!(without > 0.0, "nothing cascades");
    assert!(with <= without / 2.0, "{with} % against {without} %");
}

#[tokio::test(flavor = "multi_thread")]
async fn chaos_or_not_breakers_cost_less_than_five_milliseconds_a_call() {
    let world = World::new(&[]).await;
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..10 {
        let is_on = round % 2 == 0;
        world.registry.set_enabled(is_on, &Author::new("test"));
        for _ in 0..40 {
            let begun = now();
            assert!(world.ask(1, "1").await.0);
            times[usize::from(is_on)].push(begun.elapsed());
        }
    }
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1e3
    };
    let [off, on] = times.map(median);
    println!("\nmedian of a call through gateway and spell checker, two circuits");
    println!(
        "switched off {off:.3} ms, on {on:.3} ms: {:.3} ms a call",
        on - off
    );
    assert!(on - off < 5.0, "{on} ms against {off} ms");
}
