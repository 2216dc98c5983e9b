//! Queues and dead letters from the command line, through a daemon and on a file.

use rustix::process::Signal;
use serde_json::{Value, json};

use super::{becomes, close, house, kept, open_house, post};
use crate::daemon::{Daemon, Ended, Folder};
use crate::stand_in::Mode;

async fn client(folder: &Folder, daemon: &Daemon, args: &[&str]) -> Ended {
    let url = format!("http://{}", daemon.admin);
    folder.run_with(args, &[("FUSEBOX_URL", &url)]).await
}

#[tokio::test]
async fn a_pause_stops_deliveries_and_no_call_that_the_circuit_admits() {
    let folder = Folder::new();
    let (daemon, upstream) = house(&folder, "").await;
    upstream.turn(Mode::Ok);
    let pause = ["queue", "pause", "rag", "--reason", "drill"];
    let paused = client(&folder, &daemon, &pause).await;
    // Whoever pauses is told what goes on, and what would stop it.
    let told = [
        "rag is paused (epoch 1): drill",
        "deliveries of what waits stop; calls that the circuit admits still pass \
         (`fusebox hold rag forced_open` stops those, too)",
    ];
    assert_eq!(
        (paused.code, &paused.out[..]),
        (Some(0), &told.map(str::to_owned)[..])
    );
    let live = post(&daemon, "till-1", "", "live").await;
    assert_eq!((live.status, upstream.hits()), (200, 1));

    let hold = ["hold", "rag", "forced_open", "--reason", "drill"];
    assert_eq!(client(&folder, &daemon, &hold).await.code, Some(0));
    let place = kept(&daemon, "till-1", "kept").await;
    let release = ["release", "rag"];
    assert_eq!(client(&folder, &daemon, &release).await.code, Some(0));
    close(&daemon).await;
    assert_eq!(post(&daemon, "till-1", "", "live").await.status, 200);
    assert_eq!(daemon.get(&place).await.json()["state"], "pending");
    let resumed = client(&folder, &daemon, &["queue", "resume", "rag"]).await;
    assert_eq!(resumed.out, ["rag is not paused (epoch 2)"]);
    becomes(&daemon, &place, "delivered").await;
    assert_eq!(upstream.hits(), 3);

    let all = ["queue", "pause", "*", "--reason", "drill"];
    let paused = client(&folder, &daemon, &all).await;
    assert_eq!(paused.out[0], "everything is paused (epoch 1): drill");
    assert!(paused.out[1].contains("(`fusebox main open`"), "{paused:?}");
    let resumed = client(&folder, &daemon, &["queue", "resume", "*"]).await;
    assert_eq!(resumed.out, ["everything is not paused (epoch 2)"]);
}

#[tokio::test]
async fn dead_letters_and_queues_are_looked_at_and_steered_from_the_command_line() {
    let folder = Folder::new();
    let (daemon, upstream) = open_house(&folder, "").await;
    let place = kept(&daemon, "till-1", "bad").await;
    upstream.turn(Mode::Fail(422));
    close(&daemon).await;
    let dead = becomes(&daemon, &place, "dead").await;
    assert_eq!(dead["response"]["status"], 422);
    let id = dead["id"].as_str().expect("an id");

    let list = client(&folder, &daemon, &["queue", "list"]).await;
    assert_eq!(list.code, Some(0), "{list:?}");
    assert!(
        list.out[1].starts_with("rag ") && list.out[1].contains(" 1 "),
        "{list:?}"
    );
    let letters = client(&folder, &daemon, &["dead", "list", "rag"]).await;
    assert!(
        letters.out[1].contains(id) && letters.out[1].contains("refused"),
        "{letters:?}"
    );
    let shown = client(&folder, &daemon, &["dead", "show", id])
        .await
        .out
        .join("\n");
    assert!(shown.contains("422") && shown.contains("bad"), "{shown}");

    let pause = ["queue", "pause", "rag", "--reason", "drill"];
    assert_eq!(client(&folder, &daemon, &pause).await.code, Some(0));
    let shown = client(&folder, &daemon, &["queue", "show", "rag"])
        .await
        .out
        .join("\n");
    assert!(shown.contains("drill (epoch 1)"), "{shown}");
    let stale = ["queue", "resume", "rag", "--epoch", "7"];
    assert_eq!(client(&folder, &daemon, &stale).await.code, Some(4));
    upstream.turn(Mode::Ok);
    let retried = client(&folder, &daemon, &["dead", "retry", id]).await;
    assert_eq!(retried.out, ["1 wait again"]);
    let resume = ["queue", "resume", "rag", "--epoch", "1", "--json"];
    let resumed = client(&folder, &daemon, &resume).await;
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    becomes(&daemon, &place, "delivered").await;
    for (wrong, code) in [
        (&["dead", "show", "x"][..], 2),
        (&["dead", "discard"], 2),
        (&["dead", "show", id], 4),
        (&["queue", "show", "none"], 4),
        (&["queue", "show", "a/b"], 2),
    ] {
        assert_eq!(
            client(&folder, &daemon, wrong).await.code,
            Some(code),
            "{wrong:?}"
        );
    }
    let unknown = "fusebox: 404 Unknown queue: there is no queue \"rga\"; there are: rag";
    for wrong in [
        &["dead", "list", "rga"][..],
        &["dead", "retry", "--queue", "rga"],
        &["dead", "discard", "--queue", "rga"],
        &["queue", "show", "rga"],
        &["queue", "pause", "rga", "--reason", "x"],
        &["queue", "resume", "rga"],
    ] {
        let ended = client(&folder, &daemon, wrong).await;
        assert_eq!((ended.code, ended.out.len()), (Some(4), 0), "{wrong:?}");
        assert_eq!(ended.err, [unknown], "{wrong:?}");
    }
    let none = ["dead", "discard", "--queue", "rag"];
    assert_eq!(client(&folder, &daemon, &none).await.out, ["0 are gone"]);
}

