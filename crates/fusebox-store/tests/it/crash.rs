//! A process that is killed at any moment has kept what it was told is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fusebox::{Author, Clock, HoldKind, HoldRequest, OverrideRequest, Registry, SettingsChange};
use fusebox::{SystemClock, Value};
use fusebox_store::{AuditQuery, EventQuery, Keeper, Kept, Page, Sqlite, Storage, verify_audit};

use crate::drafts::action;
use crate::place::Folder;

/// Where the child keeps its state, and the first number that it uses.
const PLACE: &str = "FUSEBOX_STORE_TEST_PLACE";
const FIRST: &str = "FUSEBOX_STORE_TEST_FIRST";
const CIRCUITS: [&str; 3] = ["apollo", "rag", "vms"];
const SOON: Duration = Duration::from_secs(30);

/// Kills in a normal run, and with `FUSEBOX_LONG=1`.
const KILLS: usize = 25;
const KILLS_LONG: usize = 1_000;

#[test]
fn what_was_acknowledged_before_kill_9_is_there_after_it() {
    // This very test is the child, too.
    if let (Ok(place), Ok(first)) = (std::env::var(PLACE), std::env::var(FIRST)) {
        return live(place.as_ref(), first.parse().expect("is a number"));
    }
    let folder = Folder::new();
    let is_long = std::env::var("FUSEBOX_LONG").is_ok_and(|long| long == "1");
    let (mut dice, mut told) = (Dice(0x9e37_79b9_7f4a_7c15), Told::default());
    let mut killed_at_work = 0;
    for round in 0..if is_long { KILLS_LONG } else { KILLS } {
        let first = u64::try_from(round).expect("is small") * 100_000;
        let before = told.lines;
        kill_at_a_random_moment(&folder.file(), first, &mut dice, &mut told);
        killed_at_work += usize::from(told.lines > before);
        check(&folder.file(), &told);
    }
    assert!(
        killed_at_work >= KILLS / 2,
        "{killed_at_work} children did something"
    );
}

/// The child: acts and tells what is kept, until it is killed.
#[allow(clippy::print_stdout)] // Its parent listens there.
fn live(place: &Path, first: u64) {
    let registry = Registry::new();
    let circuits = CIRCUITS.map(|name| registry.add(name.into()).expect("is new"));
    let storage = Sqlite::open(place).expect("opens");
    let keeper = Keeper::start(&registry, storage).expect("starts");
    for number in first..first + 10_000 {
        let turn = usize::try_from(number).expect("is small");
        let (circuit, name) = (circuits[turn % 3], CIRCUITS[turn % 3]);
        let (reason, author) = (number.to_string(), Author::new("ada"));
        let what = match turn % 2 {
            0 => {
                circuit.hold(HoldRequest {
                    kind: HoldKind::ForcedOpen,
                    reason,
                    author,
                    for_: None,
                });
                "hold"
            }
            _ => {
                let request = OverrideRequest {
                    change: SettingsChange::new().set("open_for", Value::Text("20s")),
                    reason,
                    author,
                    for_: None,
                    age: None,
                };
                // A circuit takes a bounded number of changes in its life.
                if number - first > 3_000 {
                    return;
                }
                registry.set_override(name, request).expect("fits");
                "override"
            }
        };
        keeper.flushed().wait(SOON).expect("is kept");
        println!("TOLD {what} {name} {number}");
        let entry = keeper.record(action(what, name, number)).wait(SOON);
        let entry = entry.expect("is kept");
        println!("TOLD audit {} {}", entry.hash, entry.id);
    }
}

/// What the children told.
#[derive(Default)]
struct Told {
    lines: usize,
    /// By what and circuit, the newest number.
    newest: BTreeMap<(String, String), u64>,
    /// What happened, by its number.
    events: BTreeSet<String>,
    /// Hashes by their numbers.
    audit: BTreeMap<u64, String>,
}

