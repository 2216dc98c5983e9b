//! Pauses.

use super::Bench;
use super::bench::{BEGIN, QUEUE, ids};
use crate::record::{Pause, Scope};
use crate::storage::{Done, Ending, Groups, Order, PauseOrder};
use crate::{NewMessage, clock};

fn order(bench: &Bench, scope: &Scope, reason: &str) -> PauseOrder {
    PauseOrder {
        scope: scope.clone(),
        groups: Groups::Apart,
        reason: reason.to_owned(),
        by: "ada".to_owned(),
        at: bench.now,
    }
}

fn pause(bench: &mut Bench, scope: &Scope) -> Pause {
    let mut pauses = pause_all(bench, scope, Groups::Apart);
    assert_eq!(pauses.len(), 1);
    pauses.remove(0)
}

/// The scope, and what is paused with it.
fn pause_all(bench: &mut Bench, scope: &Scope, groups: Groups) -> Vec<Pause> {
    let order = PauseOrder {
        groups,
        ..order(bench, scope, "too many complaints")
    };
    match bench.carry_out(Order::Pause(order)) {
        Done::Pause(pauses) => pauses,
        other => panic!("{other:?}"),
    }
}

fn resume(bench: &mut Bench, scope: &Scope, epoch: Option<u64>) -> Result<Pause, u64> {
    let resumed = resume_all(bench, scope, epoch, Groups::Apart);
    resumed.map(|mut pauses| {
        assert_eq!(pauses.len(), 1);
        pauses.remove(0)
    })
}

/// The scope, and what is resumed with it.
fn resume_all(
    bench: &mut Bench,
    scope: &Scope,
    epoch: Option<u64>,
    groups: Groups,
) -> Result<Vec<Pause>, u64> {
    let order = PauseOrder {
        groups,
        ..order(bench, scope, "all is well")
    };
    match bench.carry_out(Order::Resume(order, epoch)) {
        Done::Resume(resumed) => resumed,
        other => panic!("{other:?}"),
    }
}

fn scopes(pauses: &[Pause]) -> Vec<Scope> {
    pauses.iter().map(|pause| pause.scope.clone()).collect()
}

fn queue(name: &str) -> Scope {
    Scope::Queue(name.to_owned())
}

fn group(queue: &str, name: &str) -> Scope {
    Scope::Group(queue.to_owned(), name.to_owned())
}

pub(super) fn nothing_of_a_paused_scope_is_leased(bench: &mut Bench) {
    // How many of the three go while it is paused.
    let scopes = [
        (Scope::Everything, 0),
        (queue(QUEUE), 0),
        (group(QUEUE, "spring"), 2),
        (group("other", "spring"), 3),
        (queue("other"), 3),
    ];
    for (scope, go) in scopes {
        bench.anew();
        bench.push(NewMessage::new("").group("spring"));
        bench.push(NewMessage::new("").group("autumn"));
        bench.push(NewMessage::new(""));
        pause(bench, &scope);
        let taken = bench.lease(10);
        let is_of_spring = |group: &Option<String>| group.as_deref() == Some("spring");
        let springs = taken.leased.iter().filter(|one| is_of_spring(&one.group));
        assert_eq!(taken.leased.len(), go, "{scope:?}");
        assert_eq!(springs.count(), usize::from(go == 3));
        assert_eq!(taken.next_due, None, "what is paused has no time");
        assert!(resume(bench, &scope, None).is_ok());
        assert_eq!(bench.lease(10).leased.len(), 3 - go, "{scope:?}");
    }
}

pub(super) fn a_lease_sees_the_pause_before_it_in_the_same_batch(bench: &mut Bench) {
    let id = bench.push_key("k");
    let scope = queue(QUEUE);
    let orders = [
        Order::Pause(order(bench, &scope, "stop")),
        bench.lease_order(QUEUE, 10),
        Order::Resume(order(bench, &scope, "go"), None),
        bench.lease_order(QUEUE, 10),
    ];
    let taken: Vec<_> = bench
        .commit(&orders)
        .iter()
        .filter_map(|done| match done {
            Done::Lease(taken) => Some(ids(taken)),
            _ => None,
        })
        .collect();
    assert_eq!(taken, [vec![], vec![id]]);
}

