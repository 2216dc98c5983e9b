//! A main breaker that follows the pause of everything.

use std::sync::Arc;
use std::time::Duration;

use fusebox::{Author, EventBus, MainBreaker};
use fusebox_queue::relay::MainFollower;
use fusebox_queue::{Queues, Scope};
use tokio::time::advance;

fn main_breaker() -> Arc<MainBreaker> {
    MainBreaker::new(EventBus::new(64))
}

/// It becomes so within the quarter of a second that is promised.
async fn becomes(main: &MainBreaker, is_open: bool) {
    for _ in 0..250 {
        if main.is_open() == is_open {
            return;
        }
        advance(Duration::from_millis(1)).await;
    }
    panic!("not followed in time");
}

/// Time goes by in which the follower looks several times.
async fn looks() {
    for _ in 0..50 {
        advance(Duration::from_millis(20)).await;
    }
}

async fn pause(queues: &Queues, reason: &str) -> u64 {
    let pause = queues.pause(Scope::Everything, reason, "ada").await;
    pause.unwrap().epoch
}

async fn resume(queues: &Queues) {
    let resumed = queues.resume(Scope::Everything, None, "fine", "ada").await;
    assert!(!resumed.unwrap().paused);
}

#[tokio::test(start_paused = true)]
async fn it_opens_and_closes_with_the_pause_of_everything() {
    let queues = Queues::in_memory().unwrap();
    let main = main_breaker();
    let _follower = MainFollower::start(&queues, &main);
    assert!(!main.is_open());
    queues
        .queue("jobs", fusebox_queue::QueueSettings::default())
        .unwrap();
    let other = Scope::Queue("jobs".to_owned());
    queues.pause(other, "only this one", "ada").await.unwrap();
    looks().await;
    assert!(!main.is_open(), "a smaller pause is none of everything");

    pause(&queues, "too many complaints").await;
    becomes(&main, true).await;
    let opening = main.opened().unwrap();
    assert_eq!(opening.reason, "too many complaints (paused by ada)");
    assert_eq!(opening.by.as_str(), MainFollower::AUTHOR);
    resume(&queues).await;
    becomes(&main, false).await;
}

#[tokio::test(start_paused = true)]
async fn the_pause_is_the_truth_and_what_a_person_opened_is_theirs() {
    let queues = Queues::in_memory().unwrap();
    let main = main_breaker();
    pause(&queues, "before the start").await;
    let _follower = MainFollower::start(&queues, &main);
    assert!(main.is_open(), "at once at the start");

    let ada = Author::new("ada");
    assert!(main.close(&ada));
    becomes(&main, true).await;
    resume(&queues).await;
    becomes(&main, false).await;

    assert!(main.open("by hand", &ada));
    pause(&queues, "both").await;
    resume(&queues).await;
    looks().await;
    assert!(main.is_open(), "nobody but a person closes it");
}

#[tokio::test(start_paused = true)]
async fn what_it_opened_before_a_restart_it_closes_after_it() {
    let queues = Queues::in_memory().unwrap();
    let main = main_breaker();
    let by = Author::new(MainFollower::AUTHOR);
    assert!(main.restore("too many complaints", &by, Duration::from_secs(60), None));
    let follower = MainFollower::start(&queues, &main);
    assert!(!main.is_open(), "nothing is paused any more");

    drop(follower);
    pause(&queues, "nobody follows").await;
    looks().await;
    assert!(!main.is_open());
}
