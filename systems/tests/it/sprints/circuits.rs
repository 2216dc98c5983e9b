//! What the circuits do: settings under the team's old names, failing fast, recovery.

use std::time::Duration;

use fusebox::State::{Closed, HalfOpen, Open};
use fusebox::environment::Variables;
use fusebox::testing::Transitions;
use fusebox::{Rate, WindowSize};
use serde_json::json;
use systems::sprint_service::{Addresses, SprintSettings};
use systems::stand_in::switches::{At, Mode, Switches};

use super::rig::{Rig, only};

const BROKEN_TIME: Duration = Duration::from_secs(30);

/// Down, open, failing fast, and back: the same story for both services.
async fn outage_and_recovery(circuit: &str, switches: fn(&Rig) -> &Switches, detail: &str) {
    let rig = Rig::new().await;
    let mut transitions = Transitions::watch(rig.circuit(circuit));
    switches(&rig).turn(Mode::Fail);
    for call in 1..=5 {
        let answer = rig.create("ZEP010").await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.body, json!({ "detail": detail }));
        let expected = (call == 5).then_some("30");
        assert_eq!(answer.retry_after(), expected, "call {call}");
    }
    transitions.assert([(Closed, Open)]);

    // Nothing is sent any more, and nobody waits.
    let reached = switches(&rig).calls();
    switches(&rig).turn(Mode::Hang);
    for _ in 0..20 {
        let answer = rig.create("ZEP010").await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.body, json!({ "detail": detail }));
        assert_eq!(answer.retry_after(), Some("30"));
    }
    assert_eq!(switches(&rig).calls(), reached);
    assert!(rig.services.backlog.sprints().is_empty());

    // Back, but not before its time; then one trial closes.
    switches(&rig).turn(Mode::Well);
    rig.clock.advance(BROKEN_TIME - Duration::from_millis(1));
    assert_eq!(rig.create("ZEP010").await.retry_after(), Some("1"));
    transitions.assert_none();
    rig.clock.advance(Duration::from_millis(1));
    let answer = rig.create("ZEP010").await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.body["assigned_tasks_count"], 10);
    assert_eq!(answer.body["sprint_id"], "ZEP010-S01");
    transitions.assert([(Open, HalfOpen), (HalfOpen, Closed)]);
}

#[tokio::test]
async fn project_service_goes_down_and_comes_back() {
    let detail = "Project Service is currently unavailable or project not found.";
    outage_and_recovery(
        "project-service",
        |rig| &rig.services.project.switches,
        detail,
    )
    .await;
}

#[tokio::test]
async fn backlog_service_goes_down_and_comes_back() {
    let detail = "Backlog Service is currently unavailable.";
    outage_and_recovery(
        "backlog-service",
        |rig| &rig.services.backlog.switches,
        detail,
    )
    .await;
}

#[tokio::test]
async fn a_failed_trial_opens_for_as_long_as_before() {
    let rig = Rig::new().await;
    rig.services.project.switches.turn(Mode::Drop);
    for _ in 0..5 {
        rig.create("ZEP010").await;
    }
    for _ in 0..3 {
        rig.clock.advance(BROKEN_TIME);
        let answer = rig.create("ZEP010").await;
        // No backoff and no jitter.
        assert_eq!(answer.retry_after(), Some("30"));
    }
}

#[tokio::test]
async fn every_kind_of_failure_opens_the_guarded_call_too() {
    for mode in [Mode::Fail, Mode::Drop, Mode::Hang] {
        let rig = Rig::new().await;
        let backlog = &rig.services.backlog.switches;
        backlog.turn(only("/assignments", mode, At::Call));
        let answer = rig.create("ZEP010").await;
        assert_eq!(answer.status, 503, "{mode:?}");
        let totals = rig.circuit("backlog-service").snapshot().totals;
        assert!(totals.failure >= 1, "{mode:?}: {totals:?}");
    }
}

fn none() -> Variables<'static> {
    Variables::from_iter::<[(&str, &str); 0]>([])
}

#[test]
fn the_old_settings_mean_what_they_say() {
    let settings = SprintSettings::read(&none()).unwrap().circuits;
    assert_eq!(settings.minimum_calls(), 5);
    assert_eq!(settings.window(), WindowSize::Time(Duration::from_secs(10)));
    assert_eq!(settings.open_for(), BROKEN_TIME);
    assert_eq!(settings.open_for_max(), BROKEN_TIME);
    assert_eq!(settings.jitter(), Rate::ZERO);
    assert_eq!(settings.half_open_successes(), 1);

    let set = [
        ("ERROR_RATIO", "0.25"),
        ("RESPONSE_TIME", "20"),
        ("BROKEN_TIME", "2.5"),
        ("ERROR_KINDS", "connect, timeout"),
    ];
    let set = SprintSettings::read(&set.into_iter().collect()).unwrap();
    assert_eq!(set.circuits.open_for(), Duration::from_millis(2500));
    assert_eq!(set.error_kinds, ["connect", "timeout"].into());
}

#[test]
fn a_wrong_variable_is_told_with_its_name() {
    for (name, value) in [
        ("ERROR_RATIO", "half"),
        ("BROKEN_TIME", "0"),
        ("ERROR_KINDS", "connect,fire"),
    ] {
        let environment = [(name, value)].into_iter().collect();
        let error = SprintSettings::read(&environment).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(value), "{error}");
    }
    let error = SprintSettings::read(&[("ERROR_RATIO", "2")].into_iter().collect());
    assert!(error.unwrap_err().to_string().contains("error_ratio"));
    // One address alone: the others are not stand-ins by accident.
    let some = [("PROJECT_SERVICE_URL", "http://project:80")];
    let error = Addresses::read(&some.into_iter().collect()).unwrap_err();
    assert_eq!(error.variable(), "BACKLOG_SERVICE_URL");
    assert!(Addresses::read(&none()).unwrap().is_none());
}
