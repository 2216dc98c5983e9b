//! Every point at which a creation can fail while the service lives on: no half sprint, and after
//! the recovery one whole sprint.

use std::time::Duration;

use systems::stand_in::switches::{At, Behaviour, Mode};

use super::rig::{Rig, SETTLED_WITHIN, only};
use crate::http::ask;
use crate::wait::within;

/// Everywhere that something can break, before and after it was done.
fn points() -> Vec<(&'static str, Mode, At)> {
    let paths = ["/projects", "/backlogs", "/assignments"];
    let modes = [Mode::Fail, Mode::Hang, Mode::Drop, Mode::Refuse];
    let mut points = Vec::new();
    for path in paths {
        for mode in modes {
            for at in [At::Call, At::Answer] {
                points.push((path, mode, at));
            }
        }
    }
    points
}

fn turn(rig: &Rig, behaviour: &Behaviour) {
    rig.services.project.switches.turn(behaviour.clone());
    rig.services.backlog.switches.turn(behaviour.clone());
}

/// What the service calls started is what has tasks; and nothing waits for its end.
async fn is_whole(rig: &Rig) -> bool {
    rig.started("ZEP010").await == rig.services.backlog.sprints() && nothing_waits(rig).await
}

/// No sprint waits to be settled.
async fn nothing_waits(rig: &Rig) -> bool {
    let url = format!("{}/sprints/ZEP010", rig.service.url());
    ask("GET", &url).await.unwrap().1["unsettled"] == 0
}

async fn one_whole_sprint(rig: &Rig) {
    within(SETTLED_WITHIN, "no half sprint is left", || is_whole(rig)).await;
    // Whoever was told 503 asks again, and has one sprint with all tasks.
    let answer = rig.create("ZEP010").await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.body["assigned_tasks_count"], 10);
    assert!(is_whole(rig).await);
    assert_eq!(rig.started("ZEP010").await.len(), 1);
}

#[tokio::test]
async fn no_point_of_failure_leaves_a_half_sprint() {
    for (path, mode, at) in points() {
        let rig = Rig::new().await;
        turn(&rig, &only(path, mode, at));
        let answer = rig.create("ZEP010").await;
        // A refusal in place of the answer is a service that lies; see below.
        let lies = (path, mode, at) == ("/assignments", Mode::Refuse, At::Answer);
        assert_eq!(answer.status, 503, "{path} {mode:?} {at:?}");
        turn(&rig, &Mode::Well.into());
        if !lies {
            one_whole_sprint(&rig).await;
        }
        rig.service.end().await.unwrap();
    }
}

#[tokio::test]
async fn a_sprint_is_settled_within_five_seconds_of_recovery_though_its_circuit_is_open() {
    let rig = Rig::new().await;
    turn(&rig, &only("/assignments", Mode::Drop, At::Answer));
    assert_eq!(rig.create("ZEP010").await.status, 503);
    turn(&rig, &Mode::Fail.into());
    for _ in 0..5 {
        rig.create("NYX001").await;
    }
    turn(&rig, &Mode::Well.into());
    // The circuits' clock stands still: they stay open.
    within(SETTLED_WITHIN, "the sprint is settled", || is_whole(&rig)).await;
    assert_eq!(
        rig.started("ZEP010")
            .await
            .values()
            .copied()
            .collect::<Vec<_>>(),
        [10]
    );
}

#[tokio::test]
async fn settling_goes_on_while_things_break_in_one_way_after_another() {
    let rig = Rig::new().await;
    turn(&rig, &only("/assignments", Mode::Hang, At::Call));
    assert_eq!(rig.create("ZEP010").await.status, 503);
    for (mode, at) in [
        (Mode::Fail, At::Call),
        (Mode::Drop, At::Call),
        (Mode::Hang, At::Answer),
        (Mode::Drop, At::Answer),
        (Mode::Fail, At::Answer),
    ] {
        let before = rig.services.backlog.switches.calls();
        turn(&rig, &only("/assignments", mode, at));
        let tried = || async { rig.services.backlog.switches.calls() > before };
        within(SETTLED_WITHIN, "the assignment is sent again", tried).await;
        assert!(rig.started("ZEP010").await.is_empty());
    }
    turn(&rig, &Mode::Well.into());
    one_whole_sprint(&rig).await;
    assert!(rig.services.backlog.repeats() >= 1);
}

#[tokio::test]
async fn a_sprint_whose_tasks_were_taken_meanwhile_is_undone() {
    let rig = Rig::new().await;
    turn(&rig, &only("/assignments", Mode::Drop, At::Call));
    assert_eq!(rig.create("ZEP010").await.status, 503);
    // Somebody else assigns the same tasks.
    rig.services.backlog.take("ZEP010", "OTHER");
    turn(&rig, &Mode::Well.into());
    within(SETTLED_WITHIN, "nothing waits", || nothing_waits(&rig)).await;
    assert!(rig.started("ZEP010").await.is_empty());
    // No task is left, and the number was used: it may be known already.
    let answer = rig.create("ZEP010").await;
    assert_eq!(answer.body["sprint_id"], "ZEP010-S02");
    assert_eq!(answer.body["assigned_tasks_count"], 0);
    assert_eq!(
        rig.services.backlog.sprints(),
        [("OTHER".to_owned(), 10)].into()
    );
}

#[tokio::test]
async fn a_caller_who_goes_away_leaves_no_half_sprint() {
    let rig = Rig::new().await;
    for at in [At::Call, At::Answer] {
        turn(&rig, &only("/assignments", Mode::Hang, at));
        let gone = tokio::time::timeout(Duration::from_millis(200), rig.create("ZEP010"));
        assert!(gone.await.is_err());
    }
    turn(&rig, &Mode::Well.into());
    one_whole_sprint(&rig).await;
}

#[tokio::test]
async fn a_clean_end_while_a_sprint_is_unsettled_is_ended_by_the_next_start() {
    let rig = Rig::new().await;
    turn(&rig, &only("/assignments", Mode::Drop, At::Answer));
    assert_eq!(rig.create("ZEP010").await.status, 503);
    let rig = rig.restarted().await;
    turn(&rig, &Mode::Well.into());
    one_whole_sprint(&rig).await;
}
