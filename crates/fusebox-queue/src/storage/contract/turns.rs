//! Order and turn.

use super::Bench;
use super::bench::{BEGIN, QUEUE, again, delivered, ids, oldest, refused};
use crate::NewMessage;
use crate::storage::Ending;

pub(super) fn messages_of_one_key_go_in_order_and_one_at_a_time(bench: &mut Bench) {
    let a: Vec<_> = (0..3).map(|_| bench.push_key("a")).collect();
    let b = bench.push_key("b");
    let first = bench.lease(10);
    assert_eq!(ids(&first), [a[0], b]);
    assert_eq!(bench.leased(10), []);
    assert!(bench.settle(&first.leased[1], delivered()));
    assert_eq!(bench.leased(10), []);
    assert!(bench.settle(&first.leased[0], delivered()));
    for id in &a[1..] {
        let one = bench.lease(10);
        assert_eq!(ids(&one), [*id]);
        assert!(bench.settle(&one.leased[0], delivered()));
    }
    assert_eq!(bench.leased(10), []);
}

pub(super) fn the_one_that_has_been_due_for_longest_goes_first(bench: &mut Bench) {
    let [a, b, c, d] = [(); 4].map(|()| bench.push_key(""));
    for due in [30, 10, 20] {
        bench.send(again(BEGIN + due));
    }
    bench.now += 20;
    // c is not due before b is, and a not at all; d has been due all the time.
    assert_eq!(bench.leased(2), [d, b]);
    assert_eq!(bench.leased(10), [c]);
    bench.now += 10;
    let e = bench.push_key("");
    assert_eq!(
        bench.leased(10),
        [a, e],
        "the older one at the same instant"
    );
}

pub(super) fn a_key_waits_for_its_oldest_one_while_that_is_not_due(bench: &mut Bench) {
    let [a, b] = [(); 2].map(|()| bench.push_key("k"));
    bench.send(again(BEGIN + 1000));
    let taken = bench.lease(10);
    assert_eq!((ids(&taken), taken.next_due), (vec![], Some(BEGIN + 1000)));
    bench.now += 1000;
    assert_eq!(bench.send(delivered()), a);
    assert_eq!(bench.send(delivered()), b);
}

pub(super) fn keys_of_two_queues_have_nothing_to_do_with_each_other(bench: &mut Bench) {
    let here = bench.push_key("k");
    let message = NewMessage::new("").key("k");
    let there = bench.try_push("other", message).expect("pushed").id;
    assert_eq!(bench.leased(10), [here]);
    assert_eq!(ids(&bench.lease_of("other", 10)), [there]);
}

pub(super) fn dead_letters_are_passed_over(bench: &mut Bench) {
    let [a, b] = [(); 2].map(|()| bench.push_key("k"));
    assert_eq!(bench.send(refused()), a);
    assert_eq!(bench.leased(10), [b]);
}

pub(super) fn a_retried_dead_letter_goes_before_all_of_its_key(bench: &mut Bench) {
    let ids = [(); 4].map(|()| bench.push_key("k"));
    for _ in 0..2 {
        bench.send(refused());
    }
    bench.now += 5;
    assert_eq!(bench.retry(oldest(10)), 2);
    let sent = [(); 4].map(|()| bench.send(delivered()));
    assert_eq!(sent, ids);
}

pub(super) fn a_retried_dead_letter_waits_while_one_of_its_key_is_being_sent(bench: &mut Bench) {
    let [a, b] = [(); 2].map(|()| bench.push_key("k"));
    bench.send(refused());
    let second = bench.lease(10);
    assert_eq!(ids(&second), [b]);
    assert_eq!(bench.retry(oldest(10)), 1);
    assert_eq!(bench.leased(10), []);
    assert!(bench.settle(&second.leased[0], again(bench.now)));
    assert_eq!(bench.send(delivered()), a);
    assert_eq!(bench.send(delivered()), b);
}

pub(super) fn what_was_put_off_without_a_time_keeps_its_turn(bench: &mut Bench) {
    let [a, b] = [(); 2].map(|()| bench.push_key(""));
    bench.now += 5;
    bench.send(Ending::Deferred {
        due: None,
        uncertain: false,
    });
    let due = Some(bench.now + 1);
    assert_eq!(
        bench.send(Ending::Deferred {
            due,
            uncertain: true
        }),
        a
    );
    assert_eq!(bench.leased(10), [b]);
    bench.now += 1;
    let taken = bench.lease(10);
    assert_eq!(ids(&taken), [a]);
    assert_eq!(taken.leased[0].attempts, 0);
    assert!(taken.leased[0].uncertain, "its sending was broken off");
    assert_eq!(bench.record(a).deferrals, 2);
}

pub(super) fn what_is_not_due_is_not_leased_and_its_time_is_told(bench: &mut Bench) {
    assert_eq!(bench.lease(10).next_due, None);
    for (key, due) in [("a", 300), ("", 200), ("b", 100)] {
        bench.push_key(key);
        bench.send(again(BEGIN + due));
        bench.push_key(key);
        let one = bench.lease(1);
        // Behind its key, or sent in its turn.
        assert_eq!(one.leased.is_empty(), !key.is_empty());
    }
    assert_eq!(bench.lease(10).next_due, Some(BEGIN + 100));
    bench.now = BEGIN + 100;
    assert_eq!(bench.lease(10).leased.len(), 1);
    // What is being sent, and what waits behind it, has no time.
    assert_eq!(bench.lease(10).next_due, Some(BEGIN + 200));
}

pub(super) fn order_and_attempts_outlive_the_process(bench: &mut Bench) {
    let [a, b] = [(); 2].map(|()| bench.push_key("k"));
    let c = bench.push_key("");
    bench.send(again(BEGIN + 5));
    bench.now += 5;
    bench.reopen();
    let taken = bench.lease(10);
    assert_eq!(ids(&taken), [c, a]);
    assert_eq!(taken.leased[1].attempts, 1);
    assert_eq!(taken.crashed, 0);
    assert!(bench.settle(&taken.leased[1], delivered()));
    let taken = bench.lease_of(QUEUE, 10);
    assert_eq!(ids(&taken), [b]);
}
