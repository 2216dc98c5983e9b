//! Whatever instant its process is killed at, the queue loses nothing and repeats only what was
//! being sent.

mod ledger;
mod worker;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use fusebox_queue::{Inspection, Query, Queue, Queues};

use crate::face::{SOON, delivered};
use ledger::Ledger;

/// Far more than the whole test takes: no lease ends by time, only with its process.
const LEASED_FOR: Duration = Duration::from_secs(4 * 3600);

/// Kills with `FUSEBOX_LONG` set, and without.
const KILLS: [u32; 2] = [1000, 200];

/// Lives between two looks at the whole file.
const LOOK: u32 = 20;

#[test]
fn whatever_instant_it_is_killed_at_nothing_is_lost_or_out_of_order() {
    let [long, short] = KILLS;
    let is_long = std::env::var_os("FUSEBOX_LONG").is_some();
    let kills = if is_long { long } else { short };
    let folder = Folder::new();
    let mut ledger = Ledger::default();
    let mut random = 7;
    for life in 0..kills {
        // Some are killed before they have opened the file, some in the thick of it.
        let lines = next(&mut random) % 400;
        live(&folder.0, life, lines, &mut ledger);
        if life % LOOK == 0 {
            look(&folder.0);
        }
    }
    look(&folder.0);
    let queues = Queues::open(folder.file()).expect("opens");
    let queue = queues.queue("q", worker::settings()).expect("a fine queue");
    let waiting = drain(&queue, kills, &mut ledger);
    let dead = dead(&queue, &mut ledger);
    println!("{}", ledger.whole(waiting, dead));
}

/// One life of the worker: it is killed once it has told so many lines.
fn live(folder: &Path, life: u32, lines: u64, ledger: &mut Ledger) {
    let program = std::env::current_exe().expect("this program");
    let mut child = Command::new(program)
        .args([
            "--exact",
            "kills::worker::works_until_it_is_killed",
            "--nocapture",
        ])
        .env(worker::FOLDER, folder)
        .env(worker::LIFE, life.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut told = BufReader::new(child.stdout.take().expect("piped")).lines();
    for line in told.by_ref().take(usize::try_from(lines).expect("few")) {
        ledger.read(life, &line.expect("told"));
    }
    child.kill().expect("killed");
    // What it told before it died.
    for line in told {
        ledger.read(life, &line.expect("told"));
    }
    let status = child.wait().expect("ended");
    assert!(status.code().is_none(), "it ended by itself: {status}");
}

fn look(folder: &Path) {
    let file = folder.join("queue.db");
    if !file.exists() {
        return;
    }
    let wrong = Inspection::open(file).expect("opens").check();
    assert_eq!(wrong.expect("checked"), [""; 0]);
}

/// Delivers what waits; how much that was.
fn drain(queue: &Queue, life: u32, ledger: &mut Ledger) -> usize {
    let mut drained = 0;
    loop {
        let leases = queue.lease(256, LEASED_FOR).wait(SOON).expect("leased");
        if leases.leased.is_empty() {
            assert_eq!(leases.next_due, None, "all was due");
            return drained;
        }
        let told: Vec<_> = leases
            .leased
            .iter()
            .map(|leased| {
                ledger.read(life, &worker::sent(leased, "delivered"));
                queue.settle(leased, delivered())
            })
            .collect();
        drained += told.len();
        let mut told = told.into_iter();
        assert!(told.all(|settled| settled.wait(SOON) == Ok(true)));
    }
}

/// The dead letters, which the ledger compares with what it knows.
fn dead(queue: &Queue, ledger: &mut Ledger) -> usize {
    let mut query = Query {
        dead: true,
        limit: 1000,
        ..Query::default()
    };
    let mut dead = 0;
    loop {
        let page = queue
            .queues()
            .messages(query.clone())
            .wait(SOON)
            .expect("read");
        for item in page.items {
            let whole = queue.queues().message(item.id).wait(SOON).expect("read");
            ledger.dead(&whole.expect("a dead letter is there"));
            dead += 1;
        }
        if page.next.is_none() {
            return dead;
        }
        query.after = page.next;
    }
}

/// `SplitMix64`.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Removed with it.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("fusebox-queue-it-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("made");
        Self(folder)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("queue.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
