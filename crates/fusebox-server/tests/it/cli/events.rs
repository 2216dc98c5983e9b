//! `fusebox events`: the history, and trips as replay files.

use serde_json::{Value, json};

use super::daemon::{Desk, words};
use crate::daemon::{Daemon, Folder};
use crate::house::{BOUND, rag};
use crate::stand_in::{Mode, StandIn};

#[tokio::test]
async fn what_happened_is_a_table_newest_first_and_the_api_s_own_json() {
    let desk = Desk::new().await;
    desk.ok(&["open", "rag"]).await;
    desk.ok(&["hold", "vms", "observe", "--reason", "a look"])
        .await;
    let all = desk.json(&["events"]).await;
    let kind = |event: &Value| (event["circuit"].clone(), event["kind"].clone());
    assert_eq!(kind(&all["events"][0]), (json!("vms"), json!("hold_set")));
    let of_rag = desk.json(&["events", "rag"]).await;
    assert_eq!(
        kind(&of_rag["events"][0]),
        (json!("rag"), json!("transition"))
    );
    let one = desk.json(&["events", "--limit", "1"]).await;
    assert_eq!(one["events"].as_array().unwrap().len(), 1);
    assert!(one["next"].is_string(), "{one}");

    let out = desk.ok(&["events", "--limit", "2"]).await;
    assert_eq!(words(&out[0]), "ID AT CIRCUIT WHAT BY REPLAY WHY");
    let first = words(&out[1]);
    assert!(
        first.contains(" vms hold_set observe local - a look"),
        "{out:#?}"
    );
    // Its replay file may be there already.
    let second = words(&out[2]);
    assert!(second.contains(" rag closed -> open local "), "{out:#?}");
    let ended = desk.run(&["events", "rga"]).await;
    assert_eq!(ended.code, Some(4));
    assert!(ended.err[0].ends_with("(did you mean rag?)"), "{ended:?}");
}

/// Waits for the opening of `rag` with its replay file, and gives its number.
async fn opening(daemon: &Daemon) -> String {
    let begun = tokio::time::Instant::now();
    loop {
        let path = "/api/v1/circuit-breakers/rag/events";
        let events = crate::daemon::ask(daemon.admin, path).await.json();
        let mut all = events["events"].as_array().unwrap().iter();
        if let Some(opened) = all.find(|event| event["to"] == "open" && event["has_replay"] == true)
        {
            return opened["id"].to_string();
        }
        assert!(
            begun.elapsed() < BOUND,
            "no replay within the bound: {events}"
        );
    }
}

#[tokio::test]
async fn a_trip_is_exported_as_a_replay_file_that_holds() {
    let (folder, upstream) = (Folder::new(), StandIn::start(Mode::Fail(500)).await);
    let breaker = "breaker = { consecutive_failures = 3, open_for = \"1h\" }\n";
    folder.write("fusebox.toml", rag(&upstream.url(), breaker));
    let serve = [
        "fusebox.toml",
        "--listen",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
    ];
    let daemon = folder.serve(&serve).await;
    for _ in 0..3 {
        assert_eq!(daemon.get("/rag/x").await.status, 500);
    }
    let id = opening(&daemon).await;
    let url = format!("http://{}", daemon.admin);
    let env = [("FUSEBOX_URL", url.as_str())];
    let ended = folder.run_with(&["events", "export", &id], &env).await;
    assert_eq!((ended.code, ended.err.len()), (Some(0), 0), "{ended:?}");
    folder.write("trip.json", ended.out.join("\n"));
    let replayed = folder.run(&["replay", "trip.json"]).await;
    assert_eq!(
        replayed.code,
        Some(0),
        "{replayed:?}\n{}",
        ended.out.join("\n")
    );

    let ended = folder.run_with(&["events", "export", "999999"], &env).await;
    assert_eq!((ended.code, ended.out.len()), (Some(4), 0), "{ended:?}");
    assert!(ended.err[0].starts_with("fusebox: 404 "), "{ended:?}");
}
