//! A disk that fails under a running relay: every write is an error of input and output, until it
//! is well again.
//!
//! The error is the operating system's own: a process that may not make its files longer
//! (`RLIMIT_FSIZE`) is refused by every write beyond, and SQLite takes that for a disk that fails.
//! The limit is the process's, so the test runs itself again as a process of its own, in which the
//! shell has switched off the signal that would come first.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use fusebox::CircuitBreaker;
use fusebox_queue::relay::Relay;
use fusebox_queue::sink::Reply;
use fusebox_queue::{
    Inspection, Leased, MessageState, NewMessage, PushError, QueueError, QueueSettings, Queues,
    StorageError,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Says to the test that it is the process of its own.
const FOLDER: &str = "FUSEBOX_TEST_FAILING_DISK";
const NAME: &str =
    "failing_disk::what_was_sent_while_the_disk_failed_is_written_down_once_it_is_well";
/// Far more than a disk that is well again needs.
const BOUND: Duration = Duration::from_secs(60);

/// From now on no file may become longer than this; `None`: as long as it likes.
fn longest_file(bytes: Option<u64>) {
    let Rlimit { maximum, .. } = getrlimit(Resource::Fsize);
    let limit = Rlimit {
        current: bytes.or(maximum),
        maximum,
    };
    setrlimit(Resource::Fsize, limit).expect("a limit of our own");
}

#[test]
fn what_was_sent_while_the_disk_failed_is_written_down_once_it_is_well() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_time().build().expect("a runtime");
        return runtime.block_on(in_folder(folder.into()));
    }
    let folder = std::env::temp_dir().join(format!("fusebox-failing-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let ran = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
        .arg(std::env::current_exe().expect("is a file"))
        .args(["--exact", NAME, "--nocapture"])
        .env(FOLDER, &folder)
        .output()
        .expect("a shell");
    std::fs::remove_dir_all(&folder).expect("is there");
    let (out, err) = (&ran.stdout, &ran.stderr);
    let told = String::from_utf8_lossy(out) + String::from_utf8_lossy(err);
    assert!(ran.status.success() && told.contains("1 passed"), "{told}");
}

async fn in_folder(folder: PathBuf) {
    let file = folder.join("queue.db");
    let queues = Queues::open(&file).expect("opens");
    let queue = queues.queue("receipts", QueueSettings::default());
    let queue = queue.expect("a fine queue");
    let kept = queue.push(NewMessage::new("kept").key("till-1")).await;
    let kept = kept.expect("pushed").id;

    // The disk fails while the message is with the receiver.
    let sent = Arc::new(AtomicBool::new(false));
    let breaker = CircuitBreaker::builder("ofd").build().expect("a breaker");
    let relay = Relay::builder(queue.clone(), Arc::new(breaker)).sink({
        let sent = Arc::clone(&sent);
        move |_: Leased| {
            if !sent.swap(true, SeqCst) {
                longest_file(Some(1));
            }
            async { Reply::DELIVERED }
        }
    });
    let relay = relay.start().expect("a relay");
    until(|| relay.stats().storage_errors > 2).await;
    let stats = relay.stats();
    assert_eq!((stats.delivered, stats.lost), (1, 0), "{stats:?}");
    assert!(
        stats
            .storage_error
            .is_some_and(|error| error.contains("failed"))
    );

    // Pushes are refused with what is the matter: neither full nor damaged, and with no panic.
    let named = || {
        NewMessage::new("late")
            .key("till-1")
            .idempotency_key("late")
    };
    for _ in 0..3 {
        let refused = queue.push(named()).await;
        let failed = matches!(
            refused,
            Err(PushError::Queue(QueueError::Storage(
                StorageError::Failed { .. }
            )))
        );
        assert!(failed, "{refused:?}");
    }
    let seen = queues.stats();
    assert!(!seen.is_healthy && seen.failures > 3, "{seen:?}");

    longest_file(None);
    until(|| relay.stats().storage_error.is_none()).await;
    let record = queues.message(kept).await.expect("read").expect("is there");
    assert_eq!(
        (record.state, record.attempts),
        (MessageState::Delivered, 1)
    );
    // May or may not be there: the name says.
    let late = queue.push(named()).await.expect("pushed").id;
    until(|| relay.stats().delivered == 2).await;
    let lost = relay.stats().lost;
    relay.stop().await;
    let record = queues.message(late).await.expect("read").expect("is there");
    assert_eq!((record.state, lost), (MessageState::Delivered, 0));
    assert!(queues.stats().is_healthy);
    assert_eq!(queue.stats().crashed, 0, "no lease was lost over it");
    let mut look = Inspection::open(&file).expect("opens");
    assert_eq!(look.check(), Ok(vec![]));
    queues.close(BOUND).expect("closes");
}

async fn until(is_so: impl Fn() -> bool) {
    let end = Instant::now() + BOUND;
    while !is_so() {
        assert!(Instant::now() < end, "never");
        tokio::task::yield_now().await;
    }
}
