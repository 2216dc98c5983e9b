//! The service is killed (`kill -9`) at every step of a creation, and started again from its
//! folder.

use std::collections::BTreeMap;

use systems::stand_in::sprint_services::SprintServices;
use systems::stand_in::switches::{At, Behaviour, Mode};

use super::rig::{SETTLED_WITHIN, create, only, start, started};
use crate::folder::Folder;
use crate::http::send;
use crate::wait::within;

fn turn(services: &SprintServices, behaviour: &Behaviour) {
    services.project.switches.turn(behaviour.clone());
    services.backlog.switches.turn(behaviour.clone());
}

fn calls(services: &SprintServices) -> u64 {
    services.project.switches.calls() + services.backlog.switches.calls()
}

/// Kills the service while a creation hangs there. It had made `step` calls.
async fn killed_at(services: &SprintServices, folder: &Folder, point: (&str, At), step: u64) {
    turn(services, &only(point.0, Mode::Hang, point.1));
    let mut process = start(services, folder);
    let (url, before) = (process.url.clone(), calls(services));
    let caller = tokio::spawn(async move { create_or_lose(&url).await });
    let hangs = || async { calls(services) >= before + step };
    within(SETTLED_WITHIN, "the creation hangs", hangs).await;
    process.kill();
    assert_eq!(caller.await.unwrap(), None, "nobody answered");
}

/// The caller's connection may break.
async fn create_or_lose(url: &str) -> Option<u16> {
    let body = r#"{"sprint_name": "Falcon", "duration_weeks": 2}"#;
    let answer = send("POST", &format!("{url}/sprints/ZEP010"), body).await;
    Some(answer.ok()?.0)
}

async fn is_whole(url: &str, services: &SprintServices) -> bool {
    started(url, "ZEP010").await == services.backlog.sprints()
}

const POINTS: [((&str, At), u64); 5] = [
    (("/projects", At::Call), 1),
    (("/backlogs", At::Call), 2),
    (("/backlogs", At::Answer), 2),
    (("/assignments", At::Call), 3),
    (("/assignments", At::Answer), 3),
];

#[tokio::test]
async fn a_service_killed_at_any_step_ends_the_sprint_after_its_restart() {
    for (point, step) in POINTS {
        let (services, folder) = (SprintServices::start().await.unwrap(), Folder::new());
        killed_at(&services, &folder, point, step).await;
        turn(&services, &Mode::Well.into());

        let process = start(&services, &folder);
        let whole = || is_whole(&process.url, &services);
        within(SETTLED_WITHIN, "no half sprint is left", whole).await;
        let answer = create(&process.url, "ZEP010", "Falcon").await;
        assert_eq!(answer.status, 201, "{point:?}: {answer:?}");
        assert_eq!(answer.body["assigned_tasks_count"], 10, "{point:?}");
        let one = BTreeMap::from([("ZEP010-S01".to_owned(), 10)]);
        assert_eq!(started(&process.url, "ZEP010").await, one);
        assert_eq!(services.backlog.sprints(), one);
        let told = || async { services.chronicle.events().len() == 1 };
        within(SETTLED_WITHIN, "its event is told once", told).await;
    }
}

#[tokio::test]
async fn a_service_killed_again_and_again_while_all_is_broken_still_ends_the_sprint() {
    let (services, folder) = (SprintServices::start().await.unwrap(), Folder::new());
    killed_at(&services, &folder, ("/assignments", At::Answer), 3).await;
    for (mode, at) in [
        (Mode::Fail, At::Call),
        (Mode::Drop, At::Answer),
        (Mode::Hang, At::Call),
    ] {
        turn(&services, &only("/assignments", mode, at));
        let before = calls(&services);
        let mut process = start(&services, &folder);
        let tried = || async { calls(&services) > before };
        within(SETTLED_WITHIN, "the assignment is sent again", tried).await;
        assert!(started(&process.url, "ZEP010").await.is_empty());
        process.kill();
    }
    turn(&services, &Mode::Well.into());
    let process = start(&services, &folder);
    let whole = || async { started(&process.url, "ZEP010").await.len() == 1 };
    within(SETTLED_WITHIN, "the sprint is finished", whole).await;
    assert!(is_whole(&process.url, &services).await);
}

/// Under load, at instants that nobody chose.
#[tokio::test]
async fn a_service_killed_at_random_points_leaves_no_half_sprint() {
    let rounds = if std::env::var_os("FUSEBOX_LONG").is_some() {
        100
    } else {
        8
    };
    let (services, folder) = (SprintServices::start().await.unwrap(), Folder::new());
    for round in 0..rounds {
        services.backlog.add("ZEP010", 10);
        let mut process = start(&services, &folder);
        let before = calls(&services);
        let callers: Vec<_> = (0..4)
            .map(|_| {
                let url = process.url.clone();
                tokio::spawn(async move { create_or_lose(&url).await })
            })
            .collect();
        // Between the first call of the first creation and the last of the last.
        let somewhere = 1 + (round * 7 % 12);
        let ended = || callers.iter().all(tokio::task::JoinHandle::is_finished);
        let reached = || async { calls(&services) >= before + somewhere || ended() };
        within(SETTLED_WITHIN, "the creations are somewhere", reached).await;
        process.kill();
        for caller in callers {
            let _ = caller.await.unwrap();
        }
    }
    let process = start(&services, &folder);
    let whole = || async {
        let mut known = started(&process.url, "ZEP010").await;
        // One that found no task left is whole too.
        known.retain(|_, tasks| *tasks > 0);
        known == services.backlog.sprints()
    };
    within(SETTLED_WITHIN, "no half sprint is left", whole).await;
    let known = started(&process.url, "ZEP010").await.len();
    let told = || async { services.chronicle.events().len() == known };
    within(SETTLED_WITHIN, "every started sprint is told of once", told).await;
}
