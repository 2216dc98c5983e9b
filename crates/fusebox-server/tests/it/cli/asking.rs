//! What commands send, and what they make of what comes back, whoever answers.

use axum::http::Uri;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::daemon::{Ended, Folder};
use crate::stand_in::{Mode, StandIn, send};

/// Asks a service that says `body` to everything.
async fn told(status: &str, body: &str, args: &[&str]) -> Ended {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    let answer = Mode::Script(vec![send(&head), send(body)]);
    let service = StandIn::start(answer).await;
    let url = service.url();
    Folder::new().run_with(args, &[("FUSEBOX_URL", &url)]).await
}

#[tokio::test]
async fn a_token_comes_from_the_environment_or_a_file_and_is_never_told() {
    let folder = Folder::new();
    folder.write("token", "fbx_from-file\n");
    let service = StandIn::start(Mode::Fail(401)).await;
    let url = service.url();
    for (more, sent) in [
        (&[][..], None),
        (&[("FUSEBOX_TOKEN", "")], None),
        (&[("FUSEBOX_TOKEN", "fbx_secret")], Some("fbx_secret")),
        (&[("FUSEBOX_TOKEN_FILE", "token")], Some("fbx_from-file")),
        (
            &[
                ("FUSEBOX_TOKEN", "fbx_secret"),
                ("FUSEBOX_TOKEN_FILE", "token"),
            ],
            Some("fbx_secret"),
        ),
    ] {
        let env = [&[("FUSEBOX_URL", url.as_str())], more].concat();
        let ended = folder.run_with(&["status"], &env).await;
        assert_eq!((ended.code, ended.out.len()), (Some(4), 0), "{ended:?}");
        let said = ended.err.join("\n");
        assert!(!said.contains("fbx_"), "{said}");
        assert_eq!(said.contains("no token was sent"), sent.is_none(), "{said}");
        let head = service.last_head().to_ascii_lowercase();
        let authorization = head
            .lines()
            .find_map(|line| line.strip_prefix("authorization: "));
        let expected = sent.map(|token| format!("bearer {token}"));
        assert_eq!(authorization, expected.as_deref());
    }
}

#[tokio::test]
async fn a_wrong_environment_ends_with_2_before_anybody_is_asked() {
    let folder = Folder::new();
    folder.write("words", "two words\n");
    folder.write("empty.pem", "");
    for (name, value, said) in [
        (
            "FUSEBOX_URL",
            "localhost:9797",
            "FUSEBOX_URL: must be a URL like \"http://rag:8000\"",
        ),
        (
            "FUSEBOX_URL",
            "http://me:secret@localhost",
            "FUSEBOX_URL: must be a URL without user name and password",
        ),
        ("FUSEBOX_TOKEN", "se cret", "FUSEBOX_TOKEN: holds no token"),
        (
            "FUSEBOX_TOKEN_FILE",
            "words",
            "FUSEBOX_TOKEN_FILE: words: holds no token",
        ),
        (
            "FUSEBOX_TOKEN_FILE",
            "nowhere",
            "FUSEBOX_TOKEN_FILE: nowhere: cannot be read: No such file or directory (os error 2)",
        ),
        (
            "FUSEBOX_CA_FILE",
            "empty.pem",
            "FUSEBOX_CA_FILE: empty.pem: holds no certificate in PEM",
        ),
    ] {
        let ended = folder.run_with(&["status"], &[(name, value)]).await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert_eq!(ended.err, [format!("fusebox: {said}")]);
    }
}

#[tokio::test]
async fn bad_usage_ends_with_2() {
    let folder = Folder::new();
    for bad in [
        &["open"][..],
        &["hold", "rag"],
        &["hold", "rag", "observe"],
        &["hold", "rag", "open", "--reason", "x"],
        &["hold", "rag", "observe", "--reason", "x", "--for", "1 hour"],
        &["hold", "rag", "observe", "--reason", "x", "--for", "0s"],
        &["status", "a/b"],
        &["status", "health"],
        &["main", "--reason", "x"],
        &["events", "export"],
        &["events", "export", "x"],
        &["events", "--limit", "0"],
        &["audit", "--verify", "--limit", "3"],
        &["completions", "cmd"],
    ] {
        let ended = folder.run(bad).await;
        assert_eq!(
            (ended.code, ended.out.len()),
            (Some(2), 0),
            "{bad:?}: {ended:?}"
        );
        assert!(!ended.err.is_empty(), "{bad:?}");
    }
}

