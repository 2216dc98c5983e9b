//! A power cut loses nothing that was acknowledged.
//!
//! This very program, started again, pushes into a file on an image and tells each place that was
//! acknowledged. It is stopped at some point, the image is copied as it is, and the copy is
//! mounted: what was not synced is not there.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::Queue;
use super::id::MessageId;
use super::image::Image;
use super::storage::{Done, Storage};

/// Where the writer finds its folder.
const FOLDER: &str = "FUSEBOX_DISK_WRITER";

const ROOM: u64 = 64 << 10;

/// How many are acknowledged before each cut.
const CUTS: [usize; 6] = [1, 40, 333, 1000, 2500, 5000];

/// Not a test of its own: the writer, when the test below starts it.
#[test]
fn writer() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    let mut queue = Queue::open(Path::new(&folder), ROOM);
    let mut out = std::io::stdout().lock();
    // Ends the line that the harness has begun.
    writeln!(out).unwrap();
    for round in 0.. {
        let order = queue.push(300);
        let done = queue.storage.commit(&[order]).unwrap();
        let Done::Push(Ok(pushed)) = &done[0] else {
            panic!("{done:?}");
        };
        // The test reads whole lines, and this ends with the pipe.
        if writeln!(out, "acknowledged {}", pushed.id).is_err() {
            return;
        }
        if round % 50 == 0 {
            queue.storage.tend().unwrap();
        }
    }
}

#[test]
fn a_power_cut_loses_nothing_that_was_acknowledged() {
    for wanted in CUTS {
        let image = Image::new(64);
        let mut child = start(&image.mounted());
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ids = lines.map_while(Result::ok).filter_map(|line| {
            let id = line.strip_prefix("acknowledged ")?.to_owned();
            id.parse::<MessageId>().ok()
        });
        let ids: Vec<_> = ids.take(wanted).collect();
        signal(&child, Signal::STOP);
        let after = Image::cut(&image);
        signal(&child, Signal::KILL);
        child.wait().unwrap();
        assert_eq!(ids.len(), wanted, "the writer failed");

        let mut queue = Queue::open(&after.mounted(), ROOM);
        assert_eq!(queue.problems(), [""; 0]);
        let mut reader = queue.storage.reader().unwrap();
        for id in &ids {
            let found = reader.message(*id).unwrap();
            assert!(found.is_some(), "{id} of {wanted} is lost");
        }
        drop(reader);
        assert!(queue.drain().len() >= wanted);
    }
}

fn start(folder: &Path) -> Child {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command.args(["--exact", "power::writer", "--nocapture"]);
    command.env(FOLDER, folder).stdout(Stdio::piped());
    command.spawn().unwrap()
}

fn signal(child: &Child, signal: Signal) {
    let id = Pid::from_child(child);
    kill_process(id, signal).unwrap();
}
