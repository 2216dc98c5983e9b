//! What every storage has to do. A new one adds a line like those at the end of `main.rs`.

pub(crate) mod audit;
pub(crate) mod history;
pub(crate) mod states;

use fusebox_store::{Batch, EventQuery, EventRecord, Storage};

/// Makes a module of tests, one for each sentence; `$place` is a new, empty place each time.
macro_rules! contract {
    ($name:ident, $place:expr) => {
        mod $name {
            contract!(@ $place,
                states::an_empty_place_has_nothing,
                states::what_is_written_is_there_when_opened_again,
                states::a_later_record_takes_the_place_of_the_earlier_one,
                states::a_removed_circuit_takes_its_branches_and_override_with_it,
                states::a_circuit_that_is_removed_and_put_in_one_batch_stays,
                states::the_main_breaker_and_overrides_end,
                history::events_come_back_as_they_went,
                history::numbers_of_events_rise_and_are_never_used_again,
                history::pages_show_every_event_once_also_while_more_come,
                history::events_are_found_by_circuit_branch_kind_and_number,
                history::limits_of_pages_are_cut_to_their_bounds,
                history::a_replay_belongs_to_the_newest_transition_of_its_generation,
                history::history_goes_by_age,
                history::history_goes_by_rows,
                history::the_newest_replays_of_each_circuit_stay,
                audit::the_audit_log_is_a_chain_and_stays,
                audit::the_audit_log_is_searched_and_paged,
                states::every_batch_of_many_is_kept_whole,
            );
        }
    };
    (@ $place:expr, $($topic:ident :: $test:ident,)*) => {
        $(#[test] fn $test() { $crate::contract::$topic::$test(&mut $place); })*
    };
}

pub(crate) fn put(batch: &Batch, storage: &mut dyn Storage) -> Vec<u64> {
    storage.write(batch).expect("writes").events
}

pub(crate) fn events(events: impl IntoIterator<Item = EventRecord>) -> Batch {
    Batch {
        events: events.into_iter().collect(),
        ..Batch::default()
    }
}

pub(crate) fn found(storage: &mut dyn Storage, query: &EventQuery) -> Vec<u64> {
    let page = storage.events(query).expect("reads");
    page.items.iter().map(|event| event.id).collect()
}
