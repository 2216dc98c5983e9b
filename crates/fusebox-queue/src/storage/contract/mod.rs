//! What every storage has to do, one test for each sentence of [`storage`](super). A new storage
//! adds a line like those at the end.

mod bench;
mod crashes;
mod dead;
mod fill;
mod pauses;
mod random;
mod reading;
mod repeats;
mod turns;

use bench::Bench;

/// Makes a module of tests. `$open` opens one and the same new place each time it is called, as a
/// new owner; the storage before is gone by then.
macro_rules! contract {
    ($name:ident, $open:expr) => {
        mod $name {
            contract!(@ $open,
                turns::messages_of_one_key_go_in_order_and_one_at_a_time,
                turns::the_one_that_has_been_due_for_longest_goes_first,
                turns::a_key_waits_for_its_oldest_one_while_that_is_not_due,
                turns::keys_of_two_queues_have_nothing_to_do_with_each_other,
                turns::dead_letters_are_passed_over,
                turns::a_retried_dead_letter_goes_before_all_of_its_key,
                turns::a_retried_dead_letter_waits_while_one_of_its_key_is_being_sent,
                turns::what_was_put_off_without_a_time_keeps_its_turn,
                turns::what_is_not_due_is_not_leased_and_its_time_is_told,
                turns::order_and_attempts_outlive_the_process,
                crashes::a_lease_that_ended_unsettled_is_a_crash,
                crashes::leases_of_an_owner_that_is_gone_are_crashes,
                crashes::suspects_go_alone,
                crashes::a_suspect_waits_for_what_is_being_sent_and_holds_back_the_rest,
                crashes::a_suspect_that_is_too_old_dies_at_once_and_holds_nothing_back,
                crashes::a_suspect_that_is_settled_is_none_any_more,
                crashes::too_many_crashes_are_the_death_of_a_message,
                crashes::a_lease_that_is_not_in_force_settles_nothing,
                crashes::who_settles_late_but_before_anybody_noticed_has_settled,
                crashes::tokens_are_never_given_twice,
                fill::a_queue_takes_only_so_many_messages_dead_ones_included,
                fill::a_queue_takes_only_so_many_bytes_dead_ones_included,
                fill::a_batch_is_counted_order_by_order,
                repeats::a_repeat_is_answered_wherever_the_first_one_stands,
                repeats::another_message_under_the_same_name_is_refused,
                repeats::names_are_free_again_once_the_message_is_forgotten_or_discarded,
                repeats::a_full_queue_answers_a_repeat,
                pauses::nothing_of_a_paused_scope_is_leased,
                pauses::a_lease_sees_the_pause_before_it_in_the_same_batch,
                pauses::every_pause_and_every_resume_has_an_epoch_of_its_own,
                pauses::a_stale_resume_does_not_undo_a_newer_pause,
                pauses::a_resume_of_what_is_not_paused_changes_nothing,
                pauses::pauses_are_kept_and_tell_what_is_being_sent,
                pauses::a_pause_with_groups_outlives_that_of_its_scope,
                pauses::a_resume_with_groups_resumes_all_of_them_or_nothing,
                pauses::a_resume_that_leaves_groups_starts_nothing_that_waits,
                pauses::a_resume_of_all_ends_every_pause_also_where_all_was_never_paused,
                dead::a_dead_letter_tells_what_befell_it,
                dead::a_dead_letter_tells_that_its_last_attempt_may_have_arrived,
                dead::a_retry_begins_anew,
                dead::dead_letters_are_chosen_by_name_or_by_age,
                dead::what_is_too_old_dies_when_its_turn_comes,
                dead::an_order_to_expire_kills_in_portions_and_spares_what_is_being_sent,
                dead::the_age_of_a_retried_one_counts_from_the_retry,
                dead::delivered_ones_are_forgotten_in_portions,
                reading::a_message_tells_all_that_is_known_of_it,
                reading::a_delivered_one_keeps_its_answer_but_not_its_content,
                reading::a_guessed_name_finds_nothing,
                reading::an_idempotency_key_finds_its_message_wherever_that_stands,
                reading::an_idempotency_key_finds_nothing_else,
                reading::pages_show_each_message_once,
                reading::queries_choose_queue_key_group_and_the_dead,
                reading::figures_follow_every_order,
                reading::places_go_on_after_a_restart,
                reading::a_history_keeps_the_last_twenty,
                reading::backlogs_are_those_of_one_key,
                reading::a_sound_place_passes_its_check,
                reading::groups_are_counted_while_they_have_something_to_send,
                random::random_orders_with_crashes_in_between_keep_every_promise,
            );
        }
    };
    (@ $open:expr, $($topic:ident :: $test:ident,)*) => {
        $(#[test] fn $test() {
            $crate::storage::contract::$topic::$test(
                &mut $crate::storage::contract::Bench::new(Box::new(|| Box::new($open))),
            );
        })*
    };
}

contract!(memory, {
    let first = crate::storage::Memory::new();
    move || Box::new(first.reopen()) as Box<dyn crate::storage::Storage>
});

#[cfg(feature = "sqlite")]
contract!(sqlite, {
    let scratch = crate::storage::sqlite::Scratch::new();
    move || Box::new(scratch.open()) as Box<dyn crate::storage::Storage>
});
