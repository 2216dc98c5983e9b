//! Actions through the keeper.

use fusebox_store::{AuditQuery, GENESIS};

use super::{SOON, Wall, memory, rag, trip};
use crate::drafts::action;

#[test]
fn an_action_is_answered_with_the_entry_that_is_kept() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept.clone(), vec![rag()]);
    let first = life
        .keeper
        .record(action("hold", "rag", 1))
        .wait(SOON)
        .expect("is kept");
    assert_eq!(first, action("hold", "rag", 1).chained(1, GENESIS));
    life.stop();
    let life = wall.start(kept, vec![rag()]);
    let second = life
        .keeper
        .record(action("reset", "rag", 2))
        .wait(SOON)
        .expect("is kept");
    assert_eq!(second, action("reset", "rag", 2).chained(2, &first.hash));
    let page = life
        .keeper
        .audit(AuditQuery::default())
        .wait(SOON)
        .expect("reads");
    assert_eq!(page.items, [second, first]);
    let check = life.keeper.verify_audit().wait(SOON).expect("reads");
    assert!(check.holds() && check.entries == 2);
}

#[test]
fn an_action_and_the_state_that_it_made_are_durable_together() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept.clone(), vec![rag()]);
    trip(life.circuit("rag"));
    life.keeper
        .record(action("open", "rag", 1))
        .wait(SOON)
        .expect("is kept");
    let mut kept = kept;
    let circuits = fusebox_store::Storage::load(&mut kept)
        .expect("reads")
        .circuits;
    assert_eq!(circuits[0].record.saved.state, fusebox::State::Open);
}

#[test]
fn many_at_once_are_one_chain() {
    let (wall, kept) = (Wall::new(), memory());
    let life = wall.start(kept, vec![rag()]);
    std::thread::scope(|scope| {
        for who in 0..4_u64 {
            let keeper = &life.keeper;
            scope.spawn(move || {
                for n in 0..50 {
                    let entry = keeper.record(action("hold", "rag", who * 100 + n));
                    entry.wait(SOON).expect("is kept");
                }
            });
        }
    });
    let check = life.keeper.verify_audit().wait(SOON).expect("reads");
    assert!(check.holds() && check.entries == 200, "{check:?}");
}
