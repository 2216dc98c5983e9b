//! What holds for every command. The help is asked which there are, so that none is forgotten.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io;
use std::process::Stdio;

use axum::Router;
use axum::http::Uri;
use fusebox_queue::{NewMessage, QueueSettings, Queues};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, spawn_blocking};

use super::completions::commands;
use crate::daemon::{Ended, Folder};
use crate::house::BOUND;
use crate::stand_in::{Mode, StandIn, send};

/// Whom a command asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    /// A service, with the token of the environment.
    Service,
    /// Nobody.
    Nobody,
    /// Nobody, and what it says is talk.
    NobodyAndSaysNothing,
    /// It goes on until it is stopped.
    Runs,
}
use Asks::{Nobody, NobodyAndSaysNothing, Runs, Service};

const ID: &str = "018f4e9c-0000-7000-8000-000000000001";

/// Every command, by its words and what else it is given.
const EVERY: &[(&[&str], &[&str], Asks)] = &[
    (&["serve"], &[], Runs),
    (&["check"], &["fusebox.toml"], Nobody),
    (&["replay"], &["replay.json"], Nobody),
    (&["demo"], &["--once"], Runs),
    (&["status"], &[], Service),
    (&["status"], &["rag"], Service),
    (&["open"], &["rag"], Service),
    (&["close"], &["rag"], Service),
    (&["hold"], &["rag", "observe", "--reason", "x"], Service),
    (&["release"], &["rag"], Service),
    (&["reset"], &["rag"], Service),
    (&["main"], &[], Service),
    (&["main"], &["open", "--reason", "x"], Service),
    (&["events"], &[], Service),
    (&["events"], &["rag"], Service),
    (&["events", "export"], &["7"], Service),
    (&["audit"], &[], Service),
    (&["audit"], &["--verify"], Service),
    (&["dead", "list"], &[], Service),
    (&["dead", "show"], &[ID], Service),
    (&["dead", "retry"], &[ID], Service),
    (&["dead", "retry"], &["--queue", "rag"], Service),
    (&["dead", "discard"], &[ID], Service),
    (&["dead", "discard"], &["--queue", "rag"], Service),
    (&["queue", "list"], &[], Service),
    (&["queue", "show"], &["rag"], Service),
    (&["queue", "pause"], &["rag", "--reason", "x"], Service),
    (&["queue", "resume"], &["rag"], Service),
    (&["queue", "check"], &["queue.db"], Nobody),
    (&["queue", "export"], &["queue.db"], Nobody),
    (
        &["token", "create"],
        &["--name", "me", "--role", "viewer"],
        Nobody,
    ),
    (&["token", "list"], &[], Nobody),
    (&["token", "revoke"], &["first"], NobodyAndSaysNothing),
    (&["completions"], &["bash"], Nobody),
];

/// What a service answers: to each question what is asked for, and more.
async fn answer(uri: Uri) -> axum::Json<Value> {
    let path = uri.path();
    let circuit = json!({"name": "rag", "state": "open", "totals": {}});
    let queue = json!({"name": "rag", "messages": 1, "dead": 0});
    let pause = json!({"queue": "rag", "paused": true, "epoch": 1, "reason": "x", "by": "me"});
    let letter = json!({"id": ID, "queue": "rag", "state": "dead"});
    let event = json!({"id": 7, "at": "2026-01-01T00:00:00Z", "kind": "reset", "action": "x"});
    axum::Json(if path == "/api/v1/main" {
        json!({"state": "open", "since": null, "reason": null})
    } else if path.ends_with("/replay") {
        json!({"id": "x", "breaker": {}, "steps": []})
    } else if path.ends_with("/verify") {
        json!({"holds": true, "entries": 0, "newest_hash": "0"})
    } else if path.ends_with("/pause") || path.ends_with("/resume") {
        pause
    } else if path == "/api/v1/queues/rag" {
        queue
    } else if path == format!("/api/v1/dead-letters/{ID}") {
        letter
    } else if path.ends_with("/retry") || path.ends_with("/discard") {
        json!({"changed": 1})
    } else if path.starts_with("/api/v1/circuit-breakers/") && !path.ends_with("/events") {
        circuit
    } else {
        json!({"circuits": [circuit], "queues": [queue], "pauses": [pause], "messages": [letter],
            "events": [event], "entries": [event], "next": null})
    })
}

/// Where commands are run, with all the files that they take.
struct Place {
    folder: Folder,
    url: String,
    served: JoinHandle<()>,
}