impl Told {
    /// Takes a line of the child; one that was cut by the kill tells nothing.
    fn hear(&mut self, line: &str) {
        let words: Vec<_> = line.split_whitespace().collect();
        // The test harness may have begun the line.
        let Some(start) = words.iter().position(|word| *word == "TOLD") else {
            return;
        };
        let [what, name, number] = words[start + 1..] else {
            return;
        };
        let value: u64 = number.parse().expect("is a number");
        self.lines += 1;
        if what == "audit" {
            self.audit.insert(value, name.to_owned());
            return;
        }
        self.events.insert(number.to_owned());
        self.newest
            .insert((what.to_owned(), name.to_owned()), value);
    }
}

fn kill_at_a_random_moment(place: &Path, first: u64, dice: &mut Dice, told: &mut Told) {
    let mut child = spawn(place, first);
    let out = child.stdout.take().expect("is piped");
    let mut out = BufReader::new(out);
    let mut line = String::new();
    for _ in 0..dice.below(40) {
        line.clear();
        if out.read_line(&mut line).expect("reads") == 0 {
            break;
        }
        told.hear(&line);
    }
    // In the middle of what comes next: there is nothing to wait for but time itself.
    let until = SystemClock
        .now()
        .saturating_add(Duration::from_micros(dice.below(4_000)));
    while SystemClock.now() < until {
        std::hint::spin_loop();
    }
    child.kill().expect("is killed");
    child.wait().expect("has ended");
    loop {
        line.clear();
        let length = out.read_line(&mut line).expect("reads");
        if length == 0 {
            return;
        }
        if line.ends_with('\n') {
            told.hear(&line);
        }
    }
}

fn spawn(place: &Path, first: u64) -> Child {
    let test = "crash::what_was_acknowledged_before_kill_9_is_there_after_it";
    Command::new(std::env::current_exe().expect("is a file"))
        .args(["--exact", test, "--nocapture"])
        .env(PLACE, place)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts")
}

/// The file opens, and everything that was told is in it.
fn check(place: &Path, told: &Told) {
    let mut storage = Sqlite::open(place).expect("opens");
    let kept = storage.load().expect("reads");
    for ((what, name), number) in &told.newest {
        let there = number_in(&kept, what, name);
        assert!(
            there >= Some(*number),
            "{what} {name}: {there:?}, told {number}"
        );
    }
    let events = numbers_in_history(&mut storage);
    let lost: Vec<_> = told.events.difference(&events).collect();
    assert_eq!(lost, Vec::<&String>::new(), "in the history");

    let check = verify_audit(&mut storage).expect("reads");
    assert!(check.holds(), "{check:?}");
    let mut hashes = BTreeMap::new();
    all(|before| {
        let page = storage.audit(&AuditQuery {
            before,
            limit: 1_000,
            ..AuditQuery::default()
        });
        let page = page.expect("reads");
        let entries = page.items.into_iter().map(|entry| (entry.id, entry.hash));
        hashes.extend(entries);
        page.next
    });
    for (id, hash) in &told.audit {
        assert_eq!(hashes.get(id), Some(hash), "entry {id}");
    }
}

/// The number in the reason of the newest hold or override of a circuit.
fn number_in(kept: &Kept, what: &str, name: &str) -> Option<u64> {
    let reason = if what == "override" {
        let over = kept.overrides.iter().find(|over| over.circuit == name)?;
        &over.reason
    } else {
        let circuits = &mut kept.circuits.iter();
        let circuit = circuits.find(|kept| kept.record.circuit == name)?;
        &circuit.record.saved.hold.as_ref()?.reason
    };
    reason.parse().ok()
}

fn numbers_in_history(storage: &mut Sqlite) -> BTreeSet<String> {
    let (mut numbers, mut last) = (BTreeSet::new(), u64::MAX);
    all(|before| {
        let page = storage.events(&EventQuery {
            before,
            limit: Page::<()>::LIMIT_MAX,
            ..EventQuery::default()
        });
        let page = page.expect("reads");
        for event in page.items {
            assert!(event.id < last, "numbers rise");
            last = event.id;
            numbers.extend(event.reason);
        }
        page.next
    });
    numbers
}

fn all(mut page: impl FnMut(Option<u64>) -> Option<u64>) {
    let mut next = page(None);
    while next.is_some() {
        next = page(next);
    }
}

/// The same throws in each run (xorshift64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
