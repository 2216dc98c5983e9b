//! What a creation does and answers while all is well, and what is no creation.

use std::collections::{BTreeMap, BTreeSet};

use fusebox::State;
use serde_json::json;
use systems::stand_in::switches::Mode;

use super::rig::{Rig, SETTLED_WITHIN, create};
use crate::http::call;
use crate::wait::within;

#[tokio::test]
async fn a_creation_assigns_the_ten_tasks_and_answers_to_the_letter() {
    let rig = Rig::new().await;
    let answer = rig.create("ZEP010").await;
    assert_eq!(answer.status, 201);
    let expected = json!({
        "message": "Sprint 'Falcon' started successfully for project ZEP010",
        "sprint_id": "ZEP010-S01",
        "assigned_tasks_count": 10,
    });
    assert_eq!(answer.body, expected);
    let assigned = BTreeMap::from([("ZEP010-S01".to_owned(), 10)]);
    assert_eq!(rig.services.backlog.sprints(), assigned);
    assert_eq!(rig.started("ZEP010").await, assigned);
}

#[tokio::test]
async fn numbers_count_up_per_project_and_over_restarts() {
    let mut rig = Rig::new().await;
    for number in 1..=6 {
        rig.services.backlog.add("ZEP010", 10);
        let answer = rig.create("ZEP010").await;
        assert_eq!(answer.body["sprint_id"], format!("ZEP010-S{number:02}"));
        if number == 3 {
            rig = rig.restarted().await;
        }
    }
    assert_eq!(rig.create("NYX001").await.body["sprint_id"], "NYX001-S01");
}

#[tokio::test]
async fn creations_at_the_same_time_get_numbers_of_their_own() {
    let rig = Rig::new().await;
    let url = rig.service.url();
    let calls = (0..12).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { create(&url, "ZEP010", "Falcon").await })
    });
    let mut ids = BTreeSet::new();
    let mut tasks = 0;
    for call in calls.collect::<Vec<_>>() {
        let answer = call.await.unwrap();
        assert_eq!(answer.status, 201, "{answer:?}");
        ids.insert(answer.body["sprint_id"].to_string());
        tasks += answer.body["assigned_tasks_count"].as_u64().unwrap();
    }
    assert_eq!((ids.len(), tasks), (12, 10));
}

#[tokio::test]
async fn a_project_that_is_not_there_is_503_and_no_failure_of_the_circuit() {
    let rig = Rig::new().await;
    let detail = "Project Service is currently unavailable or project not found.";
    for project in ["NOPE", "a%2Fb", "..%2F.."].repeat(4) {
        let answer = rig.create(project).await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.body, json!({ "detail": detail }));
        assert_eq!(answer.retry_after(), None);
    }
    let circuit = rig.circuit("project-service").snapshot();
    assert_eq!((circuit.state, circuit.totals.failure), (State::Closed, 0));
    assert_eq!(rig.create("ZEP010").await.status, 201);
}

#[tokio::test]
async fn a_wrong_body_is_told_and_nothing_is_called() {
    let rig = Rig::new().await;
    let path = format!("{}/sprints/ZEP010", rig.service.url());
    for body in [
        "",
        "{}",
        r#"{"sprint_name": "", "duration_weeks": 2}"#,
        r#"{"sprint_name": "a", "duration_weeks": 0}"#,
        r#"{"sprint_name": "a", "duration_weeks": "two"}"#,
    ] {
        let answer = call("POST", &path, body).await.unwrap();
        assert_eq!(answer.status, 422, "{body}");
        assert!(answer.body["detail"].is_string());
    }
    assert_eq!(rig.services.project.switches.calls(), 0);
}

#[tokio::test]
async fn events_are_kept_while_chronicle_service_is_away_and_delivered_later_in_order() {
    let rig = Rig::new().await;
    rig.services.chronicle.switches.turn(Mode::Fail);
    for _ in 0..3 {
        rig.services.backlog.add("ZEP010", 1);
        assert_eq!(rig.create("ZEP010").await.status, 201);
    }
    let failed = || async { rig.services.chronicle.switches.calls() > 0 };
    within(SETTLED_WITHIN, "chronicle-service is called", failed).await;
    assert_eq!(rig.services.chronicle.events().len(), 0);

    // They survive the process too.
    let rig = rig.restarted().await;
    rig.services.chronicle.switches.turn(Mode::Well);
    let told = || async {
        // An open circuit is tried again after its 30 s.
        rig.clock.advance(std::time::Duration::from_secs(30));
        rig.services.chronicle.events().len() == 3
    };
    within(SETTLED_WITHIN * 2, "all events are told", told).await;
    let ids = rig.services.chronicle.events().into_iter();
    let ids: Vec<_> = ids.map(|event| event["sprint_id"].clone()).collect();
    assert_eq!(ids, ["ZEP010-S01", "ZEP010-S02", "ZEP010-S03"]);
    assert_eq!(
        rig.services.chronicle.events()[0]["event"],
        "sprint_started"
    );
}
