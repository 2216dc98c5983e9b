//! The process that is killed. It tells what it does on its standard output, each line before or
//! after the step that it names; what is in the pipe outlives it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use fusebox_queue::{Attempt, Death, Ending, Leased, NewMessage, Queue, QueueSettings, Queues};

use super::LEASED_FOR;
use crate::face::{SOON, delivered};

/// Where it finds its folder.
pub(super) const FOLDER: &str = "FUSEBOX_KILLS_FOLDER";
/// The how-manieth life this is.
pub(super) const LIFE: &str = "FUSEBOX_KILLS_LIFE";

const PUSHERS: u64 = 4;
const SENDERS: u64 = 2;
/// Keys of each pusher: who pushes to a key does it alone, so that its order is known.
const KEYS: u64 = 8;
const LEASED: usize = 8;

pub(super) fn settings() -> QueueSettings {
    let mut settings = QueueSettings::default();
    settings.messages_max = u64::from(u32::MAX);
    settings
}

/// Not a test of its own: the worker, when the test in the module above starts it.
#[test]
fn works_until_it_is_killed() {
    let (Ok(folder), Ok(life)) = (std::env::var(FOLDER), std::env::var(LIFE)) else {
        return;
    };
    let life: u64 = life.parse().expect("a number");
    // Ends the line that the harness has begun.
    tell(String::new());
    let queues = Queues::open(PathBuf::from(folder).join("queue.db")).expect("opens");
    let queue = queues.queue("q", settings()).expect("a fine queue");
    std::thread::scope(|scope| {
        for pusher in 0..PUSHERS {
            let queue = &queue;
            scope.spawn(move || push(queue, pusher, life << 32));
        }
        for _ in 0..SENDERS {
            scope.spawn(|| send(&queue));
        }
    });
}

fn push(queue: &Queue, pusher: u64, from: u64) {
    for number in from.. {
        let key = format!("k{}", pusher * KEYS + number % KEYS);
        tell(format!("offered {key} {number}"));
        let message = NewMessage::new(number.to_string()).key(&key);
        let pushed = queue.push(message).wait(SOON).expect("pushed");
        tell(format!("acknowledged {key} {number} {}", pushed.id));
    }
}

fn send(queue: &Queue) {
    // So that no two senders find the same outcomes for the same message.
    static SENT: AtomicU64 = AtomicU64::new(0);
    loop {
        let leases = queue.lease(LEASED, LEASED_FOR).wait(SOON).expect("leased");
        for leased in leases.leased {
            let turn = SENT.fetch_add(1, Ordering::Relaxed);
            let (how, ending) = match turn % 16 {
                3 => ("refused", refused(queue)),
                7 if leased.attempts < 10 => ("again", again(queue)),
                11 => ("deferred", deferred()),
                _ => ("delivered", delivered()),
            };
            let line = sent(&leased, how);
            tell(line.clone());
            assert_eq!(queue.settle(&leased, ending).wait(SOON), Ok(true));
            tell(line.replacen("sent", "settled", 1));
        }
    }
}

pub(super) fn sent(leased: &Leased, how: &str) -> String {
    let key = leased.key.as_deref().expect("each has a key");
    let number = std::str::from_utf8(&leased.body).expect("a number");
    format!("sent {key} {number} {} {how}", leased.id)
}

fn refused(queue: &Queue) -> Ending {
    Ending::Dead {
        death: Death::Refused,
        attempt: attempt(queue),
        response: None,
        uncertain: false,
    }
}

fn again(queue: &Queue) -> Ending {
    Ending::Again {
        due: queue.now(),
        attempt: attempt(queue),
        counts: true,
        uncertain: false,
    }
}

fn deferred() -> Ending {
    Ending::Deferred {
        due: None,
        uncertain: false,
    }
}

fn attempt(queue: &Queue) -> Attempt {
    crate::face::attempt(queue)
}

/// One write for one line.
fn tell(mut line: String) {
    use std::io::Write as _;
    line.push('\n');
    // It fails when the test has gone, and then there is nobody to tell.
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
}
