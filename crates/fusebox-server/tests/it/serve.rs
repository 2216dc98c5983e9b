//! `fusebox serve` as a process: addresses, signals, reload and log.

use std::sync::Arc;

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::daemon::{Daemon, Folder, Process, ask};
use crate::house::{rag, until};
use crate::stand_in::{Mode, StandIn, Step, send};

const FREE: &[&str] = &[
    "fusebox.toml",
    "--listen",
    "127.0.0.1:0",
    "--admin",
    "127.0.0.1:0",
];

/// Opens after two failures and stays open.
const BREAKER: &str = "[circuits.rag.breaker]\nconsecutive_failures = 2\nopen_for = \"1h\"\n";

async fn start(folder: &Folder, upstream: &StandIn, more: &str) -> Daemon {
    folder.write("fusebox.toml", rag(&upstream.url(), more));
    folder.serve(FREE).await
}

async fn state(daemon: &Daemon, name: &str) -> Value {
    daemon.circuit(name).await["state"].clone()
}

async fn open(daemon: &Daemon) {
    for _ in 0..2 {
        assert_eq!(daemon.get("/rag/x").await.status, 500);
    }
    assert_eq!(state(daemon, "rag").await, "open");
}

#[tokio::test]
async fn it_tells_where_it_listens_and_ends_with_0_at_sigterm() {
    let (folder, upstream) = (Folder::new(), StandIn::start(Mode::Ok).await);
    let mut daemon = start(&folder, &upstream, "").await;
    assert!(daemon.gateway.port() != 0 && daemon.admin.port() != 0);
    assert_eq!(daemon.get("/rag/x").await.status, 200);
    assert_eq!(state(&daemon, "rag").await, "closed");
    daemon.process.signal(Signal::TERM);
    assert_eq!(daemon.process.end().await, Some(0));
    assert_eq!(daemon.process.out.rest().await, Vec::<String>::new());
}

#[tokio::test]
async fn it_tells_where_it_listens_as_one_object() {
    let folder = Folder::new();
    let args = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
        "--json",
    ];
    let mut process = Process::start(folder.command(&args));
    let told: Value = serde_json::from_str(&process.out.line().await).unwrap();
    for key in ["gateway", "admin"] {
        assert!(
            told[key].as_str().unwrap().starts_with("http://127.0.0.1:"),
            "{told}"
        );
    }
    process.signal(Signal::INT);
    assert_eq!(process.end().await, Some(0));
}

#[tokio::test]
async fn a_port_in_use_ends_it_with_3_and_says_which() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = (taken.local_addr().unwrap().to_string(), taken);
    for (flag, other, setting) in [
        ("--listen", "--admin", "server.listen"),
        ("--admin", "--listen", "server.admin"),
    ] {
        let ended = folder
            .run(&["serve", flag, &taken.0, other, "127.0.0.1:0"])
            .await;
        let address = &taken.0;
        let said = format!(
            "fusebox: cannot listen on {address} ({setting}): Address already in use (os error 98)"
        );
        assert_eq!(
            (ended.code, ended.out.len(), ended.err),
            (Some(3), 0, vec![said])
        );
    }
}

#[tokio::test]
async fn the_admin_api_is_refused_on_an_address_that_others_reach_until_there_are_tokens() {
    let folder = Folder::new();
    let open = ["serve", "--listen", "127.0.0.1:0", "--admin", "0.0.0.0:0"];
    let ended = folder.run(&open).await;
    assert_eq!((ended.code, ended.out.len()), (Some(2), 0));
    let said = &ended.err[0];
    assert!(
        said.starts_with("--admin: server.admin: \"0.0.0.0:0\" is not allowed"),
        "{said}"
    );
    let cure = "fusebox token create --name NAME --role admin";
    assert!(said.contains(cure), "{said}");
    assert!(
        !folder.path("fusebox-data").exists(),
        "a refused start leaves nothing behind"
    );

    let create: Vec<&str> = cure
        .replace("NAME", "me")
        .leak()
        .split(' ')
        .skip(1)
        .collect();
    assert_eq!(folder.run(&create).await.code, Some(0));
    let mut process = Process::start(folder.command(&open));
    assert!(
        process
            .out
            .line()
            .await
            .starts_with("gateway http://127.0.0.1:")
    );
    let admin = process.out.line().await;
    let port = admin
        .strip_prefix("admin http://0.0.0.0:")
        .unwrap_or_else(|| panic!("{admin}"));
    let mut warned = process.err.line().await;
    while !warned.contains("\"WARN\"") || !warned.contains("unencrypted") {
        warned = process.err.line().await;
    }
    let address = format!("127.0.0.1:{port}").parse().unwrap();
    assert_eq!(ask(address, "/api/v1/main").await.status, 401);
    assert_eq!(ask(address, "/livez").await.status, 200);
    process.signal(Signal::TERM);
    assert_eq!(process.end().await, Some(0));
}

