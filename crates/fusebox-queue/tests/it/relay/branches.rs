use fusebox::{BranchSettings, Settings};
use fusebox_queue::QueueSettings;
use fusebox_queue::sink::Reply;

use super::world::{Fake, SECOND, STEP, World, down};

fn keyed() -> World {
    let branch = Settings::builder()
        .consecutive_failures(2)
        .open_for(20 * SECOND)
        .jitter(fusebox::Rate::ZERO)
        .half_open_successes(1)
        .build()
        .unwrap();
    let branches = BranchSettings::builder().breaker(branch).build().unwrap();
    let set = |breaker: fusebox::Builder| breaker.consecutive_failures(1000).branches(branches);
    World::with(set, QueueSettings::default())
}

#[tokio::test(start_paused = true)]
async fn the_rejection_of_a_branch_holds_back_its_key_and_no_other() {
    let world = keyed();
    let sink = Fake::new(&world, STEP, |message, now| {
        if message.key.as_deref() == Some("bad") && now < 15 * SECOND {
            down()
        } else {
            Reply::DELIVERED
        }
    });
    let bad = world.push(Some("bad"), "1").await;
    world.push(Some("bad"), "2").await;
    let relay = world.relay().by_key(true).sink(sink.clone());
    let relay = relay.start().unwrap();
    for _ in 0..10 {
        world.push(Some("good"), "x").await;
        world.run_for(&relay, SECOND).await;
    }
    let got = sink.got();
    let of = |key: &str| {
        let is_of = |got: &&super::world::Got| got.key.as_deref() == Some(key);
        got.iter().filter(is_of).count()
    };
    assert_eq!((of("bad"), of("good")), (2, 10), "{got:?}");
    let record = world.record(bad).await;
    assert_eq!(record.attempts, 2, "a rejection was an attempt");
    assert!((1..5).contains(&record.deferrals), "{record:?}");
    world.until(&relay, |stats| stats.delivered == 12).await;
    // The branch was open for 20 s from its second failure on.
    let again = sink
        .got()
        .iter()
        .filter(|got| got.key.as_deref() == Some("bad"))
        .nth(2)
        .cloned();
    let again = again.unwrap().at;
    assert!(again >= 20 * SECOND && again < 24 * SECOND, "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn messages_without_a_key_go_through_the_circuit_alone() {
    let world = keyed();
    let sink = Fake::new(&world, STEP, |_, _| Reply::DELIVERED);
    world.push(None, "x").await;
    let relay = world.relay().by_key(true).sink(sink);
    let relay = relay.start().unwrap();
    world.until(&relay, |stats| stats.delivered == 1).await;
    assert_eq!(world.breaker.branches().known, 0);
}
