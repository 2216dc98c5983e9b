//! Opening, closing, and files that are not ours.

use super::{BEGIN, Bench, ROOM, Scratch, attempt, bytes};
use crate::error::StorageError;
use crate::message::NewMessage;
use crate::record::MessageState;
use crate::storage::sqlite::Sqlite;
use crate::storage::{Ending, Storage};

#[test]
fn what_was_committed_is_there_after_opening_again() {
    let scratch = Scratch::new();
    let mut bench = Bench::new(scratch.open());
    let first = bench.push(
        NewMessage::new("1")
            .key("k")
            .group("g")
            .attribute(":path", "/a"),
    );
    let second = bench.keyed("k", "2");
    let leased = bench.lease(1).leased.remove(0);
    let due = bench.at + 500;
    let (attempt, uncertain) = (attempt(bench.at), true);
    assert!(bench.settle(
        &leased,
        Ending::Again {
            counts: true,
            due,
            attempt,
            uncertain
        }
    ));
    let last = bench.storage.last_seq().unwrap();
    drop(bench);

    let mut bench = Bench::new(scratch.open());
    assert_eq!(bench.storage.last_seq().unwrap(), last);
    let mut reader = bench.storage.reader().unwrap();
    let record = reader.message(first).unwrap().unwrap();
    assert_eq!((record.attempts, record.uncertain), (1, true));
    assert_eq!(record.state, MessageState::Pending);
    assert_eq!(record.attributes, [(":path".to_owned(), "/a".to_owned())]);
    assert_eq!(bench.problems(), [""; 0]);
    bench.at = due;
    assert_eq!(bench.drain(), ["1", "2"]);
    for id in [first, second] {
        let record = reader.message(id).unwrap().unwrap();
        assert_eq!(record.state, MessageState::Delivered);
    }
    assert_eq!(bench.problems(), [""; 0]);
}

#[test]
fn the_greatest_place_is_known_when_its_message_is_gone() {
    let scratch = Scratch::new();
    let mut bench = Bench::new(scratch.open());
    let id = bench.keyed("k", "1");
    bench.drain();
    let queue = "q".into();
    let (before, max) = (i64::MAX, 10);
    bench.one(crate::storage::Order::Forget { queue, before, max });
    drop(bench);
    assert_eq!(scratch.open().last_seq().unwrap(), id.seq());
}

#[test]
fn a_lease_of_the_owner_before_is_a_crash_and_its_token_settles_nothing() {
    let scratch = Scratch::new();
    let mut bench = Bench::new(scratch.open());
    let id = bench.keyed("k", "1");
    bench.keyed("k", "2");
    let leased = bench.lease(2).leased;
    assert_eq!(leased.len(), 1);
    drop(bench);

    let mut bench = Bench::new(scratch.open());
    let taken = bench.lease(2);
    assert_eq!((taken.crashed, taken.leased.len()), (1, 1));
    let again = &taken.leased[0];
    assert_eq!((again.id, again.crashes, again.uncertain), (id, 1, true));
    let delivered = || Ending::Delivered { response: None };
    assert!(!bench.settle(&leased[0], delivered()));
    assert!(bench.settle(again, delivered()));
    assert_eq!(bench.drain(), ["2"]);
    assert_eq!(bench.problems(), [""; 0]);
}

#[test]
fn what_was_settled_of_a_lease_is_no_crash_after_opening_again() {
    let scratch = Scratch::new();
    let mut bench = Bench::new(scratch.open());
    for key in ["a", "b", "c"] {
        bench.keyed(key, key);
    }
    let leased = bench.lease(3).leased;
    assert!(bench.settle(&leased[0], Ending::Delivered { response: None }));
    assert!(bench.settle(
        &leased[1],
        Ending::Deferred {
            due: None,
            uncertain: false
        }
    ));
    drop(bench);
    let mut bench = Bench::new(scratch.open());
    let taken = bench.lease(3);
    assert_eq!(taken.crashed, 1);
    assert_eq!(taken.leased.len(), 1, "then the suspect waits to be alone");
    assert_eq!(taken.leased[0].key.as_deref(), Some("b"));
}

#[test]
fn a_second_owner_is_refused_until_the_first_is_gone() {
    let scratch = Scratch::new();
    let first = scratch.open();
    let refused = Sqlite::open(scratch.path(), ROOM).map(drop);
    assert!(
        matches!(refused, Err(StorageError::Taken { .. })),
        "{refused:?}"
    );
    drop(first);
    scratch.open();
}

#[test]
fn a_newer_file_and_another_program_s_are_refused_and_stay_as_they_are() {
    let scratch = Scratch::new();
    drop(scratch.open());
    let raw = scratch.raw();
    raw.pragma_update(None, "journal_mode", "DELETE").unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    drop(raw);
    let newer = bytes(&scratch.path());
    let refused = Sqlite::open(scratch.path(), ROOM).map(drop);
    let is_newer = matches!(refused, Err(StorageError::Newer { found: 99, .. }));
    assert!(is_newer, "{refused:?}");
    assert!(bytes(&scratch.path()) == newer, "it was changed");

    let raw = scratch.raw();
    raw.pragma_update(None, "application_id", 5).unwrap();
    drop(raw);
    let foreign = bytes(&scratch.path());
    let refused = Sqlite::open(scratch.path(), ROOM).map(drop);
    assert!(
        matches!(refused, Err(StorageError::Corrupt { .. })),
        "{refused:?}"
    );
    assert!(bytes(&scratch.path()) == foreign, "it was changed");
}

#[test]
fn a_file_that_is_no_database_is_refused_and_stays_as_it_is() {
    let scratch = Scratch::new();
    let text = "a diary, not a database. ".repeat(400);
    std::fs::write(scratch.path(), &text).unwrap();
    let refused = Sqlite::open(scratch.path(), ROOM).map(drop);
    let Err(StorageError::Corrupt { place, .. }) = &refused else {
        panic!("{refused:?}");
    };
    assert!(place.ends_with("queue.db"));
    assert_eq!(bytes(&scratch.path()), text.as_bytes());
}

#[cfg(unix)]
#[test]
fn all_files_are_readable_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let mut bench = Bench::new(scratch.open());
    bench.keyed("k", "1");
    let mut names = Vec::new();
    for file in std::fs::read_dir(&scratch.folder).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", file.file_name());
        names.push(file.file_name().into_string().unwrap());
    }
    names.sort();
    let beside = ["", "-shm", "-wal", ".ballast", ".lock"];
    assert_eq!(names, beside.map(|suffix| format!("queue.db{suffix}")));
    assert!(bench.at >= BEGIN);
}
