//! The relay on a storage that has trouble.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use fusebox::CircuitBreaker;

use super::{Relay, RelayHandle, Waits};
use crate::message::{Leased, NewMessage};
use crate::queue::{Queue, Queues};
use crate::sink::Reply;
use crate::storage::{Done, Memory, Order, Reader, Storage, StorageFigures};
use crate::{QueueSettings, StorageError};

const SECOND: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(10);

/// Fails orders of a kind while it is told to.
struct Faulty {
    memory: Memory,
    leases_fail: Arc<AtomicBool>,
    settles_fail: Arc<AtomicBool>,
}

impl Storage for Faulty {
    fn last_seq(&mut self) -> Result<i64, StorageError> {
        self.memory.last_seq()
    }

    fn commit(&mut self, orders: &[Order]) -> Result<Vec<Done>, StorageError> {
        let fails = orders.iter().any(|order| match order {
            // One that takes nothing is the test's own, to see that the writer has come so far.
            Order::Lease(lease) => lease.max > 0 && self.leases_fail.load(SeqCst),
            Order::Settle(_) => self.settles_fail.load(SeqCst),
            _ => false,
        });
        if fails {
            return Err(StorageError::Failed {
                place: "faulty.db".into(),
                detail: "input/output error".into(),
            });
        }
        self.memory.commit(orders)
    }

    fn tend(&mut self) -> Result<(), StorageError> {
        self.memory.tend()
    }

    fn has_room(&self) -> bool {
        self.memory.has_room()
    }

    fn reader(&mut self) -> Result<Box<dyn Reader>, StorageError> {
        self.memory.reader()
    }

    fn figures(&self) -> StorageFigures {
        self.memory.figures()
    }
}

struct Bench {
    queue: Queue,
    relay: RelayHandle,
    leases_fail: Arc<AtomicBool>,
    settles_fail: Arc<AtomicBool>,
    sent: Arc<AtomicUsize>,
    _keeps_time: mpsc::Sender<()>,
}

impl Bench {
    fn new() -> Self {
        // While it waits, tokio's time does not run on by itself.
        let (keeps_time, waits) = mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || waits.recv());
        let (leases_fail, settles_fail) = (Arc::default(), Arc::default());
        let storage = Faulty {
            memory: Memory::new(),
            leases_fail: Arc::clone(&leases_fail),
            settles_fail: Arc::clone(&settles_fail),
        };
        let queues = Queues::builder().over(storage).unwrap();
        let queue = queues.queue("q", QueueSettings::default()).unwrap();
        let breaker = Arc::new(CircuitBreaker::builder("c").build().unwrap());
        let sent = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&sent);
        let relay = Relay::builder(queue.clone(), breaker)
            .parallel(1)
            .sink(move |_: Leased| {
                counted.fetch_add(1, SeqCst);
                async { Reply::DELIVERED }
            })
            .start()
            .unwrap();
        Self {
            queue,
            relay,
            leases_fail,
            settles_fail,
            sent,
            _keeps_time: keeps_time,
        }
    }

    async fn run_for(&self, time: Duration) {
        let steps = time.as_millis() / STEP.as_millis();
        for _ in 0..steps {
            tokio::time::advance(STEP).await;
            for _ in 0..3 {
                let _ = self.queue.lease(0, SECOND).await;
                tokio::task::yield_now().await;
            }
        }
    }

    async fn push(&self, count: usize) {
        for _ in 0..count {
            // A settling that fails takes a push of the same commit with it.
            let mut tries = 0;
            while let Err(error) = self.queue.push(NewMessage::new("x")).await {
                tries += 1;
                assert!(tries < 100, "{error}");
            }
        }
    }

    fn sent(&self) -> usize {
        self.sent.load(SeqCst)
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_is_written_down_once_the_storage_is_well_and_nothing_is_sent_meanwhile() {
    let bench = Bench::new();
    bench.settles_fail.store(true, SeqCst);
    bench.push(5).await;
    bench.run_for(10 * SECOND).await;
    let stats = bench.relay.stats();
    // What was leased before the first settling failed is gone already, not more.
    assert!((1..=2).contains(&bench.sent()), "{stats:?}");
    assert_eq!(stats.waits, Waits::Storage);
    assert!(stats.storage_errors >= 3, "{stats:?}");
    let said = stats.storage_error.unwrap();
    assert!(said.contains("input/output error"), "{said}");
    bench.settles_fail.store(false, SeqCst);
    bench.run_for(10 * SECOND).await;
    let stats = bench.relay.stats();
    assert_eq!(
        (bench.sent(), stats.delivered, stats.lost),
        (5, 5, 0),
        "{stats:?}"
    );
    assert_eq!(stats.storage_error, None);
    assert_eq!(bench.queue.stats().delivered, 5);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_fails_is_tried_again_less_and_less_often() {
    let bench = Bench::new();
    bench.run_for(STEP).await;
    bench.leases_fail.store(true, SeqCst);
    bench.push(1).await;
    bench.run_for(60 * SECOND).await;
    let stats = bench.relay.stats();
    assert_eq!((bench.sent(), stats.waits), (0, Waits::Storage));
    // 100 ms, doubling up to 6.4 s: 6 tries in the first 6.3 s, then one each 6.4 s.
    assert!((10..=17).contains(&stats.storage_errors), "{stats:?}");
    bench.leases_fail.store(false, SeqCst);
    bench.run_for(7 * SECOND).await;
    assert_eq!(bench.sent(), 1);
    assert_eq!(bench.relay.stats().storage_error, None);
}
