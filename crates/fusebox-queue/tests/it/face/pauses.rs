//! Pauses.

use fusebox_queue::{PauseError, QueueSettings, Scope};

use super::{SOON, lease, message, queue, queues};

#[test]
fn what_is_paused_is_known_at_once_and_nothing_of_it_is_leased() {
    let (queues, _clock) = queues();
    let queue = queue(&queues);
    let spring = Scope::Group("receipts".to_owned(), "spring".to_owned());
    let scopes = [
        Scope::Everything,
        Scope::Queue("receipts".to_owned()),
        spring.clone(),
    ];
    for scope in scopes {
        queue
            .push(message("a").group("spring"))
            .wait(SOON)
            .expect("pushed");
        assert!(!queues.is_paused(&spring));
        let paused = queues.pause(scope.clone(), "complaints", "ada").wait(SOON);
        let paused = paused.expect("paused");
        assert_eq!(
            (paused.paused, &*paused.reason, &*paused.by),
            (true, "complaints", "ada")
        );
        assert!(queues.is_paused(&scope) && queues.is_paused(&spring));
        assert_eq!(queue.is_paused(), scope != spring);
        let groups = queue.stats().paused_groups;
        assert_eq!(groups, u64::from(scope == spring));
        assert_eq!(lease(&queue), []);
        let mut changes = queue.changed();
        let epoch = Some(paused.epoch);
        let resumed = queues
            .resume(scope.clone(), epoch, "fine", "ada")
            .wait(SOON);
        assert!(!resumed.expect("resumed").paused);
        assert!(!queues.is_paused(&scope) && !queues.is_paused(&spring));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(changes.poll_next(&mut cx).is_ready());
        assert_eq!(lease(&queue).len(), 1);
    }
    let other = Scope::Group("receipts".to_owned(), "autumn".to_owned());
    queues.pause(spring, "", "ada").wait(SOON).expect("paused");
    assert!(!queues.is_paused(&other));
    let (events, own) = ("events", QueueSettings::default());
    let events = queues.queue(events, own).expect("a fine queue");
    let groups = [&queue, &events].map(|queue| queue.stats().paused_groups);
    assert_eq!(groups, [1, 0], "the groups of a queue are its own");
}

#[test]
fn a_stale_resume_is_told_what_is_in_force() {
    let (queues, _clock) = queues();
    let scope = Scope::Everything;
    let never = queues.resume(scope.clone(), None, "", "ada").wait(SOON);
    assert_eq!(never, Err(PauseError::Never));
    let first = queues
        .pause(scope.clone(), "one", "ada")
        .wait(SOON)
        .expect("paused");
    let second = queues
        .pause(scope.clone(), "two", "bob")
        .wait(SOON)
        .expect("paused");
    let stale = queues
        .resume(scope.clone(), Some(first.epoch), "", "ada")
        .wait(SOON);
    let expected = PauseError::Stale {
        expected: first.epoch,
        found: second.epoch,
    };
    assert_eq!(stale, Err(expected));
    assert!(queues.is_paused(&scope));
    assert_eq!(queues.pauses().wait(SOON), Ok(vec![second]));
    let resumed = queues.resume(scope, None, "", "ada").wait(SOON);
    assert!(!resumed.expect("resumed").paused);
}
