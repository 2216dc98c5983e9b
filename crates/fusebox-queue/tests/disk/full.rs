//! A full disk stops pushes, and nothing else.

use super::Queue;
use super::error::StorageError;
use super::image::Image;
use super::storage::{Done, Ending, Order, ROOM, Settle, Storage};

/// Enough for messages as small as these are.
const LITTLE: u64 = 12 << 20;

/// Pushes until there is no room; how many were acknowledged.
fn fill(queue: &mut Queue) -> usize {
    let mut acknowledged = 0;
    loop {
        let orders: Vec<_> = (0..20).map(|_| queue.push(1500)).collect();
        match queue.storage.commit(&orders) {
            Ok(done) => {
                assert!(done.iter().all(|done| matches!(done, Done::Push(Ok(_)))));
                acknowledged += done.len();
            }
            Err(StorageError::Full { .. }) => return acknowledged,
            Err(other) => panic!("{other}"),
        }
    }
}

/// Fills what is left beside the queue, so that only the room kept back is there.
fn fill_beside(image: &Image) {
    let path = image.mounted().join("beside");
    let mut file = std::fs::File::options()
        .append(true)
        .create(true)
        .open(path)
        .unwrap();
    let block = vec![1; 4096];
    while std::io::Write::write_all(&mut file, &block).is_ok() {}
}

#[test]
fn a_full_disk_refuses_pushes_drains_all_and_takes_pushes_again() {
    let image = Image::new(64);
    let mut queue = Queue::open(&image.mounted(), LITTLE);
    assert!(queue.storage.has_room());
    let mut acknowledged = 0;
    for round in 0..3 {
        acknowledged += fill(&mut queue);
        assert!(acknowledged > 100, "round {round}: {acknowledged}");
        assert!(!queue.storage.has_room());
        let order = queue.push(10);
        let refused = queue.storage.commit(&[order]);
        assert!(
            matches!(refused, Err(StorageError::Full { .. })),
            "{refused:?}"
        );
        assert_eq!(queue.drain().len(), acknowledged, "round {round}");
        acknowledged = 0;
        assert_eq!(queue.problems(), [""; 0]);
        forget(&mut queue);
        // About one a second in life; the file gives its pages back bit by bit.
        let has_room = (0..100).any(|_| {
            queue.storage.tend().unwrap();
            queue.storage.has_room()
        });
        assert!(has_room, "round {round}: no room again");
    }
}

#[test]
fn a_disk_that_others_fill_up_does_not_stop_the_drain() {
    let image = Image::new(64);
    let mut queue = Queue::open(&image.mounted(), LITTLE);
    let mut acknowledged = 0;
    for _ in 0..200 {
        let orders: Vec<_> = (0..20).map(|_| queue.push(1500)).collect();
        acknowledged += queue.storage.commit(&orders).unwrap().len();
    }
    fill_beside(&image);
    acknowledged += fill(&mut queue);
    assert_eq!(queue.drain().len(), acknowledged);
    assert_eq!(queue.problems(), [""; 0]);
    queue.storage.tend().unwrap();
    assert!(!queue.storage.has_room(), "the others have the disk still");
    std::fs::remove_file(image.mounted().join("beside")).unwrap();
    queue.storage.tend().unwrap();
    assert!(queue.storage.has_room());
    assert!(fill(&mut queue) > 100);
}

#[test]
fn large_messages_that_die_on_a_full_disk_find_room() {
    const LARGE: usize = 15 << 20;
    let image = Image::new(192);
    let mut queue = Queue::open(&image.mounted(), ROOM);
    for _ in 0..2 {
        let order = queue.push(LARGE);
        queue.storage.commit(&[order]).unwrap();
    }
    for _ in 0..20 {
        let orders: Vec<_> = (0..20).map(|_| queue.push(1500)).collect();
        queue.storage.commit(&orders).unwrap();
    }
    fill_beside(&image);
    fill(&mut queue);
    let large = queue.lease(2).leased;
    assert!(large.iter().all(|leased| leased.body.len() == LARGE));
    for leased in &large {
        let order = Order::Settle(Settle {
            id: leased.id,
            token: leased.token,
            at: queue.at,
            ending: Ending::Dead {
                death: super::record::Death::Refused,
                attempt: super::record::Attempt {
                    at: queue.at,
                    class: "status".into(),
                    error: "422".into(),
                },
                response: None,
                uncertain: false,
            },
        });
        let done = queue.storage.commit(&[order]).unwrap();
        assert!(matches!(done[0], Done::Settle(true)));
    }
    assert!(queue.drain().len() > 100);
    assert_eq!(queue.problems(), [""; 0]);
}

fn forget(queue: &mut Queue) {
    let order = Order::Forget {
        queue: "q".into(),
        before: i64::MAX,
        max: 1000,
    };
    loop {
        match queue.storage.commit(std::slice::from_ref(&order)).unwrap()[0] {
            Done::Forget(0) => return,
            Done::Forget(_) => {}
            ref other => panic!("{other:?}"),
        }
    }
}
