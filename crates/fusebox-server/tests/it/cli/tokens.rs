//! `fusebox token`, and what a daemon then lets whom do.

use std::os::unix::fs::PermissionsExt;

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

/// Makes a token: its text.
async fn create(folder: &Folder, args: &[&str]) -> String {
    let ended = folder.run(&[&["token", "create"], args].concat()).await;
    assert_eq!((ended.code, ended.out.len()), (Some(0), 1), "{ended:?}");
    assert!(
        ended.out[0].starts_with("fbx_") && !ended.err.concat().contains("fbx_"),
        "{ended:?}"
    );
    ended.out[0].clone()
}

async fn list(folder: &Folder) -> Value {
    let ended = folder.run(&["token", "list", "--json"]).await;
    assert_eq!((ended.code, ended.err.len()), (Some(0), 0), "{ended:?}");
    serde_json::from_str(&ended.out[0]).unwrap()
}

#[tokio::test]
async fn a_token_is_printed_once_and_kept_in_the_folder_of_the_settings_as_a_hash() {
    let folder = Folder::new();
    folder.write(
        "fusebox.toml",
        "[server]\ndata_dir = \"kept/here\"\nadmin = \"0.0.0.0:1\"\n",
    );
    let make = [
        "--name",
        "ci",
        "--role",
        "operator",
        "--circuits",
        "rag*",
        "--expires",
        "90d",
    ];
    let text = create(&folder, &make).await;
    let file = folder.path("kept/here/tokens.json");
    assert!(!std::fs::read_to_string(&file).unwrap().contains(&text[4..]));
    let mode = |path: &str| folder.path(path).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(
        [mode("kept/here/tokens.json"), mode("kept/here")],
        [0o600, 0o700]
    );
    let listed = list(&folder).await["tokens"][0].clone();
    let fields = ["name", "role", "circuits"].map(|key| listed[key].clone());
    assert_eq!(fields, [json!("ci"), json!("operator"), json!(["rag*"])]);
    assert!(
        listed["expires"].is_string() && listed.get("hash").is_none(),
        "{listed}"
    );
    let shown = folder.run(&["token", "list"]).await;
    assert_eq!((shown.code, shown.out.len()), (Some(0), 2), "{shown:?}");
}

#[tokio::test]
async fn a_token_that_is_revoked_is_gone_and_one_that_is_not_there_ends_with_1() {
    let folder = Folder::new();
    let here = ["--data-dir", "d"];
    let run = async |args: &[&str]| folder.run(&[&["token"], args, &here].concat()).await;
    let made = run(&["create", "--name", "a", "--role", "viewer", "--json"]).await;
    let made: Value = serde_json::from_str(&made.out[0]).unwrap();
    assert!(
        made["token"].as_str().unwrap().starts_with("fbx_"),
        "{made}"
    );
    let id = made["id"].as_str().unwrap();
    assert_eq!(run(&["revoke", id]).await.code, Some(0));
    let again = run(&["revoke", id]).await;
    assert_eq!((again.code, again.err.len()), (Some(1), 1), "{again:?}");
    let none = run(&["list"]).await;
    assert_eq!(none.err, ["no tokens: nobody is let in"]);
    assert!(!folder.path("fusebox-data").exists());
}

#[tokio::test]
async fn a_token_that_cannot_be_is_refused_with_2() {
    let folder = Folder::new();
    for wrong in [
        &["--name", "a b", "--role", "viewer"][..],
        &["--name", "local", "--role", "viewer"],
        &["--name", "a", "--role", "root"],
        &["--name", "a", "--role", "viewer", "--circuits", "a/b"],
        &["--name", "a", "--role", "viewer", "--expires", "tomorrow"],
        &["--name", "a"],
    ] {
        let ended = folder.run(&[&["token", "create"], wrong].concat()).await;
        assert_eq!(
            (ended.code, ended.out.len()),
            (Some(2), 0),
            "{wrong:?}: {ended:?}"
        );
    }
    folder.write("fusebox.toml", "[server]\nlisten = 3\n");
    let ended = folder.run(&["token", "list"]).await;
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.err[0].starts_with("fusebox.toml:2:10: server.listen: "),
        "{ended:?}"
    );
}

/// Asks a daemon with a token.
async fn with(folder: &Folder, daemon: &Daemon, token: &str, args: &[&str]) -> Ended {
    let url = format!("http://{}", daemon.admin);
    let env = [("FUSEBOX_URL", url.as_str()), ("FUSEBOX_TOKEN", token)];
    let ended = folder.run_with(args, &env).await;
    let told = token.len() > 4 && ended.err.concat().contains(token);
    assert!(!told, "{ended:?}");
    ended
}

#[tokio::test]
async fn each_role_may_do_its_part_on_its_circuits_also_while_the_daemon_runs() {
    let folder = Folder::new();
    let both = rag("http://127.0.0.1:9", "");
    folder.write("fusebox.toml", both.clone() + &both.replace("rag", "vms"));
    let daemon = folder.serve(SERVE).await;
    let hold = ["hold", "rag", "observe", "--reason", "a look"];
    assert_eq!(with(&folder, &daemon, "", &["status"]).await.code, Some(0));

    let viewer = create(&folder, &["--name", "v", "--role", "viewer"]).await;
    let operator = create(&folder, &["--name", "o", "--role", "operator"]).await;
    let some = ["--name", "s", "--role", "operator", "--circuits", "vms"];
    let some = create(&folder, &some).await;
    let code = async |token: &str, args: &[&str]| with(&folder, &daemon, token, args).await.code;
    // From the first token on nobody goes without one.
    let ended = with(&folder, &daemon, "", &["status"]).await;
    assert_eq!(ended.code, Some(4));
    assert!(ended.err[0].starts_with("fusebox: 401 "), "{ended:?}");
    assert!(ended.err[0].contains("set FUSEBOX_TOKEN"), "{ended:?}");
    assert_eq!(code("fbx_guessed", &["status"]).await, Some(4));

    assert_eq!(code(&viewer, &["status", "rag"]).await, Some(0));
    assert_eq!(code(&viewer, &hold).await, Some(4));
    assert_eq!(code(&operator, &hold).await, Some(0));
    assert_eq!(code(&operator, &["release", "rag"]).await, Some(0));
    assert_eq!(code(&operator, &["main", "open"]).await, Some(0));
    assert_eq!(code(&operator, &["main", "close"]).await, Some(0));
    assert_eq!(code(&some, &hold).await, Some(4));
    assert_eq!(code(&some, &["main", "open"]).await, Some(4));
    assert_eq!(code(&some, &["open", "vms"]).await, Some(0));
    let seen = with(&folder, &daemon, &some, &["status"]).await;
    assert_eq!((seen.code, seen.out.len()), (Some(0), 2), "{seen:?}");

    let id = list(&folder).await["tokens"][1]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(folder.run(&["token", "revoke", &id]).await.code, Some(0));
    assert_eq!(code(&operator, &["status"]).await, Some(4));
    assert_eq!(code(&viewer, &["status"]).await, Some(0));
}
