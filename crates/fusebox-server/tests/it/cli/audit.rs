//! `fusebox audit`: who did what, and whether the log of it is whole.

use rustix::process::Signal;
use serde_json::json;

use super::daemon::{Desk, words};
use crate::stand_in::{Mode, StandIn, send};

#[tokio::test]
async fn every_action_is_listed_and_the_log_is_whole_also_after_kill_9() {
    let mut desk = Desk::new().await;
    desk.ok(&["open", "rag", "--reason", "a test"]).await;
    assert_eq!(desk.run(&["close", "rga"]).await.code, Some(4));
    // Waits for its entry, and with it for those before: a refusal does not wait for its own.
    desk.ok(&["main", "open"]).await;
    desk.daemon.process.signal(Signal::KILL);
    desk.daemon.process.end().await;
    let args = [
        "fusebox.toml",
        "--listen",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
    ];
    desk.daemon = desk.folder.serve(&args).await;

    let out = desk.ok(&["audit"]).await;
    let heads = "ID AT WHO ROLE FROM ACTION TARGET ANSWER WHY";
    assert_eq!((words(&out[0]).as_str(), out.len()), (heads, 4), "{out:#?}");
    assert!(
        words(&out[1]).contains(" local admin 127.0.0.1 "),
        "{out:#?}"
    );
    assert!(words(&out[2]).ends_with(" 404 -"), "{out:#?}");
    assert!(words(&out[3]).ends_with(" rag 200 a test"), "{out:#?}");
    let shown = desk.json(&["audit", "--limit", "1"]).await;
    assert_eq!(shown["entries"].as_array().unwrap().len(), 1);
    assert!(shown["next"].is_string(), "{shown}");

    let out = desk.ok(&["audit", "--verify"]).await;
    let hash = desk.json(&["audit"]).await["entries"][0]["hash"].clone();
    let said = format!("whole: 3 entries, newest hash {}", hash.as_str().unwrap());
    assert_eq!(out, [said]);
    let checked = desk.json(&["audit", "--verify"]).await;
    assert_eq!(
        (&checked["holds"], &checked["entries"]),
        (&json!(true), &json!(3))
    );
}

#[tokio::test]
async fn a_log_that_does_not_hold_ends_with_1() {
    let body = "{\"holds\": false, \"entries\": 3, \"first\": 1, \"newest_hash\": \"0\", \
        \"broken\": {\"id\": 2, \"why\": \"an entry is missing\"}}";
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
    let service = StandIn::start(Mode::Script(vec![send(&head), send(body)])).await;
    let (folder, url) = (crate::daemon::Folder::new(), service.url());
    let ended = folder
        .run_with(&["audit", "--verify"], &[("FUSEBOX_URL", &url)])
        .await;
    let said = "fusebox: the audit log is not whole: entry 2: an entry is missing";
    assert_eq!((ended.code, ended.out.len()), (Some(1), 0));
    assert_eq!(ended.err, [said]);
}
