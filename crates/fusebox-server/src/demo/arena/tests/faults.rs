//! What is sick only in part: slow, or for one key of four.

use std::collections::HashSet;

use http::StatusCode;
use serde_json::{Value, json};

use super::page::{Page, number, upstream};
use crate::demo::arena::cast::{SICK, UPSTREAMS};

/// Upstreams that no other sick one keeps calls from; then the rest.
const WAVES: [&[&str]; 2] = [
    &[
        "project-service",
        "backlog-service",
        "batch-conductor",
        "openai",
        "anthropic",
        "apollo",
        "perplexity",
        "ofd",
        "rag-service",
        "rule-generation",
        "notifier",
    ],
    &["chronicle-service", "content"],
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_slow_opens_its_circuit_and_whose_shard_is_sick_its_branch_alone() {
    let mut page = Page::open().await;
    let waves = WAVES
        .iter()
        .flat_map(|names| ["slow", "shard"].map(|fault| (fault, *names)));
    let mut seen = 0;
    for (fault, names) in waves {
        for name in names {
            page.turn(name, json!(fault)).await;
        }
        let mut waited_for: HashSet<&str> = names.iter().copied().collect();
        page.until(fault, |document| {
            waited_for.retain(|name| {
                let circuit = &upstream(document, name)["circuit"];
                let keys = upstream(document, name)["keys"].as_array().expect("keys");
                match fault {
                    "slow" => circuit["state"] == "closed",
                    _ => circuit["open_branches"] != json!([keys[SICK]]),
                }
            });
            waited_for.is_empty()
        })
        .await;
        seen += names.len();
        let (status, _) = page.send(page.post("/api/reset", "{}")).await;
        assert_eq!(status, StatusCode::OK);
    }
    assert_eq!(seen, 2 * UPSTREAMS.len());
    page.arena.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_slow_or_partly_sick_upstream_costs_others_users_only_without_breakers() {
    let mut page = Page::open().await;
    for (name, fault) in [("ofd", "slow"), ("project-service", "shard")] {
        page.turn(name, json!(fault)).await;
    }
    let cascades = |document: &Value, side| number(&document["score"][side], "cascades");
    let end = page
        .until("it goes wrong without breakers", |document| {
            cascades(document, "without") >= 40
        })
        .await;
    assert!(
        cascades(&end, "with") * 5 < cascades(&end, "without"),
        "{end:#}"
    );
    let (with, without) = (&end["score"]["with"], &end["score"]["without"]);
    assert!(
        number(with, "answered") > number(without, "answered"),
        "{end:#}"
    );
    assert!(
        number(with, "wasted") < number(without, "wasted"),
        "{end:#}"
    );
    let sick = upstream(&end, "project-service");
    assert_eq!(
        sick["circuit"]["state"], "closed",
        "the other teams' calls pass: {sick}"
    );
    page.arena.close().await;
}
