//! Many at once.

use std::collections::BTreeSet;
use std::thread;

use super::{SOON, delivered, lease, message, queue, queues, settle};

#[test]
fn many_threads_that_push_at_once_share_commits_and_lose_nothing() {
    const THREADS: usize = 8;
    const EACH: usize = 250;
    let (queues, _clock) = queues();
    let queue = queue(&queues);
    let ids: BTreeSet<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let queue = queue.clone();
                scope.spawn(move || {
                    let key = thread.to_string();
                    let push = |_| queue.push(message("a").key(key.clone()));
                    let answers: Vec<_> = (0..EACH).map(push).collect();
                    let pushed = answers.into_iter().map(|answer| answer.wait(SOON));
                    let ids: Vec<_> = pushed.map(|pushed| pushed.expect("pushed").id).collect();
                    assert!(ids.is_sorted(), "one thread's come in its order");
                    ids
                })
            })
            .collect();
        let threads = threads.into_iter();
        threads
            .flat_map(|thread| thread.join().expect("ran"))
            .collect()
    });
    assert_eq!(ids.len(), THREADS * EACH);
    let pushes = (THREADS * EACH) as u64;
    let stats = queues.stats();
    assert_eq!(stats.orders, pushes);
    assert!(stats.commits < pushes, "{stats:?}");
    let stats = queue.stats();
    assert_eq!((stats.pushed, stats.depth), (pushes, pushes));
    let leased = lease(&queue);
    assert_eq!(leased.len(), THREADS, "one of each key");
    for leased in &leased {
        settle(&queue, leased, delivered());
    }
    assert_eq!(queue.stats().depth, pushes - 8);
}