#[tokio::test]
async fn of_a_damaged_file_of_queues_is_written_out_what_can_be_read() {
    let folder = Folder::new();
    let (mut daemon, _upstream) = open_house(&folder, "").await;
    for body in ["the first one", "the second one", "the third one"] {
        kept(&daemon, "till-1", body).await;
    }
    daemon.process.signal(Signal::TERM);
    assert_eq!(daemon.process.end().await, Some(0));
    let file = folder.path("fusebox-data/queue.db");
    // From the log into the file itself.
    let database = rusqlite::Connection::open(&file).unwrap();
    database
        .pragma_update(None, "wal_checkpoint", "TRUNCATE")
        .unwrap();
    drop(database);
    let mut bytes = std::fs::read(&file).unwrap();
    let second = bytes.windows(10).position(|text| text == b"the second");
    bytes[second.unwrap()] = b'T';
    std::fs::write(&file, bytes).unwrap();
    let ended = folder.run(&["queue", "export"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let lines = ended.out.iter();
    let lines: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let bodies: Vec<_> = lines.iter().map(|line| line["body"].clone()).collect();
    assert_eq!(bodies, ["the first one", "", "the third one"]);
    let id = lines[1]["id"].as_str().unwrap();
    let told = format!("fusebox: cannot be read: the content of {id}: not as it was written");
    assert_eq!(ended.err, [told]);
}

#[tokio::test]
async fn a_file_of_queues_is_checked_and_written_out_while_it_is_used() {
    let folder = Folder::new();
    let (daemon, _upstream) = open_house(&folder, "").await;
    kept(&daemon, "till-1", "paid").await;
    let checked = folder.run(&["queue", "check"]).await;
    assert_eq!(
        (checked.code, checked.out),
        (Some(0), vec!["ok".to_owned()])
    );
    let exported = folder.run(&["queue", "export"]).await;
    assert_eq!((exported.code, exported.out.len()), (Some(0), 1));
    let line: Value = serde_json::from_str(&exported.out[0]).expect("JSON");
    assert_eq!(
        (&line["body"], &line["state"]),
        (&json!("paid"), &json!("pending"))
    );

    folder.write(
        "other.db",
        "not a database, but long enough to be looked at as one",
    );
    let other = folder.run(&["queue", "check", "other.db"]).await;
    assert_eq!(other.code, Some(2), "{other:?}");
    folder.write("empty.db", "");
    std::fs::create_dir(folder.path("folder.db")).unwrap();
    for (name, what) in [
        ("none.db", "there is no such file"),
        ("no/none.db", "there is no such file"),
        ("folder.db", "it is no file"),
        ("empty.db", "it is empty"),
    ] {
        let allowed = "; give the queue.db of a data folder, by default fusebox-data/queue.db";
        for command in ["check", "export"] {
            let ended = folder.run(&["queue", command, name]).await;
            assert_eq!((ended.code, ended.out.len()), (Some(2), 0), "{ended:?}");
            assert_eq!(ended.err, [format!("fusebox: {name}: {what}{allowed}")]);
        }
    }
    let made = |name: &str| folder.path(name).exists();
    assert!(!made("none.db") && !made("no"), "a look makes no file");
    let beside = std::fs::read_dir(folder.path("")).unwrap();
    let beside = beside.filter_map(Result::ok).map(|entry| entry.file_name());
    let beside: Vec<_> = beside.filter(|name| name != "fusebox-data").collect();
    assert_eq!(beside.len(), 4, "{beside:?}");
    // A second daemon in the same folder would be a second owner.
    let second = folder
        .run(&["serve", "fusebox.toml", "--listen", "127.0.0.1:0"])
        .await;
    assert_eq!(second.code, Some(3), "{second:?}");
    assert!(
        second.err[0].contains("queue.db is used by another process"),
        "{second:?}"
    );
}
