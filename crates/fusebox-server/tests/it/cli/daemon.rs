//! Client commands against `fusebox serve`.

use serde_json::{Value, json};

use crate::daemon::{Daemon, Ended, Folder};
use crate::house::rag;

const SERVE: &[&str] = &[
    "fusebox.toml",
    "--listen",
    "127.0.0.1:0",
    "--admin",
    "127.0.0.1:0",
];

/// A daemon with the circuits `rag` and `vms`, and where commands are run.
pub(super) struct Desk {
    pub(super) folder: Folder,
    pub(super) daemon: Daemon,
}

impl Desk {
    pub(super) async fn new() -> Self {
        let folder = Folder::new();
        let both = rag("http://127.0.0.1:9", "priority = 1");
        let both = both.clone() + &both.replace("rag", "vms");
        folder.write("fusebox.toml", both);
        let daemon = folder.serve(SERVE).await;
        Self { folder, daemon }
    }

    pub(super) async fn run(&self, args: &[&str]) -> Ended {
        let url = format!("http://{}", self.daemon.admin);
        self.folder.run_with(args, &[("FUSEBOX_URL", &url)]).await
    }

    /// Runs a command that must succeed; what it printed.
    pub(super) async fn ok(&self, args: &[&str]) -> Vec<String> {
        let ended = self.run(args).await;
        assert_eq!((ended.code, &ended.err), (Some(0), &vec![]), "{args:?}");
        ended.out
    }

    /// The same with `--json`.
    pub(super) async fn json(&self, args: &[&str]) -> Value {
        let with_json = [args, &["--json"]].concat();
        let out = self.ok(&with_json).await.join("\n");
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
    }
}

/// The words of a line, with one blank between them.
pub(super) fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The line of a circuit's details that begins with this name.
fn line(out: &[String], name: &str) -> String {
    let line = out.iter().find(|line| line.starts_with(name));
    words(line.unwrap_or_else(|| panic!("no {name} in {out:#?}")))
}

#[tokio::test]
async fn status_is_a_table_without_escapes_and_the_api_s_own_json() {
    let desk = Desk::new().await;
    let out = desk.ok(&["status"]).await;
    assert_eq!(out.len(), 3, "{out:#?}");
    assert!(out[0].starts_with("CIRCUIT  STATE   SINCE"), "{out:#?}");
    assert!(words(&out[1]).starts_with("rag closed 2"), "{out:#?}");
    assert!(!out.concat().contains('\x1b'));
    let shown = desk.json(&["status"]).await;
    let names = [&shown["circuits"][0]["name"], &shown["circuits"][1]["name"]];
    assert_eq!(
        (names, &shown["next"]),
        ([&json!("rag"), &json!("vms")], &json!(null))
    );
    assert_eq!(
        desk.json(&["status", "rag"]).await,
        desk.daemon.circuit("rag").await
    );
}

#[tokio::test]
async fn open_and_close_move_the_circuit_once_and_show_it() {
    let desk = Desk::new().await;
    let out = desk.ok(&["open", "rag", "--reason", "disk is full"]).await;
    assert_eq!(line(&out, "state"), "state open");
    assert_eq!(line(&out, "hold"), "hold -");
    assert_eq!(desk.daemon.circuit("rag").await["state"], "open");
    assert_eq!(desk.daemon.circuit("vms").await["state"], "closed");
    let shown = desk.json(&["close", "rag"]).await;
    assert_eq!(
        (&shown["name"], &shown["state"]),
        (&json!("rag"), &json!("closed"))
    );
}

#[tokio::test]
async fn a_hold_stands_until_it_is_released_and_a_reset_leaves_it() {
    let desk = Desk::new().await;
    let hold = [
        "hold",
        "rag",
        "forced_open",
        "--reason",
        "new disk",
        "--for",
        "1h",
    ];
    let out = desk.ok(&hold).await;
    let hold = line(&out, "hold");
    assert!(
        hold.starts_with("hold forced_open until 2") && hold.ends_with(": new disk"),
        "{hold}"
    );
    desk.ok(&["reset", "rag"]).await;
    assert_eq!(
        desk.daemon.circuit("rag").await["hold"]["kind"],
        "forced_open"
    );
    let shown = desk.json(&["release", "rag"]).await;
    assert_eq!(
        (&shown["hold"], &shown["state"]),
        (&json!(null), &json!("half_open"))
    );
}

#[tokio::test]
async fn a_hold_may_last_for_days() {
    let desk = Desk::new().await;
    let hold = ["hold", "rag", "observe", "--reason", "x", "--for", "5d"];
    let held = desk.json(&hold).await["hold"].clone();
    let at = |key: &str| {
        let time = held[key].as_str().expect("a time");
        fusebox_store::parse_rfc3339(time).expect("a time")
    };
    let lasts = at("until").duration_since(at("since")).unwrap();
    assert_eq!(lasts.as_secs(), 5 * 24 * 3600);
}

#[tokio::test]
async fn the_main_breaker_is_turned_and_stands_above_the_status() {
    let desk = Desk::new().await;
    assert_eq!(desk.ok(&["main"]).await, ["main breaker  closed"]);
    desk.ok(&["main", "open", "--reason", "invoice dispute"])
        .await;
    let first = desk.ok(&["status"]).await.remove(0);
    assert!(
        first.starts_with("main breaker  open  since 2") && first.ends_with(": invoice dispute"),
        "{first}"
    );
    assert_eq!(desk.json(&["main", "close"]).await["state"], "closed");
}

#[tokio::test]
async fn what_the_daemon_refuses_ends_with_4_and_its_words() {
    let desk = Desk::new().await;
    let refused = async |args: &[&str], words: &str| {
        let ended = desk.run(args).await;
        assert_eq!(
            (ended.code, ended.out.len()),
            (Some(4), 0),
            "{args:?}: {ended:?}"
        );
        assert_eq!(ended.err, [words], "{args:?}");
    };
    let unknown = "fusebox: 404 Unknown circuit: there is no circuit named \"rga\" \
        (did you mean rag?)";
    refused(&["status", "rga"], unknown).await;
    refused(&["open", "rga"], unknown).await;
    let far = "fusebox: 404 Unknown circuit: there is no circuit named \"notifier\"";
    refused(&["reset", "notifier"], far).await;
    desk.ok(&["hold", "rag", "observe", "--reason", "looking"])
        .await;
    let ended = desk.run(&["open", "rag"]).await;
    assert_eq!(ended.code, Some(4));
    assert!(
        ended.err[0].starts_with("fusebox: 409 Not possible in this state: "),
        "{ended:?}"
    );
}

#[tokio::test]
async fn a_daemon_that_is_gone_ends_commands_with_3() {
    let mut desk = Desk::new().await;
    desk.daemon.process.signal(rustix::process::Signal::TERM);
    assert_eq!(desk.daemon.process.end().await, Some(0));
    let ended = desk.run(&["status"]).await;
    assert_eq!((ended.code, ended.out.len()), (Some(3), 0));
    let said = format!("fusebox: cannot reach http://{}: ", desk.daemon.admin);
    assert!(ended.err[0].starts_with(&said), "{ended:?}");
}