#[tokio::test]
async fn what_a_terminal_would_obey_is_written_out_whoever_said_it() {
    let body = "{\"circuits\": [{\"name\": \"rag\", \"state\": \"open\", \
        \"totals\": {}, \"since\": \"\\u001b[2J\", \
        \"hold\": {\"kind\": \"observe\", \"reason\": \"\\u202e\\u009bx\"}}], \"next\": null}";
    for args in [&["status"][..], &["status", "--json"], &["status", "rag"]] {
        let ended = told("200 OK", body, args).await;
        let all = (ended.out.concat(), ended.err.concat());
        let harmful = |letter: char| letter.is_control() || letter == '\u{202e}';
        assert!(
            !all.0.contains(harmful) && !all.1.contains(harmful),
            "{all:?}"
        );
    }
    let problem = "{\"title\": \"No\\u001b]0;x\\u0007\", \"detail\": \"\\u009b2J\"}";
    let ended = told("403 Forbidden", problem, &["open", "rag"]).await;
    let said = r"fusebox: 403 No\u{1b}]0;x\u{7}: \u{9b}2J".to_owned();
    assert_eq!((ended.code, ended.err), (Some(4), vec![said]));
}

#[tokio::test]
async fn what_is_no_fusebox_is_told_with_what_it_lacks() {
    for body in ["", "null", "[1, 2]", "\"ok\"", "{}", "{\"circuits\": 3}"] {
        let ended = told("200 OK", body, &["status"]).await;
        assert_eq!((ended.code, ended.out.len()), (Some(3), 0), "{ended:?}");
        let said = "what answers there is no Fusebox";
        assert!(ended.err[0].contains(said), "{body}: {ended:?}");
    }
    let ended = told("200 OK", "{\"circuits\": [{\"name\": 3}]}", &["status"]).await;
    assert_eq!((ended.code, ended.out.len()), (Some(3), 0), "{ended:?}");
    let said = "what answers there is no Fusebox: it says no \"circuits.0.name\"";
    assert!(ended.err[0].contains(said), "{ended:?}");
    let ended = told("404 Not Found", "", &["status"]).await;
    assert_eq!(ended.code, Some(4));
    assert!(
        ended.err[0].contains("is a path missing in FUSEBOX_URL?"),
        "{ended:?}"
    );
    // A redirect is not followed: a token goes nowhere else.
    let ended = told("307 Temporary Redirect", "", &["status"]).await;
    assert_eq!(ended.code, Some(4), "{ended:?}");
}

#[tokio::test]
async fn pages_are_followed_to_the_end() {
    let page = |name: &str, next: Value| {
        let circuit = json!({"name": name, "state": "open", "totals": {}});
        json!({"circuits": [circuit], "next": next})
    };
    let list = move |uri: Uri| async move {
        Json(match uri.query() {
            Some("limit=1000") => page("a", json!("x&y")),
            Some("limit=1000&cursor=x%26y") => page("b", json!("b")),
            Some("limit=1000&cursor=b") => page("c", json!(null)),
            other => panic!("{other:?}"),
        })
    };
    let app = Router::new().route("/api/v1/circuit-breakers", axum::routing::get(list));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(async move { axum::serve(listener, app).await });
    let ended = Folder::new()
        .run_with(&["status", "--json"], &[("FUSEBOX_URL", &url)])
        .await;
    served.abort();
    assert_eq!((ended.code, ended.out.len()), (Some(0), 1), "{ended:?}");
    let all: Value = serde_json::from_str(&ended.out[0]).unwrap();
    let names = all["circuits"].as_array().unwrap().iter();
    let names: Vec<&str> = names
        .filter_map(|circuit| circuit["name"].as_str())
        .collect();
    assert_eq!((names, &all["next"]), (vec!["a", "b", "c"], &json!(null)));
}

#[tokio::test]
async fn completions_are_a_script_for_the_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = Folder::new().run(&["completions", shell]).await;
        assert_eq!((ended.code, ended.err.len()), (Some(0), 0), "{shell}");
        let script = ended.out.join("\n");
        assert!(
            script.contains("status") && script.contains("release"),
            "{shell}: {script}"
        );
    }
}
