//! What survives the end of the process, however it ends, and what keeps a daemon from starting.

use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::daemon::{Daemon, Folder, ask, send};
use crate::house::{BOUND, rag};
use crate::stand_in::{Mode, StandIn};

const SERVE: &[&str] = &[
    "fusebox.toml",
    "--listen",
    "127.0.0.1:0",
    "--admin",
    "127.0.0.1:0",
];

/// A circuit of this name that nobody calls.
fn circuit(name: &str, more: &str) -> String {
    rag("http://127.0.0.1:9", more).replace("rag", name)
}

/// Ends the daemon and starts the next one.
async fn again(folder: &Folder, mut daemon: Daemon, signal: Signal) -> Daemon {
    daemon.process.signal(signal);
    let code = if signal == Signal::KILL {
        None
    } else {
        Some(0)
    };
    assert_eq!(daemon.process.end().await, code);
    folder.serve(SERVE).await
}

/// An action that must succeed.
async fn act(daemon: &Daemon, method: &str, path: &str, body: Value) {
    let path = format!("/api/v1/{path}");
    let answer = send(daemon.admin, method, &path, &body).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
}

fn seconds(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("no time left: {value}"))
}

/// Everything that an operator sets, before and after the end of the process.
async fn what_was_set_survives(signal: Signal) {
    let folder = Folder::new();
    let breaker = |lines: &str| format!("breaker = {{ {lines} }}\n");
    let all = [
        circuit("opened", &breaker("open_for = \"1h\"")),
        circuit("manual", &breaker("recovery = \"manual\"")),
        circuit("held", ""),
        circuit("changed", ""),
        circuit("keyed", "branch = { key = \"header:X-Till\" }\n"),
    ];
    folder.write("fusebox.toml", all.concat());
    let daemon = folder.serve(SERVE).await;
    let of = |name: &str, action: &str| format!("circuit-breakers/{name}/{action}");
    let open = json!({"state": "open", "reason": "a test"});
    act(&daemon, "POST", &of("opened", "force-state"), open.clone()).await;
    act(&daemon, "POST", &of("manual", "force-state"), open.clone()).await;
    let hold = json!({"kind": "forced_open", "reason": "new disk", "for": "1h"});
    act(&daemon, "POST", &of("held", "hold"), hold.clone()).await;
    let over = json!({"settings": {"open_for": "33s"}, "reason": "try it", "for": "2h"});
    act(&daemon, "PUT", &of("changed", "override"), over).await;
    act(&daemon, "POST", &of("keyed", "branches/till-7/hold"), hold).await;
    let look = async |daemon: &Daemon| {
        let mut seen = Vec::new();
        for name in [
            "opened",
            "manual",
            "held",
            "changed",
            "keyed/branches/till-7",
        ] {
            seen.push(daemon.circuit(name).await);
        }
        seen
    };
    let before = look(&daemon).await;
    act(&daemon, "POST", "main", open).await;
    let daemon = again(&folder, daemon, signal).await;
    let main = ask(daemon.admin, "/api/v1/main").await.json();
    assert_eq!(
        (&main["state"], &main["reason"]),
        (&json!("open"), &json!("a test"))
    );
    act(&daemon, "POST", "main", json!({"state": "closed"})).await;
    let after = look(&daemon).await;

    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before["state"], after["state"]);
        for key in ["kind", "reason", "author"] {
            assert_eq!(before["hold"][key], after["hold"][key], "{after}");
            assert_eq!(before["override"][key], after["override"][key], "{after}");
        }
    }
    assert_eq!(after[0]["state"], "open");
    // Time went on meanwhile, and no more than the test may take.
    let left = (
        seconds(&before[0]["retry_after"]),
        seconds(&after[0]["retry_after"]),
    );
    assert!(
        left.1 <= left.0 && left.1 > left.0 - BOUND.as_secs_f64(),
        "{left:?}"
    );
    assert_eq!(
        (&after[1]["state"], &after[1]["retry_after"]),
        (&json!("open"), &json!(null))
    );
    assert!(after[2]["hold"]["until"].is_string(), "{}", after[2]);
    assert_eq!(after[3]["settings"]["open_for"], "33s");
    assert!(after[3]["override"]["until"].is_string(), "{}", after[3]);
    assert_eq!(after[4]["hold"]["kind"], "forced_open");
}

#[tokio::test]
async fn what_was_set_survives_kill_9() {
    what_was_set_survives(Signal::KILL).await;
}

#[tokio::test]
async fn what_was_set_survives_an_end_in_order() {
    what_was_set_survives(Signal::TERM).await;
}

/// What the history tells of these circuits and of the main breaker, the oldest first.
async fn history(daemon: &Daemon) -> Vec<Value> {
    let history = ask(daemon.admin, "/api/v1/events?limit=1000").await.json();
    let mut events = history["events"].as_array().unwrap().clone();
    events.reverse();
    events
}

