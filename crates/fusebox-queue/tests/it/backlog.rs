//! A large backlog costs disk, and nothing else: neither memory nor time to the first delivery.

#![allow(clippy::disallowed_methods)] // it measures real time

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fusebox::CircuitBreaker;
use fusebox_queue::relay::Relay;
use fusebox_queue::sink::Reply;
use fusebox_queue::{Leased, NewMessage, Queue, QueueSettings, Queues};

use crate::face::{MINUTE, SOON, delivered};
use crate::kills::Folder;

/// Messages of the small backlog, of the large one, and of the large one with `FUSEBOX_LONG` set.
const BACKLOGS: [u64; 3] = [3_000, 60_000, 1_000_000];
const KEYS: u64 = 500;
const BODY: usize = 256;

/// Of both, this many are delivered while the memory is watched.
const DRAINED: usize = 1_000;

/// How much more of the large backlog is allowed: what a page cache of a fixed size can fill more.
const MORE_KIB: u64 = 6 * 1024;
/// A scan of a million rows takes more than this, on any disk.
const LATER: Duration = Duration::from_millis(250);

const FOLDER: &str = "FUSEBOX_BACKLOG_FOLDER";

#[test]
fn a_large_backlog_delays_no_first_delivery_and_takes_no_memory() {
    let [small, large, long] = BACKLOGS;
    let is_long = std::env::var_os("FUSEBOX_LONG").is_some();
    let large = if is_long { long } else { large };
    let [few, many] = [small, large].map(measured);
    println!("{small} messages: {few:?}; {large} messages: {many:?}");
    assert!(many.first < few.first + LATER, "{few:?} {many:?}");
    assert!(many.kib < few.kib + MORE_KIB, "{few:?} {many:?}");
}

/// What a process sees that opens a file with so many messages.
#[derive(Debug)]
struct Seen {
    /// From before the opening to the first delivery.
    first: Duration,
    /// The most memory that it ever had.
    kib: u64,
}

fn measured(backlog: u64) -> Seen {
    let folder = Folder::new();
    fill(&folder.file(), backlog);
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "backlog::delivers_the_first", "--nocapture"])
        .env(FOLDER, &folder.0)
        .output()
        .expect("ran");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{text}");
    let of = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.expect("told").trim().parse::<u64>().expect("a number")
    };
    Seen {
        first: Duration::from_micros(of("first")),
        kib: of("kib"),
    }
}

fn fill(file: &Path, backlog: u64) {
    let queues = Queues::open(file).expect("opens");
    let queue = of(&queues);
    let numbers: Vec<_> = (0..backlog).collect();
    for some in numbers.chunks(1000) {
        let pushes = some.iter().map(|number| {
            let key = format!("terminal-{}", number % KEYS);
            queue.push(NewMessage::new(vec![b'x'; BODY]).key(key))
        });
        let answers: Vec<_> = pushes.collect();
        assert!(answers.into_iter().all(|answer| answer.wait(SOON).is_ok()));
    }
}

fn of(queues: &Queues) -> Queue {
    let mut settings = QueueSettings::default();
    settings.messages_max = u64::from(u32::MAX);
    settings.bytes_max = u64::from(u32::MAX);
    queues.queue("q", settings).expect("a fine queue")
}

/// Not a test of its own: the process that the test above starts.
#[test]
fn delivers_the_first() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    let begin = Instant::now();
    let queues = Queues::open(Path::new(&folder).join("queue.db")).expect("opens");
    let queue = of(&queues);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let first = runtime.block_on(first_delivery(queue.clone()));
    println!("\nfirst {}", (first - begin).as_micros());
    let mut drained = 0;
    while drained < DRAINED {
        let leases = queue.lease(100, MINUTE).wait(SOON).expect("leased");
        assert!(!leases.leased.is_empty(), "all is delivered");
        drained += leases.leased.len();
        let settled = leases
            .leased
            .iter()
            .map(|one| queue.settle(one, delivered()));
        let settled: Vec<_> = settled.collect();
        assert!(settled.into_iter().all(|one| one.wait(SOON) == Ok(true)));
    }
    println!("kib {}", most_memory());
}

async fn first_delivery(queue: Queue) -> Instant {
    let breaker = CircuitBreaker::builder("upstream")
        .build()
        .expect("a breaker");
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let relay = Relay::builder(queue, Arc::new(breaker))
        .sink(move |_: Leased| {
            let _ = tell.send(Instant::now());
            std::future::ready(Reply::DELIVERED)
        })
        .start()
        .expect("starts");
    let first = told.recv().await.expect("delivered");
    relay.stop().await;
    first
}

/// Of this process, in KiB.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.expect("there").trim().strip_suffix(" kB");
    kib.expect("in kB").parse().expect("a number")
}