#[tokio::test]
async fn a_transition_is_one_line_of_the_log_and_comes_without_traffic() {
    let (folder, upstream) = (Folder::new(), StandIn::start(Mode::Fail(500)).await);
    let breaker = BREAKER.replace("1h", "300ms") + "jitter = \"0%\"\n";
    let mut daemon = start(&folder, &upstream, &breaker).await;
    for _ in 0..2 {
        daemon.get("/rag/x").await;
    }
    let opened = daemon.logged("transition").await;
    let fields = ["circuit", "from", "to", "cause", "open_for"].map(|key| opened[key].clone());
    assert_eq!(
        fields,
        ["rag", "closed", "open", "consecutive_failures", "300ms"].map(Value::from)
    );
    assert_eq!(
        opened["evidence"],
        "2 failures in a row, the last one by status"
    );
    let due = daemon.logged("transition").await;
    assert_eq!(
        (&due["to"], &due["cause"]),
        (&json!("half_open"), &json!("open_time_over"))
    );
    assert_eq!(upstream.hits(), 2);
}

#[tokio::test]
async fn sighup_reloads_and_circuits_keep_their_state() {
    let (folder, upstream) = (Folder::new(), StandIn::start(Mode::Fail(500)).await);
    let mut daemon = start(&folder, &upstream, BREAKER).await;
    open(&daemon).await;
    let more = rag(&upstream.url(), &format!("timeout = \"3s\"\n{BREAKER}"));
    let new = rag(&upstream.url(), "").replace("rag", "new");
    folder.write("fusebox.toml", format!("{more}{new}"));
    daemon.process.signal(Signal::HUP);
    let line = daemon.logged("reloaded").await;
    assert_eq!(
        [&line["added"], &line["changed"], &line["removed"]],
        ["new", "rag", ""]
    );
    assert_eq!(
        (state(&daemon, "rag").await, state(&daemon, "new").await),
        (json!("open"), json!("closed"))
    );
    assert_eq!(daemon.get("/rag/x").await.status, 503);
    assert_eq!(daemon.get("/new/x").await.status, 500);
}

#[tokio::test]
async fn a_change_of_the_file_reloads_however_it_is_made() {
    let (folder, upstream) = (Folder::new(), StandIn::start(Mode::Ok).await);
    let named = |name: &str| rag(&upstream.url(), "").replace("rag", name);
    // As a mounted volume has it: the file is a link into a folder that is itself a link.
    for version in ["1", "2"] {
        std::fs::create_dir(folder.path(version)).unwrap();
        folder.write(
            &format!("{version}/fusebox.toml"),
            named(&format!("v{version}")),
        );
    }
    std::os::unix::fs::symlink("1", folder.path("data")).unwrap();
    std::os::unix::fs::symlink("data/fusebox.toml", folder.path("fusebox.toml")).unwrap();
    let mut daemon = folder.serve(FREE).await;
    assert_eq!(state(&daemon, "v1").await, "closed");

    std::os::unix::fs::symlink("2", folder.path("next")).unwrap();
    std::fs::rename(folder.path("next"), folder.path("data")).unwrap();
    let line = daemon.logged("reloaded").await;
    let fields = [&line["why"], &line["added"], &line["removed"]];
    assert_eq!(fields, ["the file changed", "v2", "v1"]);

    folder.write("other.toml", named("v3"));
    std::fs::rename(folder.path("other.toml"), folder.path("fusebox.toml")).unwrap();
    assert_eq!(daemon.logged("reloaded").await["added"], "v3");
    folder.write("fusebox.toml", named("v4"));
    assert_eq!(daemon.logged("reloaded").await["added"], "v4");
    assert_eq!(daemon.get("/v4/x").await.status, 200);
    assert_eq!(daemon.get("/v1/x").await.status, 404);
}

