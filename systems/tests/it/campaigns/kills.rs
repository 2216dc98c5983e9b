//! `kill -9` of the server, with its workers, at any moment: while campaigns are created, jobs run,
//! the breaker opens, a person resumes.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use systems::stand_in::switches::{At, Behaviour, Mode};
use systems::stand_in::third_parties::ThirdParties;
use tokio::task::JoinHandle;

use super::rig::{campaign, done_are, manage, start, wanted};
use crate::folder::Folder;
use crate::http::{ask, send};
use crate::process::Process;
use crate::wait::until;

const LEADS: usize = 3;
const WORKERS: u64 = 4;

/// Asks for something that may not be answered: the campaign of the answer.
async fn poke(url: String, path: &'static str, body: Value) -> Option<String> {
    let url = format!("{url}/api/v1/{path}");
    let (_, answer) = send("POST", &url, &body.to_string()).await.ok()?;
    Some(answer["data"]["id"].as_str()?.to_owned())
}

fn calls(apis: &ThirdParties) -> u64 {
    apis.apollo.switches.calls() + apis.perplexity.switches.calls()
}

/// It is stopped, or has nothing to do.
async fn is_idle(url: &str) -> bool {
    let (_, status) = manage(url, "GET", "status", &Value::Null).await;
    let queue = &status["queue"];
    let is_empty = queue["waiting"] == 0 && queue["running"] == 0;
    is_empty || status["circuit_breaker"]["state"] == "open" && queue["running"] == 0
}

#[tokio::test]
async fn whenever_it_is_killed_no_job_is_lost_or_run_twice_or_left_paused() {
    let rounds = match std::env::var_os("FUSEBOX_LONG") {
        Some(_) => 100,
        None => 12,
    };
    let (apis, folder) = (ThirdParties::start().await.unwrap(), Folder::new());
    let failures = [
        Mode::Well.into(),
        Behaviour {
            at: At::Answer,
            times: Some(1),
            ..Mode::Drop.into()
        },
        Behaviour {
            times: Some(1),
            ..Mode::Fail.into()
        },
        Behaviour {
            millis: 20,
            ..Mode::Slow.into()
        },
    ];
    let (mut unheard, mut acknowledged) = (0, BTreeSet::new());
    for round in 0..rounds {
        let failure: &Behaviour = &failures[round % failures.len()];
        unheard += u64::from(failure.at == At::Answer);
        let api = [&apis.apollo, &apis.perplexity][round / 4 % 2];
        api.switches.turn(failure.clone());
        let mut process = start(&apis, &folder);
        let url = process.url.clone();
        let pokes = [
            tokio::spawn(poke(url.clone(), "campaigns", wanted(LEADS))),
            tokio::spawn(poke(
                url.clone(),
                "queue-management/resume-queue",
                json!({}),
            )),
            tokio::spawn(poke(url.clone(), "campaigns", wanted(LEADS))),
        ];
        // Somewhere in all this: after so many calls, or where no more come.
        let (before, somewhere) = (calls(&apis), round as u64 * 5 % 14);
        until(|| async {
            let is_answered = pokes.iter().all(JoinHandle::is_finished);
            calls(&apis) >= before + somewhere || is_answered && is_idle(&url).await
        })
        .await;
        process.kill();
        for poke in pokes {
            acknowledged.extend(poke.await.unwrap());
        }
        api.switches.turn(Mode::Well);
    }
    let campaigns = whole_are(&apis, &start(&apis, &folder), &acknowledged).await;
    let repeats = apis.apollo.done().repeats + apis.perplexity.done().repeats;
    println!("{rounds} kills: {campaigns} campaigns, {repeats} calls were repeated");
    let most = rounds as u64 * WORKERS + unheard;
    assert!(repeats <= most, "{repeats} repeats of at most {most}");
    assert!(!acknowledged.is_empty());
}

/// Resumes, and looks at all campaigns that there are then, those that were acknowledged among
/// them: each is completed, each of its jobs done once.
async fn whole_are(
    apis: &ThirdParties,
    process: &Process,
    acknowledged: &BTreeSet<String>,
) -> usize {
    resume_to_the_end(process).await;
    // One that nobody was told of may be there, but then it is whole.
    let done = apis.apollo.done().jobs;
    let ids = done.iter().filter_map(|job| job.rsplitn(3, '-').last());
    let ids: BTreeSet<_> = ids.map(str::to_owned).collect();
    assert!(ids.is_superset(acknowledged), "{acknowledged:?} of {ids:?}");
    for id in &ids {
        let shown = campaign(&process.url, id).await;
        assert_eq!(shown["status"], "completed");
        assert_eq!(shown["jobs_completed"], shown["jobs_total"], "{shown}");
    }
    let campaigns: Vec<_> = ids.iter().map(|id| (&**id, LEADS)).collect();
    done_are(apis, &campaigns);
    campaigns.len()
}

/// Resumes, and waits until all campaigns have ended.
async fn resume_to_the_end(process: &Process) {
    let url = &process.url;
    let (code, answer) = manage(url, "POST", "resume-queue", &Value::Null).await;
    assert_eq!(code, 200, "{answer}");
    until(|| async {
        let (_, status) = manage(url, "GET", "status", &Value::Null).await;
        let none = json!({ "waiting": 0, "running": 0, "failed": 0 });
        status["queue"] == none
    })
    .await;
}

#[tokio::test]
async fn a_breaker_that_opened_is_open_after_the_kill_and_its_campaigns_wait() {
    let (apis, folder) = (ThirdParties::start().await.unwrap(), Folder::new());
    apis.apollo.switches.turn(Mode::Hang);
    let mut process = start(&apis, &folder);
    let url = process.url.clone();
    let id = poke(url.clone(), "campaigns", wanted(LEADS)).await.unwrap();
    let is_open = |url: String| async move {
        let (_, status) = manage(&url, "GET", "status", &Value::Null).await;
        status["circuit_breaker"]["state"] == "open"
    };
    // The time-out of the first call.
    until(|| is_open(url.clone())).await;
    process.kill();
    apis.apollo.switches.turn(Mode::Well);
    let calls = apis.apollo.switches.calls();
    let process = start(&apis, &folder);
    assert!(is_open(process.url.clone()).await);
    assert_eq!(campaign(&process.url, &id).await["status"], "paused");
    let health = format!("{}/fusebox/api/v1/main", process.url);
    assert_eq!(ask("GET", &health).await.unwrap().1["state"], "open");
    assert_eq!(apis.apollo.switches.calls(), calls);
    resume_to_the_end(&process).await;
    done_are(&apis, &[(&id, LEADS)]);
}
