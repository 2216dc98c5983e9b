//! Windows under every interleaving. A time window has two buckets here.

use super::Entry;
use super::count::CountWindow;
use super::time::TimeWindow;
use crate::clock::Tick;
use crate::counters::slot::{pretend, with_slot};
use std::sync::Arc;
use std::time::Duration;

const LENGTH: Duration = Duration::from_secs(2);
const LATER: Tick = Tick::from_nanos(2_000_000_000);

fn entry(generation: u32, now: Tick, failure: bool) -> Entry {
    Entry {
        generation,
        now,
        failure,
        slow: false,
    }
}

fn record(window: &TimeWindow, entry: Entry) {
    with_slot(|slot| {
        let _ = window.record_in(slot, entry, 0);
    });
}

/// What another thread sees while this one records.
fn seen_beside<T: 'static>(
    window: &Arc<TimeWindow>,
    recorded: Entry,
    see: impl FnOnce(&TimeWindow) -> T + 'static,
) -> T {
    let reader = Arc::clone(window);
    let thread = loom::thread::spawn(move || {
        pretend(1);
        see(&reader)
    });
    record(window, recorded);
    thread.join().unwrap()
}

#[test]
fn loom_a_new_generation_in_the_same_epoch_sees_nothing_of_the_old() {
    loom::model(|| {
        let window = Arc::new(TimeWindow::new(LENGTH));
        pretend(0);
        record(&window, entry(1, Tick::ZERO, true));
        let new = entry(2, Tick::ZERO, false);
        let seen = seen_beside(&window, new, |window| window.stats(2, Tick::ZERO));
        assert_eq!(seen.failures, 0);
    });
}

/// The bucket of the first epoch is used again for the third.
#[test]
fn loom_a_bucket_that_is_used_again_shows_nothing_of_its_old_epoch() {
    loom::model(|| {
        let window = Arc::new(TimeWindow::new(LENGTH));
        pretend(0);
        record(&window, entry(1, Tick::ZERO, true));
        let later = entry(1, LATER, false);
        let seen = seen_beside(&window, later, |window| window.stats(1, LATER));
        assert_eq!(seen.failures, 0, "{seen:?}");
        assert!(seen.calls <= 1, "{seen:?}");
        let rest = window.stats(1, LATER);
        assert_eq!((rest.calls, rest.failures), (1, 0));
    });
}

/// A reader whose clock is behind may see the old record, or none; never the new one as old.
#[test]
fn loom_a_bucket_that_is_used_again_is_never_half_of_each() {
    loom::model(|| {
        let window = Arc::new(TimeWindow::new(LENGTH));
        pretend(0);
        for _ in 0..2 {
            record(&window, entry(1, Tick::ZERO, true));
        }
        let later = entry(1, LATER, false);
        let seen = seen_beside(&window, later, |window| window.calls_since(1, Tick::ZERO));
        let whole = [vec![], vec![(Tick::ZERO, 2)], vec![(LATER, 1)]];
        assert!(whole.contains(&seen), "{seen:?}");
    });
}

/// The number of a thread that ended is used again: what it recorded is not overwritten. The list
/// of free numbers hands its cell over, as the real one does.
#[test]
fn loom_a_cell_that_is_handed_over_loses_no_record() {
    loom::model(|| {
        let window = Arc::new(TimeWindow::new(LENGTH));
        let free = Arc::new(loom::sync::Mutex::new(None));
        let (recording, giving) = (Arc::clone(&window), Arc::clone(&free));
        let ending = loom::thread::spawn(move || {
            pretend(1);
            record(&recording, entry(1, Tick::ZERO, true));
            *giving.lock().unwrap() = Some(1);
        });
        let number = free.lock().unwrap().take();
        pretend(number.unwrap_or(0));
        record(&window, entry(1, Tick::ZERO, true));
        ending.join().unwrap();
        assert_eq!(window.stats(1, Tick::ZERO).failures, 2);
    });
}

/// A success that needs no place beside a failure that does: the failure stays for as long as there
/// are places, in one of the two orders.
#[test]
fn loom_a_count_window_full_of_successes_is_exact_beside_a_failure() {
    loom::model(|| {
        let window = Arc::new(CountWindow::beginning_with(2, 1, 2));
        let record = |window: &CountWindow, failure| {
            let _ = window.record(entry(1, Tick::ZERO, failure), 0);
        };
        assert!(window.is_full_of_successes(1, 0));
        let recording = Arc::clone(&window);
        let succeeding = loom::thread::spawn(move || record(&recording, false));
        record(&window, true);
        succeeding.join().unwrap();
        assert_eq!(window.stats(1).failures, 1);
        let was_last = !window.is_full_of_successes(1, 0) && {
            record(&window, false);
            window.stats(1).failures == 1
        };
        if was_last {
            record(&window, false);
        }
        let stats = window.stats(1);
        assert_eq!((stats.calls, stats.failures), (2, 0));
        // With N successes in a row, and not before.
        let full = window.is_full_of_successes(1, 0);
        assert!(full, "was last: {was_last}");
    });
}

/// The next generation begins beside a success that would need no place: it holds nothing of it.
#[test]
fn loom_a_count_window_begins_empty_beside_a_success_of_the_full_one() {
    loom::model(|| {
        let window = Arc::new(CountWindow::beginning_with(2, 1, 2));
        let recording = Arc::clone(&window);
        let succeeding = loom::thread::spawn(move || {
            let _ = recording.record(entry(1, Tick::ZERO, false), 0);
        });
        window.begin(2);
        let _ = window.record(entry(2, Tick::ZERO, true), 0);
        succeeding.join().unwrap();
        let stats = window.stats(2);
        assert_eq!((stats.calls, stats.failures), (1, 1));
        assert!(!window.is_full_of_successes(2, 0));
    });
}

/// Two successes at once after a failure: the one that comes last finds no failure, whoever of them
/// took its place.
#[test]
fn loom_a_count_window_forgets_a_failure_beside_two_successes() {
    loom::model(|| {
        let window = Arc::new(CountWindow::new(2, 1));
        let succeed = |window: &CountWindow| {
            let _ = window.record(entry(1, Tick::ZERO, false), 0);
        };
        let _ = window.record(entry(1, Tick::ZERO, true), 0);
        let recording = Arc::clone(&window);
        let other = loom::thread::spawn(move || succeed(&recording));
        succeed(&window);
        other.join().unwrap();
        let stats = window.stats(1);
        assert_eq!((stats.calls, stats.failures), (2, 0));
        assert!(window.is_full_of_successes(1, 0));
        succeed(&window);
        assert_eq!(window.stats(1), stats);
    });
}
