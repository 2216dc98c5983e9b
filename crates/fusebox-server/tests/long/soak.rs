//! A minute at a few thousand requests a second: good and bad answers, clients that stay and
//! clients that leave. Memory, sockets and tasks must be flat after it has warmed up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::house::{House, get, rag, until};
use crate::on_a_runtime;
use crate::stand_in::{Mode, StandIn};

const WARM_UP: Duration = Duration::from_secs(15);
const LOAD: Duration = Duration::from_secs(60);
/// Each asks as fast as it is answered, up to its share of `RATE`.
const CLIENTS: u32 = 16;
const RATE: u32 = 3_000;
/// A machine this slow would not soak anything.
const RATE_MIN: u64 = 1_000;
/// Growth that an allocator may still have in itself after the warm-up. 180,000 requests that each
/// leave 24 bytes behind are more than this.
const GROWTH_MAX_KIB: u64 = 4 * 1024;

pub(crate) fn run() {
    on_a_runtime(soak());
}

/// What must not grow.
#[derive(Clone, Copy, Debug)]
struct Size {
    memory_kib: u64,
    sockets: usize,
    tasks: usize,
}

impl Size {
    fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let memory = memory
            .expect("VmRSS")
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .expect("KiB");
        let sockets = std::fs::read_dir("/proc/self/fd").expect("fds").count();
        let tasks = tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks();
        Self {
            memory_kib: memory,
            sockets,
            tasks,
        }
    }
}

/// Lets a part of the minute pass.
async fn pass(time: Duration) {
    // tidy-allow(sleep): load over time is what a soak is
    tokio::time::sleep(time).await;
}

async fn soak() {
    let upstream = Arc::new(StandIn::start(Mode::Ok).await);
    let house = Arc::new(House::start(&rag(&upstream.url(), "")).await);
    // Nothing has been kept yet, so this is what must be left at the end.
    let empty = Size::now();
    let (stop, answered) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(staying(
            Arc::clone(&house),
            Arc::clone(&stop),
            Arc::clone(&answered),
        ));
    }
    clients.spawn(leaving(Arc::clone(&house), Arc::clone(&stop)));
    clients.spawn(moody(Arc::clone(&upstream), Arc::clone(&stop)));

    pass(WARM_UP).await;
    let (warm, before, begun) = (Size::now(), answered.load(Ordering::SeqCst), Instant::now());
    println!("  warm: {warm:?}");
    let mut largest = warm;
    while begun.elapsed() < LOAD {
        pass(Duration::from_secs(5)).await;
        let now = Size::now();
        println!("  {:>2} s: {now:?}", begun.elapsed().as_secs());
        largest.sockets = largest.sockets.max(now.sockets);
        largest.tasks = largest.tasks.max(now.tasks);
        largest.memory_kib = now.memory_kib;
    }
    let rate = (answered.load(Ordering::SeqCst) - before) / begun.elapsed().as_secs();
    println!("  {rate} requests a second");
    stop.store(true, Ordering::SeqCst);
    while let Some(ended) = clients.join_next().await {
        ended.expect("a client");
    }
    assert!(rate >= RATE_MIN, "{rate}/s");
    assert!(
        largest.memory_kib <= warm.memory_kib + GROWTH_MAX_KIB,
        "{warm:?} {largest:?}"
    );
    // Each client has at most one connection in and one out, both ends in this process, and the one
    // that leaves a few that are just ending.
    let sockets_max = empty.sockets + 4 * (CLIENTS as usize + 8);
    assert!(largest.sockets <= sockets_max, "{empty:?} {largest:?}");
    assert!(
        largest.tasks <= empty.tasks + 4 * (CLIENTS as usize + 8),
        "{empty:?} {largest:?}"
    );
    let rag = house.rag();
    until("nothing is in flight", || rag.stats().in_flight() == 0).await;
    assert_eq!(rag.breaker().snapshot().in_flight, 0);
}

/// Keeps its connection and asks again and again, GET and POST in turn.
async fn staying(house: Arc<House>, stop: Arc<AtomicBool>, answered: Arc<AtomicU64>) {
    const REQUESTS: [&[u8]; 2] = [
        b"GET /rag/x HTTP/1.1\r\nhost: h\r\n\r\n",
        b"POST /rag/x HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\n{}",
    ];
    let mut stream = house.connect().await;
    let mut clock = tokio::time::interval(Duration::from_secs(1) * CLIENTS / RATE);
    let mut buffer = Vec::new();
    for request in REQUESTS.iter().cycle() {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        clock.tick().await;
        stream.write_all(request).await.expect("sent");
        buffer.clear();
        while !is_whole(&buffer) {
            assert!(
                stream.read_buf(&mut buffer).await.expect("read") > 0,
                "closed"
            );
        }
        answered.fetch_add(1, Ordering::SeqCst);
    }
}

/// Whether an answer with a length is there to its end.
fn is_whole(buffer: &[u8]) -> bool {
    let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return false;
    };
    let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    buffer.len() >= end + 4 + length.map_or(0, |length| length.parse().expect("a length"))
}

/// Comes, asks, and leaves without its answer.
async fn leaving(house: Arc<House>, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::SeqCst) {
        let mut stream = house.connect().await;
        let _ = stream.write_all(get("/rag/x", "").as_bytes()).await;
        drop(stream);
        pass(Duration::from_millis(10)).await;
    }
}

/// Well for two seconds, then out of order for a moment, in another way each time.
async fn moody(upstream: Arc<StandIn>, stop: Arc<AtomicBool>) {
    for trouble in [Mode::Fail(500), Mode::Reset, Mode::Fail(429)]
        .iter()
        .cycle()
    {
        upstream.turn(Mode::Ok);
        pass(Duration::from_secs(2)).await;
        if stop.load(Ordering::SeqCst) {
            return;
        }
        upstream.turn(trouble.clone());
        pass(Duration::from_millis(200)).await;
    }
}
