//! Many at once, while services come and go.

use std::sync::Arc;

use systems::stand_in::switches::Mode;
use tokio::task::JoinSet;

use super::rig::{RECOVERY, Rig};
use crate::wait::until;

const CALLERS: usize = 32;
const REQUESTS: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_concurrent_load_every_request_is_answered_and_every_notification_sent_once() {
    let rig = Arc::new(Rig::with(&[("NOTIFIER_TIMEOUT", "1")]).await);
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let rig = Arc::clone(&rig);
        callers.spawn(async move {
            let mut fallbacks = 0;
            for _ in 0..REQUESTS {
                let answer = rig.orchestrate().await;
                let steps = answer["steps"].as_object().unwrap();
                assert_eq!(steps.len(), 3);
                for (name, step) in steps {
                    assert_ne!(step["status"], "failed", "{name}: {step}");
                    assert!(step["result"].is_object(), "{name}: {step}");
                    fallbacks += usize::from(step["fallback_used"] == true);
                }
            }
            fallbacks
        });
    }
    let fallbacks: usize = tokio::select! {
        answers = callers.join_all() => answers.into_iter().sum(),
        () = trouble(&rig) => unreachable!(),
    };
    println!("{} requests, {fallbacks} fallbacks", CALLERS * REQUESTS);
    assert!(fallbacks > 0, "the trouble was met");

    for (_, agent) in rig.services.all() {
        agent.switches.turn(Mode::Well);
    }
    until(async || {
        rig.clock.advance(RECOVERY);
        rig.notifications().len() == CALLERS * REQUESTS
            && rig.get("/api/v1/queues/notifications").await.1["messages"] == 0
    })
    .await;
    // A repeat follows only a call whose fate nobody knew: none had its answer lost.
    for (key, sent) in rig.notifications() {
        assert_eq!(sent.len(), 1, "{key}");
    }
}

/// Each service fails for some calls and is well for some, again and again.
async fn trouble(rig: &Rig) {
    let services = [
        &rig.services.rag,
        &rig.services.rules,
        &rig.services.notifier,
    ];
    for (round, agent) in (0..).zip(services.iter().cycle()) {
        let calls = agent.switches.calls();
        agent.switches.turn([Mode::Fail, Mode::Drop][round % 2]);
        until(async || agent.switches.calls() > calls + 3).await;
        agent.switches.turn(Mode::Well);
        let calls = agent.switches.calls();
        until(async || {
            rig.clock.advance(RECOVERY);
            agent.switches.calls() > calls + 10
        })
        .await;
    }
}
