//! A notification that was queued is sent once, when the notifier is back.

use serde_json::Value;
use systems::stand_in::switches::{At, Behaviour, Mode};

use super::rig::{RECOVERY, Rig, question, step};
use crate::http::call_with;
use crate::wait::until;

const QUICK: [(&str, &str); 1] = [("NOTIFIER_TIMEOUT", "0.3")];

async fn orchestrate_by(rig: &Rig, key: &str, body: &str) -> Value {
    let url = format!("{}/api/v1/orchestrate", rig.orchestrator.url());
    let headers = [("Idempotency-Key", key)];
    let answer = call_with("POST", &url, &headers, body).await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

/// Waits until the notifier was told so often in all, letting open times pass.
async fn told(rig: &Rig, times: usize) {
    until(async || {
        rig.clock.advance(RECOVERY);
        let notifications = rig.notifications();
        notifications.values().map(Vec::len).sum::<usize>() >= times
    })
    .await;
}

/// Waits until nothing is left to be sent.
async fn drained(rig: &Rig) {
    until(async || {
        rig.clock.advance(RECOVERY);
        let (_, queue) = rig.get("/api/v1/queues/notifications").await;
        queue["messages"] == 0
    })
    .await;
}

#[tokio::test]
async fn what_was_queued_is_sent_once_the_notifier_is_back() {
    let rig = Rig::with(&QUICK).await;
    rig.services.notifier.switches.turn(Mode::Fail);
    for number in 0..5 {
        let answer = orchestrate_by(&rig, &format!("n-{number}"), &question()).await;
        assert_eq!(step(&answer, "notifier")["status"], "fallback");
    }
    assert_eq!(rig.notifications().len(), 0);
    rig.services.notifier.switches.turn(Mode::Well);
    told(&rig, 5).await;
    drained(&rig).await;
    for (key, sent) in rig.notifications() {
        assert_eq!(sent.len(), 1, "{key}");
        assert_eq!(sent[0]["request"]["query"], "why is pump 7 hot?");
    }
    // Its trial has closed the circuit: the next one goes straight.
    let answer = rig.orchestrate().await;
    assert_eq!(step(&answer, "notifier")["status"], "success");
}

#[tokio::test]
async fn a_notification_that_is_queued_twice_is_sent_once() {
    let rig = Rig::with(&QUICK).await;
    rig.services.notifier.switches.turn(Mode::Fail);
    let first = orchestrate_by(&rig, "same", &question()).await;
    let again = orchestrate_by(&rig, "same", &question()).await;
    assert_eq!(step(&first, "notifier"), step(&again, "notifier"));
    rig.services.notifier.switches.turn(Mode::Well);
    told(&rig, 1).await;
    drained(&rig).await;
    // Also a repeat that comes after it was sent has the first answer.
    let late = orchestrate_by(&rig, "same", &question()).await;
    assert_eq!(step(&first, "notifier"), step(&late, "notifier"));
    let notifications = rig.notifications();
    assert_eq!(notifications["same"].len(), 1, "{notifications:?}");
}

#[tokio::test]
async fn another_request_under_a_key_is_another_notification() {
    let rig = Rig::with(&QUICK).await;
    rig.services.notifier.switches.turn(Mode::Fail);
    orchestrate_by(&rig, "same", &question()).await;
    orchestrate_by(&rig, "same", "{\"query\": \"another\"}").await;
    rig.services.notifier.switches.turn(Mode::Well);
    told(&rig, 2).await;
    drained(&rig).await;
    let sent = &rig.notifications()["same"];
    let mut asked: Vec<_> = sent.iter().map(|sent| &sent["request"]["query"]).collect();
    asked.sort_by_key(ToString::to_string);
    assert_eq!(asked, ["another", "why is pump 7 hot?"]);
}

#[tokio::test]
async fn a_repeat_of_a_notification_that_was_refused_for_good_is_not_called_queued() {
    let rig = Rig::with(&QUICK).await;
    rig.services.notifier.switches.turn(Mode::Drop);
    orchestrate_by(&rig, "bad", &question()).await;
    rig.services.notifier.switches.turn(Mode::Refuse);
    let refused = || async {
        rig.clock.advance(RECOVERY);
        let again = orchestrate_by(&rig, "bad", &question()).await;
        step(&again, "notifier")["status"] == "failed"
    };
    until(refused).await;
}

#[tokio::test]
async fn two_equal_requests_at_once_are_one_notification() {
    let rig = Rig::with(&QUICK).await;
    rig.services.notifier.switches.turn(Mode::Fail);
    let question = question();
    let twice = [(); 8].map(|()| orchestrate_by(&rig, "at-once", &question));
    let [a, b, c, d, e, f, g, h] = twice;
    tokio::join!(a, b, c, d, e, f, g, h);
    rig.services.notifier.switches.turn(Mode::Well);
    told(&rig, 1).await;
    drained(&rig).await;
    assert_eq!(rig.notifications()["at-once"].len(), 1);
}

#[tokio::test]
async fn requests_without_a_key_are_notifications_of_their_own() {
    let rig = Rig::new().await;
    rig.orchestrate().await;
    rig.orchestrate().await;
    assert_eq!(rig.notifications().len(), 2);
}

#[tokio::test]
async fn one_whose_answer_was_lost_is_sent_again_under_its_key() {
    let rig = Rig::with(&QUICK).await;
    rig.services.notifier.switches.turn(Behaviour {
        at: At::Answer,
        ..Mode::Drop.into()
    });
    let answer = orchestrate_by(&rig, "lost", &question()).await;
    assert_eq!(
        step(&answer, "notifier")["result"]["notification_queued"],
        true
    );
    rig.services.notifier.switches.turn(Mode::Well);
    drained(&rig).await;
    // The notifier knows the repeats by the key.
    let notifications = rig.notifications();
    assert_eq!(notifications.keys().collect::<Vec<_>>(), ["lost"]);
    assert!(notifications["lost"].len() > 1);
}

#[tokio::test]
async fn what_waits_survives_a_restart() {
    let rig = Rig::with(&QUICK).await;
    rig.services.notifier.switches.turn(Mode::Drop);
    orchestrate_by(&rig, "kept", &question()).await;
    let rig = rig.restarted(&QUICK).await;
    assert_eq!(rig.notifications().len(), 0);
    rig.services.notifier.switches.turn(Mode::Well);
    told(&rig, 1).await;
    assert_eq!(rig.notifications()["kept"].len(), 1);
}

#[tokio::test]
async fn one_that_the_notifier_refuses_for_good_waits_for_a_person() {
    let rig = Rig::with(&QUICK).await;
    rig.services.notifier.switches.turn(Mode::Refuse);
    let answer = orchestrate_by(&rig, "refused", &question()).await;
    assert_eq!(step(&answer, "notifier")["status"], "fallback");
    until(async || {
        let (_, dead) = rig.get("/api/v1/dead-letters").await;
        dead["messages"]
            .as_array()
            .is_some_and(|dead| dead.len() == 1)
    })
    .await;
    assert_eq!(rig.notifications().len(), 0);
}