pub(super) fn every_pause_and_every_resume_has_an_epoch_of_its_own(bench: &mut Bench) {
    let scope = group(QUEUE, "spring");
    let first = pause(bench, &scope);
    bench.now += 5;
    let second = pause(bench, &scope);
    assert!(first.epoch > 0 && second.epoch > first.epoch);
    assert_eq!(clock::millis(second.since), BEGIN + 5);
    let resumed = resume(bench, &scope, Some(second.epoch)).expect("resumed");
    assert!(resumed.epoch > second.epoch && !resumed.paused);
    bench.reopen();
    assert!(pause(bench, &scope).epoch > resumed.epoch);
}

pub(super) fn a_stale_resume_does_not_undo_a_newer_pause(bench: &mut Bench) {
    let scope = Scope::Everything;
    let first = pause(bench, &scope);
    let second = pause(bench, &scope);
    let stale = resume(bench, &scope, Some(first.epoch));
    assert_eq!(stale, Err(second.epoch));
    bench.push_key("");
    assert_eq!(bench.leased(10), []);
    assert!(resume(bench, &scope, Some(second.epoch)).is_ok());
    assert_eq!(bench.leased(10).len(), 1);
}

pub(super) fn a_resume_of_what_is_not_paused_changes_nothing(bench: &mut Bench) {
    let scope = queue(QUEUE);
    assert_eq!(resume(bench, &scope, None), Err(0));
    assert_eq!(resume(bench, &scope, Some(7)), Err(0));
    let paused = pause(bench, &scope);
    let resumed = resume(bench, &scope, None).expect("resumed");
    bench.now += 5;
    assert_eq!(resume(bench, &scope, None), Ok(resumed.clone()));
    let late = resume(bench, &scope, Some(paused.epoch));
    assert_eq!(late, Err(resumed.epoch));
    assert_eq!(bench.reader().pauses().expect("read"), [resumed]);
}

pub(super) fn pauses_are_kept_and_tell_what_is_being_sent(bench: &mut Bench) {
    bench.push(NewMessage::new("").group("spring"));
    bench.push(NewMessage::new(""));
    bench
        .try_push("other", NewMessage::new("").group("spring"))
        .expect("pushed");
    bench.lease(10);
    bench.lease_of("other", 10);
    let scopes = [Scope::Everything, queue(QUEUE), group(QUEUE, "spring")];
    let told = scopes.clone().map(|scope| pause(bench, &scope));
    let in_flight = told.clone().map(|pause| pause.in_flight);
    assert_eq!(in_flight, [3, 2, 1]);
    let read = bench.reader().pauses().expect("read");
    assert_eq!(read, told, "in order of scopes");
    bench.reopen();
    bench.lease(10);
    bench.lease_of("other", 10);
    let found = bench.reader().pauses().expect("read");
    let found: Vec<_> = found.iter().map(|p| (&p.scope, p.epoch, &*p.by)).collect();
    let expected: Vec<_> = told.iter().map(|p| (&p.scope, p.epoch, "ada")).collect();
    assert_eq!(found, expected);
    let in_flight = bench.reader().pauses().expect("read");
    let in_flight: Vec<_> = in_flight.iter().map(|pause| pause.in_flight).collect();
    assert_eq!(in_flight, [0, 0, 0], "the crashed ones wait");
}

pub(super) fn a_pause_with_groups_outlives_that_of_its_scope(bench: &mut Bench) {
    bench.push(NewMessage::new("").group("spring").key("k"));
    // Behind another group's message of one key, and being sent: used all the same.
    bench.push(NewMessage::new("").group("summer").key("k"));
    bench.push(NewMessage::new("").group("autumn"));
    bench.push(NewMessage::new(""));
    let other = bench.try_push("other", NewMessage::new("").group("spring"));
    other.expect("pushed");
    let winter = bench.push(NewMessage::new("").group("winter"));
    let taken = bench.lease(10).leased;
    assert_eq!(taken.len(), 4);
    let taken = taken.into_iter();
    let (done, sending): (Vec<_>, Vec<_>) = taken.partition(|one| one.id == winter);
    bench.settle(&done[0], Ending::Delivered { response: None });
    drop(sending);
    pause(bench, &group(QUEUE, "autumn"));
    let paused = pause_all(bench, &queue(QUEUE), Groups::Along);
    let with_it = ["spring", "summer"].map(|name| group(QUEUE, name));
    assert_eq!(
        scopes(&paused[1..]),
        with_it,
        "neither a paused nor an unused one"
    );
    assert_eq!(paused[0].scope, queue(QUEUE));
    assert!(paused.iter().all(|pause| pause.paused && pause.by == "ada"));
    assert_eq!(paused[1].in_flight, 1);

    assert!(resume(bench, &queue(QUEUE), None).is_ok());
    bench.reopen();
    bench.now += 10;
    let taken = bench.lease(10);
    let groups: Vec<_> = taken
        .leased
        .iter()
        .map(|one| one.group.as_deref())
        .collect();
    assert_eq!(groups, [None], "the groups stay paused");

    // That of another queue was none of it, and everything is more.
    let paused = pause_all(bench, &Scope::Everything, Groups::Along);
    assert_eq!(
        scopes(&paused),
        [Scope::Everything, group("other", "spring")]
    );
}

