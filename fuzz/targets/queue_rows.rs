//! Files of queues that are not as they were written: damaged rows and damaged bytes.
//!
//! The input is lines that say what is damaged, see `fuzz/src/damage.rs`.
#![no_main]

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, SystemTime};

use fusebox_fuzz::{
    BOUND, Damage, Letters, QUEUE_TABLES, Scratch, damage, letters, open, settings,
};
use fusebox_queue::{
    Ending, Inspection, Leased, ManualWallClock, MessageId, Query, Queue, QueueError, Queues,
    Record, Selection, StorageError,
};
use libfuzzer_sys::fuzz_target;

/// More leases than there are messages, a crash of each included.
const LEASES_MAX: usize = 64;
/// Everything is due after so long, if it ever is.
const WAIT: Duration = Duration::from_secs(1 << 31);

fuzz_target!(|input: &str| {
    let letters = letters();
    let folder = Scratch::new();
    let path = folder.path().join("queue.db");
    std::fs::write(&path, &letters.file).expect("a file");
    let done = Done::of(&damage(&path, input, QUEUE_TABLES));
    let before = std::fs::read(&path).expect("a file");
    looked_at(&path);
    let clock = ManualWallClock::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 31));
    match open(&path, &clock) {
        Ok(queues) => {
            used(&queues, &clock, letters, done);
            queues.close(BOUND).expect("an end");
        }
        Err(StorageError::Newer { .. }) => {
            assert_eq!(std::fs::read(&path).expect("a file"), before);
        }
        // It says so, in one line.
        Err(error) => {
            assert!(done.anything, "{error}");
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
    looked_at(&path);
});

/// What the damage may lead to.
#[derive(Clone, Copy, Debug)]
struct Done {
    /// Rows of messages and of what befell them, each of which may be set aside or lost.
    rows: usize,
    /// Anything may be wrong: bytes, or what queues there are.
    anything: bool,
}

impl Done {
    fn of(damage: &Damage) -> Self {
        Self {
            rows: damage.rows_of(&["message", "trouble"]),
            anything: damage.bytes || damage.rows_of(&["queue", "pause"]) > 0,
        }
    }
}

/// Whatever is there can be looked at, or an error says why not.
fn looked_at(path: &Path) {
    let Ok(mut look) = Inspection::open(path) else {
        return;
    };
    let seen = |record: Record| -> Result<(), StorageError> {
        let _ = format!("{record:?}");
        Ok(())
    };
    let _ = look.each(seen);
    let _ = look.depths();
    if let Ok(problems) = look.check() {
        assert!(problems.len() <= 101);
    }
}

fn used(queues: &Queues, clock: &ManualWallClock, letters: &Letters, done: Done) {
    let queue = queues.queue("q", settings()).expect("settings");
    let Ok((delivered, corrupt)) = drained(&queue, clock, letters, done) else {
        // What fails is told, and only damage to more than rows makes it fail.
        assert!(done.anything);
        return;
    };
    let missing = letters.alive.len() - delivered.len();
    let problems = queues.check().wait(BOUND);
    if !done.anything {
        let problems = problems.expect("a check");
        let told = corrupt > 0 || !problems.is_empty();
        assert!(missing <= done.rows || told, "{missing} of {done:?}");
    }
    for dead in [false, true] {
        let query = Query {
            dead,
            limit: 100,
            ..Query::default()
        };
        for record in queues
            .messages(query)
            .wait(BOUND)
            .into_iter()
            .flat_map(|p| p.items)
        {
            let _ = queues.message(record.id).wait(BOUND);
        }
    }
    let oldest = || Selection::Oldest {
        queue: "q".to_owned(),
        key: None,
        max: 10,
    };
    let _ = queues.depths().wait(BOUND);
    let _ = queues.pauses().wait(BOUND);
    let _ = queue.groups().wait(BOUND);
    let _ = queue.by_idempotency_key("delivered").wait(BOUND);
    let _ = queues.retry(oldest()).wait(BOUND);
    let _ = queues.discard(oldest()).wait(BOUND);
}

/// Leases and delivers until nothing comes. What was delivered, and how many were set aside.
fn drained(
    queue: &Queue,
    clock: &ManualWallClock,
    letters: &Letters,
    done: Done,
) -> Result<(HashSet<MessageId>, u64), QueueError> {
    let mut delivered = HashSet::new();
    let mut corrupt = 0;
    let mut idle = 0;
    for _ in 0..LEASES_MAX {
        let leases = queue.lease(4, Duration::from_secs(60)).wait(BOUND)?;
        corrupt += leases.corrupt;
        for leased in &leases.leased {
            is_as_it_was_pushed(leased, letters);
            let is_new = delivered.insert(leased.id);
            assert!(is_new || done.anything, "{leased:?} again");
            let _ = queue
                .settle(leased, Ending::Delivered { response: None })
                .wait(BOUND)?;
        }
        if leases.leased.is_empty() {
            idle += 1;
            if idle > 3 {
                break;
            }
            clock.advance(WAIT);
        }
    }
    Ok((delivered, corrupt))
}

/// Nothing is ever sent that nobody pushed.
fn is_as_it_was_pushed(leased: &Leased, letters: &Letters) {
    let pushed = letters.alive.get(&leased.id);
    let pushed = pushed.unwrap_or_else(|| panic!("{leased:?} was not waiting"));
    assert_eq!(leased.body, pushed.body);
    assert_eq!(leased.key, pushed.key);
    assert_eq!(leased.group, pushed.group);
    assert_eq!(leased.attributes, pushed.attributes);
    assert_eq!(leased.idempotency_key, pushed.idempotency_key);
}