#[tokio::test]
async fn a_wrong_file_changes_nothing_and_is_told_in_the_log() {
    let (folder, upstream) = (Folder::new(), StandIn::start(Mode::Fail(500)).await);
    let mut daemon = start(&folder, &upstream, BREAKER).await;
    open(&daemon).await;
    folder.write("fusebox.toml", rag(&upstream.url(), "timeout = 3"));
    daemon.process.signal(Signal::HUP);
    let line = daemon.logged("settings refused").await;
    assert!(
        line["problem"]
            .as_str()
            .unwrap()
            .starts_with("fusebox.toml:3:11: circuits.rag.timeout: 3")
    );
    daemon
        .logged("not reloaded: the settings before stay in force")
        .await;
    assert_eq!(state(&daemon, "rag").await, "open");
    std::fs::remove_file(folder.path("fusebox.toml")).unwrap();
    let line = daemon.logged("settings refused").await;
    assert!(
        line["problem"]
            .as_str()
            .unwrap()
            .starts_with("fusebox.toml: cannot be read")
    );
    assert_eq!(state(&daemon, "rag").await, "open");
}

#[tokio::test]
async fn how_the_last_reload_went_is_in_the_metrics_under_the_names_of_the_settings() {
    let (folder, upstream) = (Folder::new(), StandIn::start(Mode::Ok).await);
    let names = "[metrics]\nnames = \"enhanced\"\n";
    let mut daemon = start(&folder, &upstream, names).await;
    let admin = daemon.admin;
    let metrics = async || ask(admin, "/metrics").await.body;
    let text = metrics().await;
    assert!(
        text.contains("\nfusebox_config_last_reload_success 1\n"),
        "{text}"
    );
    assert!(text.contains("\nfusebox_store_healthy 1\n"), "{text}");
    assert!(text.contains("\nenhanced_circuit_breaker_state{"), "{text}");
    assert!(!text.contains("\ncircuit_breaker_"), "{text}");
    folder.write("fusebox.toml", "wrong");
    daemon.process.signal(Signal::HUP);
    daemon
        .logged("not reloaded: the settings before stay in force")
        .await;
    let text = metrics().await;
    assert!(
        text.contains("\nfusebox_config_last_reload_success 0\n"),
        "{text}"
    );
}

#[tokio::test]
async fn a_change_of_an_address_is_said_to_need_a_restart() {
    let (folder, upstream) = (Folder::new(), StandIn::start(Mode::Ok).await);
    let server = "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n";
    folder.write(
        "fusebox.toml",
        format!("{server}{}", rag(&upstream.url(), "")),
    );
    let mut daemon = folder.serve(&["fusebox.toml"]).await;
    let other = server.replacen("127.0.0.1:0", "127.0.0.2:0", 1);
    folder.write(
        "fusebox.toml",
        format!("{other}{}", rag(&upstream.url(), "")),
    );
    daemon.process.signal(Signal::HUP);
    let line = daemon
        .logged("a change of this setting needs a restart")
        .await;
    assert_eq!(line["setting"], "server.listen");
    assert_eq!(daemon.get("/rag/x").await.status, 200);
}

#[tokio::test]
async fn a_call_under_way_is_finished_before_the_end() {
    let finish = Arc::new(Notify::new());
    let answer = send("HTTP/1.1 200 X\r\ncontent-length: 4\r\n\r\ndone");
    let steps = vec![Step::Wait(Arc::clone(&finish)), answer];
    let (folder, upstream) = (Folder::new(), StandIn::start(Mode::Script(steps)).await);
    let mut daemon = start(&folder, &upstream, "").await;
    let gateway = daemon.gateway;
    let call = tokio::spawn(async move { ask(gateway, "/rag/x").await });
    until("the call is under way", || upstream.hits() == 1).await;
    daemon.process.signal(Signal::TERM);
    daemon.logged("draining").await;
    finish.notify_one();
    let answer = call.await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "done"));
    assert_eq!(daemon.process.end().await, Some(0));
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let (folder, upstream) = (Folder::new(), StandIn::start(Mode::Hang).await);
    let mut daemon = start(&folder, &upstream, "timeout = \"10m\"").await;
    let gateway = daemon.gateway;
    let call = tokio::spawn(async move { ask(gateway, "/rag/x").await });
    until("the call is under way", || upstream.hits() == 1).await;
    daemon.process.signal(Signal::TERM);
    daemon.logged("draining").await;
    daemon.process.signal(Signal::TERM);
    // Well below the 30 s that a drain may take.
    assert_eq!(daemon.process.end().await, Some(0));
    call.abort();
}
