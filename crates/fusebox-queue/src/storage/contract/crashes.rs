//! Leases and crashes.

use super::Bench;
use super::bench::{BEGIN, LASTS, delivered, ids};
use crate::record::{Death, MessageState};
use crate::storage::Ending;

pub(super) fn a_lease_that_ended_unsettled_is_a_crash(bench: &mut Bench) {
    let a = bench.push_key("k");
    let first = bench.lease(10).leased.remove(0);
    assert!(!first.uncertain);
    bench.now += LASTS - 1;
    assert_eq!(bench.lease(10).crashed, 0);
    bench.now += 1;
    let taken = bench.lease(10);
    assert_eq!((ids(&taken), taken.crashed, taken.dead), (vec![a], 1, 0));
    let second = &taken.leased[0];
    assert_ne!(second.token, first.token);
    // It may have arrived before its sender went away.
    let found = (second.crashes, second.attempts, second.uncertain);
    assert_eq!(found, (1, 0, true));
    let history = bench.record(a).history;
    let classes: Vec<_> = history.iter().map(|a| (a.at, &*a.class)).collect();
    assert_eq!(classes, [(bench.now, "crash")]);
}

pub(super) fn leases_of_an_owner_that_is_gone_are_crashes(bench: &mut Bench) {
    let a = bench.push_key("k");
    assert_eq!(bench.leased(10), [a]);
    bench.reopen();
    let taken = bench.lease(10);
    assert_eq!((ids(&taken), taken.crashed), (vec![a], 1));
    assert_eq!(bench.lease(10).crashed, 0);
}

pub(super) fn suspects_go_alone(bench: &mut Bench) {
    let suspects = [(); 3].map(|()| bench.push_key(""));
    assert_eq!(bench.leased(10), suspects);
    let innocent = bench.push_key("");
    bench.reopen();
    for (turn, id) in suspects.into_iter().enumerate() {
        let taken = bench.lease(10);
        assert_eq!(ids(&taken), [id]);
        assert_eq!(taken.crashed, if turn == 0 { 3 } else { 0 });
        assert_eq!(bench.leased(10), [], "nothing beside a suspect");
        assert!(bench.settle(&taken.leased[0], delivered()));
    }
    assert_eq!(bench.leased(10), [innocent]);
}

pub(super) fn a_suspect_waits_for_what_is_being_sent_and_holds_back_the_rest(bench: &mut Bench) {
    let [a, b] = [(); 2].map(|()| bench.push_key(""));
    bench.lasts = 1000;
    assert_eq!(bench.leased(1), [a]);
    bench.lasts = LASTS;
    let beside = bench.lease(1);
    assert_eq!(ids(&beside), [b]);
    bench.now += 1000;
    let later = bench.push_key("");
    let taken = bench.lease(10);
    assert_eq!((ids(&taken), taken.crashed), (vec![], 1));
    assert!(bench.settle(&beside.leased[0], delivered()));
    let suspect = bench.lease(10);
    assert_eq!(ids(&suspect), [a]);
    assert!(bench.settle(&suspect.leased[0], delivered()));
    assert_eq!(bench.leased(10), [later]);
}

pub(super) fn a_suspect_that_is_too_old_dies_at_once_and_holds_nothing_back(bench: &mut Bench) {
    let a = bench.push_key("");
    bench.now += 1;
    let [b, c] = [(); 2].map(|()| bench.push_key(""));
    assert_eq!(bench.leased(1), [a]);
    bench.now += LASTS - 1;
    assert_eq!(bench.leased(1), [b]);
    bench.now += 1;
    // So that `a` alone is too old.
    bench.pushed_after = BEGIN + 1;
    let taken = bench.lease(1);
    let found = (ids(&taken), taken.crashed, taken.expired);
    assert_eq!(found, (vec![c], 1, 1));
    assert_eq!(bench.state(a), MessageState::Expired);
}

pub(super) fn a_suspect_that_is_settled_is_none_any_more(bench: &mut Bench) {
    let [a, b] = [(); 2].map(|()| bench.push_key(""));
    assert_eq!(bench.leased(1), [a]);
    bench.reopen();
    assert_eq!(
        bench.send(Ending::Deferred {
            due: None,
            uncertain: false
        }),
        a
    );
    let taken = bench.lease(10);
    assert_eq!(ids(&taken), [a, b]);
    assert_eq!(taken.leased[0].crashes, 1, "it has crashed all the same");
}

pub(super) fn too_many_crashes_are_the_death_of_a_message(bench: &mut Bench) {
    let [a, b] = [(); 2].map(|()| bench.push_key("k"));
    for crashes in 0..3 {
        let taken = bench.lease(10);
        assert_eq!(ids(&taken), [a]);
        assert_eq!(taken.leased[0].crashes, crashes);
        bench.reopen();
    }
    let taken = bench.lease(10);
    assert_eq!((ids(&taken), taken.crashed, taken.dead), (vec![b], 1, 1));
    let record = bench.record(a);
    let found = (record.state, record.death, record.crashes);
    assert_eq!(found, (MessageState::Dead, Some(Death::Crashes), 3));
}

pub(super) fn a_lease_that_is_not_in_force_settles_nothing(bench: &mut Bench) {
    let a = bench.push_key("");
    let first = bench.lease(1).leased.remove(0);
    bench.now += LASTS;
    let second = bench.lease(1).leased.remove(0);
    let before = bench.record(a);
    assert!(!bench.settle(&first, delivered()));
    assert_eq!(bench.record(a), before);
    assert!(bench.settle(&second, delivered()));
    assert!(!bench.settle(
        &second,
        Ending::Deferred {
            due: None,
            uncertain: false
        }
    ));
    assert_eq!(bench.state(a), MessageState::Delivered);
    let mut guessed = second;
    guessed.id = crate::MessageId::new(guessed.id.seq(), guessed.id.random() ^ 1);
    assert!(!bench.settle(&guessed, delivered()));
}

pub(super) fn who_settles_late_but_before_anybody_noticed_has_settled(bench: &mut Bench) {
    let a = bench.push_key("");
    let leased = bench.lease(1).leased.remove(0);
    bench.now += LASTS * 2;
    assert!(bench.settle(&leased, delivered()));
    assert_eq!(bench.state(a), MessageState::Delivered);
    assert_eq!(bench.lease(1).crashed, 0);
}

pub(super) fn tokens_are_never_given_twice(bench: &mut Bench) {
    bench.push_key("");
    bench.crashes_max = u32::MAX;
    let mut tokens = std::collections::BTreeSet::new();
    for turn in 0..20 {
        let leased = bench.lease(1).leased.remove(0);
        assert!(tokens.insert(leased.token));
        match turn % 3 {
            0 => assert!(bench.settle(
                &leased,
                Ending::Deferred {
                    due: None,
                    uncertain: false
                }
            )),
            1 => bench.now += LASTS,
            _ => bench.reopen(),
        }
    }
}