pub(super) fn a_resume_with_groups_resumes_all_of_them_or_nothing(bench: &mut Bench) {
    for name in ["spring", "autumn"] {
        bench.push(NewMessage::new("").group(name));
    }
    let everything = Scope::Everything;
    let first = pause_all(bench, &everything, Groups::Along);
    let second = pause(bench, &everything);
    let stale = resume_all(bench, &everything, Some(first[0].epoch), Groups::Along);
    assert_eq!(stale, Err(second.epoch));
    assert_eq!(bench.leased(10), []);
    // The scope itself may run already.
    let closed = resume(bench, &everything, Some(second.epoch)).expect("resumed");
    assert_eq!(bench.leased(10), []);
    let resumed =
        resume_all(bench, &everything, Some(closed.epoch), Groups::Along).expect("resumed");
    let groups = ["autumn", "spring"].map(|name| group(QUEUE, name));
    assert_eq!(scopes(&resumed[1..]), groups);
    assert_eq!(resumed[0], closed);
    assert!(resumed.iter().all(|pause| !pause.paused));
    bench.reopen();
    assert_eq!(bench.leased(10).len(), 2);
    let again = resume_all(bench, &everything, None, Groups::Along).expect("resumed");
    assert_eq!((again.len(), again[0].epoch), (1, closed.epoch));
}

pub(super) fn a_resume_that_leaves_groups_starts_nothing_that_waits(bench: &mut Bench) {
    bench.push(NewMessage::new("").group("spring"));
    let everything = Scope::Everything;
    assert_eq!(resume_all(bench, &everything, None, Groups::Left), Err(0));
    pause_all(bench, &everything, Groups::Along);
    // It came while all was paused.
    bench.push(NewMessage::new("").group("autumn"));
    bench.now += 7;
    let left = resume_all(bench, &everything, None, Groups::Left).expect("resumed");
    assert_eq!(scopes(&left), [Scope::Everything, group(QUEUE, "autumn")]);
    assert!(!left[0].paused && left[1].paused);
    assert_eq!(left[1].reason, "too many complaints", "as it was paused");
    assert_eq!(bench.leased(10), []);
    bench.push(NewMessage::new("").group("winter"));
    assert_eq!(bench.leased(10).len(), 1, "what is new goes");
    let again = resume_all(bench, &everything, None, Groups::Left).expect("resumed");
    assert_eq!(again.len(), 1, "it pauses nothing when it was not paused");
}

pub(super) fn a_resume_of_all_ends_every_pause_also_where_all_was_never_paused(bench: &mut Bench) {
    for name in ["spring", "autumn"] {
        bench.push(NewMessage::new("").group(name));
    }
    pause(bench, &group(QUEUE, "spring"));
    pause(bench, &queue(QUEUE));
    let everything = Scope::Everything;
    let resumed = resume_all(bench, &everything, None, Groups::Along).expect("resumed");
    let expected = [Scope::Everything, queue(QUEUE), group(QUEUE, "spring")];
    assert_eq!(scopes(&resumed), expected);
    assert!(resumed.iter().all(|pause| !pause.paused));
    assert_eq!(bench.leased(10).len(), 2);
    let stale = resume_all(bench, &everything, Some(99), Groups::Along);
    assert_eq!(stale, Err(resumed[0].epoch));
}