impl Place {
    async fn new() -> Self {
        let folder = Folder::new();
        folder.write("fusebox.toml", crate::house::rag("http://127.0.0.1:9", ""));
        let replay = json!({"id": "x", "breaker": {"consecutive_failures": 2, "jitter": "0%"},
            "steps": [{"do": "call", "outcome": "failure", "expect": {"state": "closed"}}]});
        folder.write("replay.json", replay.to_string());
        let queues = Queues::open(folder.path("queue.db")).unwrap();
        let queue = queues.queue("rag", QueueSettings::default()).unwrap();
        queue.push(NewMessage::default()).await.unwrap();
        queues.close(BOUND).unwrap();
        let first = ["token", "create", "--name", "first", "--role", "viewer"];
        assert_eq!(folder.run(&first).await.code, Some(0));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(answer);
        let served = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            folder,
            url,
            served,
        }
    }

    /// Runs a command whose standard output is this.
    async fn run_to(&self, args: &[&str], out: Stdio) -> Ended {
        let mut command = self.folder.command(args);
        command.env("FUSEBOX_URL", &self.url).stdout(out);
        let ended = spawn_blocking(move || command.output())
            .await
            .unwrap()
            .unwrap();
        let lines = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            text.lines().map(str::to_owned).collect()
        };
        Ended {
            code: ended.status.code(),
            out: lines(&ended.stdout),
            err: lines(&ended.stderr),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.served.abort();
    }
}

/// Each command with all its words, and whether it asks a service.
fn that_answer() -> impl Iterator<Item = (Vec<&'static str>, bool)> {
    let answering = EVERY
        .iter()
        .filter(|(.., asks)| matches!(asks, Service | Nobody));
    answering.map(|(words, more, asks)| ([*words, *more].concat(), *asks == Service))
}

#[tokio::test]
async fn every_command_of_the_help_is_tried_here() {
    let folder = Folder::new();
    let mut there: BTreeSet<Vec<String>> = BTreeSet::new();
    let mut groups: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(group) = groups.pop() {
        let words: Vec<&str> = group.iter().map(String::as_str).collect();
        for name in commands(&folder, &words).await {
            let command = [&group[..], &[name]].concat();
            let words: Vec<&str> = command.iter().map(String::as_str).collect();
            let help = folder.run(&[&words[..], &["--help"]].concat()).await.out;
            let usage = help
                .iter()
                .find(|line| line.starts_with("Usage:"))
                .expect("a usage");
            if help.iter().any(|line| line == "Commands:") {
                groups.push(command.clone());
            }
            if !usage.ends_with("<COMMAND>") {
                there.insert(command);
            }
        }
    }
    let tried = EVERY
        .iter()
        .map(|(words, ..)| words.iter().map(|word| (*word).to_owned()));
    let tried: BTreeSet<Vec<String>> = tried.map(Iterator::collect).collect();
    assert_eq!(tried, there);
}

#[tokio::test]
async fn an_answer_is_written_and_ends_with_0_also_where_nobody_reads_on() {
    let place = Place::new().await;
    for (args, _) in that_answer() {
        let ended = place.run_to(&args, Stdio::piped()).await;
        assert_eq!(
            (ended.code, ended.err.len()),
            (
                Some(0),
                usize::from(args[0] == "token" && args[1] == "create")
            ),
            "{args:?}: {ended:?}"
        );
        assert!(!ended.out.is_empty(), "{args:?}");
        // As behind `| head -1`, when that has ended.
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let ended = place.run_to(&args, writer.into()).await;
        // `replay` then has no verdict on what it did not write.
        let code = if args[0] == "replay" { 2 } else { 0 };
        assert_eq!(ended.code, Some(code), "{args:?}: {ended:?}");
        assert!(!ended.err.concat().contains("write"), "{args:?}: {ended:?}");
    }
}

/// Where nothing can be written.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_answer_that_a_full_disk_does_not_take_is_an_error() {
    let place = Place::new().await;
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let help: &[&[&str]] = &[&["--help"], &["queue", "--help"], &["--version"], &["demo"]];
    let all = that_answer().map(|(args, _)| args);
    for args in all.chain(help.iter().map(|args| args.to_vec())) {
        let ended = place.run_to(&args, full().into()).await;
        assert!(matches!(ended.code, Some(2 | 3)), "{args:?}: {ended:?}");
        let said = ended.err.join("\n");
        assert!(
            said.contains("cannot write") && said.contains("No space left"),
            "{args:?}: {said}"
        );
    }
}

#[tokio::test]
async fn who_answers_something_else_is_no_fusebox() {
    let folder = Folder::new();
    for body in ["<html>ok</html>", "{\"status\": \"ok\"}"] {
        let length = body.len();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        let service = StandIn::start(Mode::Script(vec![send(&head), send(body)])).await;
        let url = service.url();
        for (args, _) in that_answer().filter(|(_, asks)| *asks) {
            let ended = folder.run_with(&args, &[("FUSEBOX_URL", &url)]).await;
            assert_eq!(
                (ended.code, ended.out.len()),
                (Some(3), 0),
                "{args:?} {body}: {ended:?}"
            );
            let said = "what answers there is no Fusebox: ";
            assert!(ended.err[0].contains(said), "{args:?} {body}: {ended:?}");
        }
    }
}
