//! Who did what: the log and the audit log.

mod durable;
mod entries;
mod lines;
mod log;
mod stores;

use fusebox_admin::Admin;
use fusebox_store::{Keeper, Storage};
pub(super) use lines::Lines;

use crate::asking::Desk;

/// A desk whose actions are kept in this storage.
fn kept(storage: impl Storage) -> (Desk, Keeper) {
    kept_with(storage, |admin| admin)
}

/// The same with something else set up, too.
fn kept_with(storage: impl Storage, set_up: impl FnOnce(Admin) -> Admin) -> (Desk, Keeper) {
    let mut started = None;
    let desk = Desk::over(|registry, admin| {
        let keeper = Keeper::start(registry, storage).expect("a keeper");
        started = Some(keeper.clone());
        set_up(admin.keeper(keeper))
    });
    (desk, started.expect("it was set up"))
}