#[tokio::test]
async fn a_restart_does_not_say_again_what_was_said() {
    let folder = Folder::new();
    folder.write(
        "fusebox.toml",
        circuit("held", "") + &circuit("changed", ""),
    );
    let mut daemon = folder.serve(SERVE).await;
    let hold = json!({"kind": "forced_open", "reason": "new disk"});
    act(&daemon, "POST", "circuit-breakers/held/hold", hold).await;
    let over = json!({"settings": {"open_for": "33s"}, "reason": "try it"});
    act(&daemon, "PUT", "circuit-breakers/changed/override", over).await;
    act(
        &daemon,
        "POST",
        "main",
        json!({"state": "open", "reason": "a test"}),
    )
    .await;
    daemon = again(&folder, daemon, Signal::TERM).await;
    let said = history(&daemon).await;
    let count = |events: &[Value], kind: &str| {
        let of = |event: &&Value| event["kind"] == kind;
        events.iter().filter(of).count()
    };
    for kind in [
        "hold_set",
        "override_set",
        "settings_changed",
        "main_opened",
    ] {
        assert_eq!(count(&said, kind), 1, "{kind}: {said:#?}");
    }
    assert_eq!(count(&said, "restored"), 1, "{said:#?}");

    daemon = again(&folder, daemon, Signal::KILL).await;
    daemon = again(&folder, daemon, Signal::TERM).await;
    let after = history(&daemon).await;
    assert_eq!(&after[..said.len()], said);
    let more = &after[said.len()..];
    assert!(
        more.iter().all(|event| event["kind"] == "restored"),
        "{more:#?}"
    );
    let changed = daemon.circuit("changed").await;
    assert_eq!(changed["settings"]["open_for"], "33s");
    assert_eq!(changed["override"]["reason"], "try it");
}

#[tokio::test]
async fn an_opening_by_failures_survives_and_spares_the_upstream_of_the_next_process() {
    let (folder, upstream) = (Folder::new(), StandIn::start(Mode::Fail(500)).await);
    let breaker = "breaker = { consecutive_failures = 2, open_for = \"1h\" }\n";
    folder.write("fusebox.toml", rag(&upstream.url(), breaker));
    let daemon = folder.serve(SERVE).await;
    for _ in 0..2 {
        assert_eq!(daemon.get("/rag/x").await.status, 500);
    }
    // It is in the history once it is kept.
    let begun = tokio::time::Instant::now();
    let opened = loop {
        let path = "/api/v1/circuit-breakers/rag/events";
        let events = ask(daemon.admin, path).await.json();
        let all = events["events"].as_array().unwrap();
        if let Some(opened) = all.iter().find(|event| event["to"] == "open") {
            break opened.clone();
        }
        assert!(
            begun.elapsed() < BOUND,
            "not kept within the bound: {events}"
        );
    };
    let daemon = again(&folder, daemon, Signal::KILL).await;
    let rag = daemon.circuit("rag").await;
    assert_eq!(
        (&rag["state"], &rag["why"]["cause"]),
        (&json!("open"), &opened["cause"])
    );
    let answer = daemon.get("/rag/x").await;
    assert_eq!((answer.status, upstream.hits()), (503, 2));
    assert!(answer.header("retry-after").is_some());
}

#[tokio::test]
async fn a_second_daemon_on_the_same_folder_is_refused_until_the_first_has_gone() {
    let folder = Folder::new();
    folder.write("fusebox.toml", "");
    let daemon = folder.serve(SERVE).await;
    let all: Vec<&str> = ["serve"].iter().chain(SERVE).copied().collect();
    let ended = folder.run(&all).await;
    assert_eq!((ended.code, ended.out.len()), (Some(3), 0), "{ended:?}");
    let said = "fusebox: another fusebox uses the folder fusebox-data (server.data_dir); give each \
        its own";
    assert!(ended.err.iter().any(|line| line == said), "{ended:?}");
    again(&folder, daemon, Signal::KILL).await;
}

#[tokio::test]
async fn what_is_kept_is_for_its_owner_only() {
    let folder = Folder::new();
    folder.write("fusebox.toml", "");
    let _daemon = folder.serve(SERVE).await;
    let mode = |name: &str| folder.path(name).metadata().unwrap().permissions().mode() & 0o777;
    let modes = [
        "fusebox-data",
        "fusebox-data/state.db",
        "fusebox-data/state.lock",
    ]
    .map(mode);
    assert_eq!(modes, [0o700, 0o600, 0o600]);
}

#[tokio::test]
async fn a_store_that_is_damaged_or_cannot_be_made_keeps_the_daemon_from_starting() {
    let folder = Folder::new();
    let all: Vec<&str> = ["serve"].iter().chain(SERVE).copied().collect();
    folder.write("fusebox.toml", "[server]\ndata_dir = \"damaged\"\n");
    std::fs::create_dir(folder.path("damaged")).unwrap();
    folder.write(
        "damaged/state.db",
        "this is no database at all, but long enough to look",
    );
    let ended = folder.run(&all).await;
    assert_eq!((ended.code, ended.out.len()), (Some(2), 0), "{ended:?}");
    let said = "fusebox: the store cannot be used: damaged/state.db is damaged";
    assert!(
        ended.err.iter().any(|line| line.starts_with(said)),
        "{ended:?}"
    );

    std::fs::create_dir_all(folder.path("odd/state.lock")).unwrap();
    folder.write("fusebox.toml", "[server]\ndata_dir = \"odd\"\n");
    let ended = folder.run(&all).await;
    assert_eq!((ended.code, ended.out.len()), (Some(3), 0), "{ended:?}");
    let said = "fusebox: cannot use the folder odd (server.data_dir): ";
    assert!(
        ended.err.iter().any(|line| line.starts_with(said)),
        "{ended:?}"
    );
}

#[tokio::test]
async fn with_a_store_in_memory_nothing_is_written() {
    let folder = Folder::new();
    folder.write(
        "fusebox.toml",
        circuit("rag", "") + "[store]\nkind = \"memory\"\n",
    );
    let daemon = folder.serve(SERVE).await;
    let open = json!({"state": "open"});
    act(&daemon, "POST", "circuit-breakers/rag/force-state", open).await;
    let daemon = again(&folder, daemon, Signal::TERM).await;
    assert_eq!(daemon.circuit("rag").await["state"], "closed");
    assert!(!folder.path("fusebox-data").exists());
}
