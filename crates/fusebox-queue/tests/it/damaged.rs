//! Files whose pages are damaged: what can still be shown of them.

use fusebox_queue::{Inspection, Queues, StorageError};
use rusqlite::Connection;

use crate::face::{SOON, lease, message, queue, refused, settle};
use crate::kills::Folder;

/// How messages are pushed.
#[derive(Clone, Copy, Debug)]
enum Pushed {
    OneAfterTheOther,
    /// Their places follow each other without a gap.
    AtOnce,
}

/// A file of so many messages, all in the database itself; the first one is dead.
fn filled(messages: usize, pushed: Pushed) -> Folder {
    let folder = Folder::new();
    let queues = Queues::open(folder.file()).unwrap();
    let queue = queue(&queues);
    queue.push(message(&body(0))).wait(SOON).unwrap();
    settle(&queue, &lease(&queue)[0], refused(&queue));
    let mut answers: Vec<_> = Vec::new();
    for number in 1..messages {
        let answer = queue.push(message(&body(number)));
        match pushed {
            Pushed::OneAfterTheOther => drop(answer.wait(SOON).unwrap()),
            Pushed::AtOnce => answers.push(answer),
        }
    }
    for answer in answers {
        answer.wait(SOON).unwrap();
    }
    queues.close(SOON).unwrap();
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    let done = |_: &rusqlite::Row<'_>| Ok(());
    raw(&folder).query_row(checkpoint, (), done).unwrap();
    folder
}

/// Another connection, which does what it likes.
fn raw(folder: &Folder) -> Connection {
    Connection::open(folder.file()).unwrap()
}

/// Four of them fit on a page.
fn body(number: usize) -> String {
    format!("<{number:04}>{}", "x".repeat(900))
}

/// The numbers of the messages that an export shows, and what it says of the others.
fn shown(folder: &Folder) -> (Vec<usize>, Vec<String>) {
    let mut shown = Vec::new();
    let mut look = Inspection::open(folder.file()).unwrap();
    let lost = look.each(|record| -> Result<(), StorageError> {
        let number = str::from_utf8(&record.body[1..5]).unwrap();
        shown.push(number.parse().unwrap());
        Ok(())
    });
    (shown, lost.unwrap())
}

#[test]
fn of_a_file_with_damaged_pages_all_is_shown_that_stands_on_others() {
    for pushed in [Pushed::OneAfterTheOther, Pushed::AtOnce] {
        // The page of one in the middle, that of one near the end, and that of the dead one.
        all_is_shown_beside_damaged_pages(pushed, &[0, 200, 390]);
        // The first page of those alive and the last one.
        all_is_shown_beside_damaged_pages(pushed, &[1, 399]);
    }
}

fn all_is_shown_beside_damaged_pages(pushed: Pushed, damaged: &[usize]) {
    const MESSAGES: usize = 400;
    const PAGE: usize = 4096;
    let folder = filled(MESSAGES, pushed);
    let all: Vec<_> = (1..MESSAGES).chain([0]).collect();
    assert_eq!(shown(&folder), (all.clone(), Vec::new()));
    let mut bytes = std::fs::read(folder.file()).unwrap();
    let mut gone = Vec::new();
    for number in damaged {
        let text = body(*number);
        let mut places = bytes.windows(text.len());
        let place = places.position(|found| found == text.as_bytes()).unwrap();
        let page = &mut bytes[place / PAGE * PAGE..][..PAGE];
        let stands = |number: &usize| {
            let text = &body(*number).into_bytes()[..100];
            page.windows(text.len()).any(|found| found == text)
        };
        gone.extend(all.iter().copied().filter(stands));
        page[..100].fill(0xff);
    }
    assert!((2..15).contains(&gone.len()), "{gone:?}");
    std::fs::write(folder.file(), bytes).unwrap();
    let (shown, lost) = shown(&folder);
    let rest = all.into_iter().filter(|number| !gone.contains(number));
    assert_eq!(shown, rest.collect::<Vec<_>>(), "{pushed:?}");
    let ranges = lost
        .iter()
        .filter(|told| told.contains("what there is from"));
    assert_eq!(ranges.count(), damaged.len(), "{lost:?}");
}

#[test]
fn without_the_tables_beside_the_messages_all_messages_are_shown() {
    for table in ["turn", "line", "trouble", "queue"] {
        let folder = filled(20, Pushed::OneAfterTheOther);
        let drop = format!("DROP TABLE {table}");
        raw(&folder).execute(&drop, ()).unwrap();
        let (shown, lost) = shown(&folder);
        assert_eq!(shown, (1..20).chain([0]).collect::<Vec<_>>(), "{table}");
        assert!(!lost.is_empty(), "{table}");
    }
}

#[test]
fn a_file_of_which_nothing_can_be_read_is_an_error() {
    let folder = filled(20, Pushed::OneAfterTheOther);
    for table in ["message", "dead"] {
        let drop = format!("DROP TABLE {table}");
        raw(&folder).execute(&drop, ()).unwrap();
    }
    let mut look = Inspection::open(folder.file()).unwrap();
    let none = look.each(|_| -> Result<(), StorageError> { panic!("there is nothing") });
    assert!(
        matches!(none, Err(StorageError::Corrupt { .. })),
        "{none:?}"
    );
}
