//! A file of queues with something of everything in it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use fusebox_queue::{
    Attempt, Death, Ending, Leased, ManualWallClock, MessageId, NewMessage, Queue, QueueSettings,
    Queues, Response, Scope,
};

use crate::damage::Tables;

/// Longer than any answer of the queues takes on a busy machine.
pub const BOUND: Duration = Duration::from_secs(15);
const LASTS: Duration = Duration::from_secs(3600);

/// The file as it was before the damage.
#[derive(Debug)]
pub struct Letters {
    /// Its bytes.
    pub file: Vec<u8>,
    /// What is alive in the queue `q`: nothing else may ever be leased.
    pub alive: HashMap<MessageId, NewMessage>,
}

/// Made once.
pub fn letters() -> &'static Letters {
    static LETTERS: OnceLock<Letters> = OnceLock::new();
    LETTERS.get_or_init(|| {
        let folder = crate::Scratch::new();
        Letters::made(&folder.path().join("queue.db"))
    })
}

/// What never makes a message dead by itself.
pub fn settings() -> QueueSettings {
    let mut settings = QueueSettings::default();
    settings.age_max = None;
    settings.attempts_max = None;
    settings.crashes_max = None;
    settings
}

/// Opens a file as a daemon does, with chores that are never due and little room kept back.
///
/// # Errors
/// As [`fusebox_queue::QueuesBuilder::open`].
pub fn open(path: &Path, clock: &ManualWallClock) -> Result<Queues, fusebox_queue::StorageError> {
    let builder = Queues::builder().clock(clock.clone()).tick(LASTS);
    builder.room(64 << 10).open(path)
}

impl Letters {
    fn made(path: &Path) -> Self {
        let clock = ManualWallClock::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 30));
        let queues = open(path, &clock).expect("a new file");
        let queue = queues.queue("q", settings()).expect("settings");
        let mut alive = HashMap::new();
        for body in ["delivered", "dead", "again", "deferred", "crashed"] {
            push(
                &queue,
                &mut alive,
                NewMessage::new(body).idempotency_key(body),
            );
        }
        let leases = queue.lease(5, LASTS).wait(BOUND).expect("leases");
        for leased in &leases.leased {
            if let Some(ending) = ending(leased) {
                if matches!(ending, Ending::Delivered { .. } | Ending::Dead { .. }) {
                    alive.remove(&leased.id);
                }
                assert_eq!(queue.settle(leased, ending).wait(BOUND), Ok(true));
            }
        }
        for body in ["a1", "b1", "a2", "a3", "b2"] {
            push(&queue, &mut alive, NewMessage::new(body).key(&body[..1]));
        }
        let with_more = NewMessage::new("grouped")
            .group("g")
            .attribute("path", "/a?b");
        push(&queue, &mut alive, with_more);
        push(&queue, &mut alive, NewMessage::new(vec![7; 5_000]));
        let other = Scope::Group("other".to_owned(), "h".to_owned());
        let paused = queues.pause(other, "a reason", "somebody").wait(BOUND);
        paused.expect("a pause");
        queues.close(BOUND).expect("an end");
        drop((queue, queues));
        Self {
            file: crate::damage::whole(path),
            alive,
        }
    }
}

fn push(queue: &Queue, alive: &mut HashMap<MessageId, NewMessage>, message: NewMessage) {
    let pushed = queue.push(message.clone()).wait(BOUND).expect("a push");
    alive.insert(pushed.id, message);
}

fn ending(leased: &Leased) -> Option<Ending> {
    let attempt = Attempt {
        at: 1 << 40,
        class: "status".to_owned(),
        error: "503".to_owned(),
    };
    let response = Response {
        status: 200,
        headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
        body: "thanks".into(),
    };
    match &leased.body[..] {
        b"delivered" => Some(Ending::Delivered {
            response: Some(response),
        }),
        b"dead" => Some(Ending::Dead {
            death: Death::Refused,
            attempt,
            response: None,
            uncertain: false,
        }),
        b"again" => Some(Ending::Again {
            due: 1 << 40,
            attempt,
            counts: true,
            uncertain: true,
        }),
        b"deferred" => Some(Ending::Deferred {
            due: None,
            uncertain: false,
        }),
        _ => None,
    }
}

/// The tables and their keys.
pub const QUEUE_TABLES: Tables = &[
    ("queue", "id"),
    ("message", "seq"),
    ("trouble", "seq"),
    ("turn", "queue, grp, due, seq"),
    ("line", "queue, key"),
    ("chain", "seq"),
    ("lease", "token"),
    ("dead", "seq"),
    ("receipt", "seq"),
    ("pause", "id"),
];
