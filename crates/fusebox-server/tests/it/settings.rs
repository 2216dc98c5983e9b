//! Settings as the command line takes them: `check`, `serve` before it starts, and exit codes.

use serde_json::{Value, json};

use crate::daemon::{Ended, Folder};

const GOOD: &str = "[circuits.rag]\nupstream = \"http://127.0.0.1:9\"\ntimeout = \"40s\"\n";
const WRONG: &str = "[circuits.rag]\nupstream = \"http://127.0.0.1:9\"\npriority = 9\n\
    [circuits.rag.breaker]\nopen_fro = \"60s\"\n";

fn said(code: i32, out: &[&str], err: &[&str]) -> Ended {
    let owned = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect();
    Ended {
        code: Some(code),
        out: owned(out),
        err: owned(err),
    }
}

#[tokio::test]
async fn a_wrong_file_ends_check_and_serve_with_2_and_every_mistake() {
    let folder = Folder::new();
    folder.write("wrong.toml", WRONG);
    let expected = said(
        2,
        &[],
        &[
            "wrong.toml:3:12: circuits.rag.priority: 9 is not allowed; \
             allowed is a whole number, 1 to 3",
            "wrong.toml:5:1: circuits.rag.breaker.open_fro: unknown key (did you mean open_for?)",
        ],
    );
    assert_eq!(folder.run(&["check", "wrong.toml"]).await, expected);
    assert_eq!(folder.run(&["serve", "wrong.toml"]).await, expected);
}

#[tokio::test]
async fn a_right_file_ends_check_with_0() {
    let folder = Folder::new();
    folder.write("good.toml", GOOD);
    assert_eq!(
        folder.run(&["check", "good.toml"]).await,
        said(0, &["good.toml: ok, 1 circuit"], &[])
    );
}

#[tokio::test]
async fn check_tells_json_about_right_and_wrong_files() {
    let folder = Folder::new();
    folder.write("good.toml", GOOD);
    folder.write("wrong.toml", WRONG);
    let good = folder.run(&["check", "good.toml", "--json"]).await;
    let shown: Value = serde_json::from_str(&good.out[0]).unwrap();
    assert_eq!((good.code, &shown["ok"]), (Some(0), &json!(true)));
    assert_eq!(
        shown["circuits"]["rag"]["breaker"]["half_open_timeout"],
        "45s"
    );

    let wrong = folder.run(&["check", "wrong.toml", "--json"]).await;
    let shown: Value = serde_json::from_str(&wrong.out[0]).unwrap();
    assert_eq!((wrong.code, wrong.err.len()), (Some(2), 0));
    let expected = json!({
        "place": "wrong.toml:5:1", "file": "wrong.toml", "line": 5, "column": 1, "variable": null,
        "field": "circuits.rag.breaker.open_fro", "message": "unknown key (did you mean open_for?)",
    });
    assert_eq!(
        (&shown["ok"], &shown["problems"][1]),
        (&json!(false), &expected)
    );
}

#[tokio::test]
async fn a_file_that_is_not_there_or_not_text_is_named() {
    let folder = Folder::new();
    let gone = "nowhere.toml: cannot be read: No such file or directory (os error 2)";
    assert_eq!(
        folder.run(&["check", "nowhere.toml"]).await,
        said(2, &[], &[gone])
    );
    assert_eq!(
        folder.run(&["serve", "nowhere.toml"]).await,
        said(2, &[], &[gone])
    );
    folder.write("latin.toml", b"# caf\xc3\xa9\n# caf\xe9\n");
    let latin = "latin.toml:2:6: is not UTF-8 text";
    assert_eq!(
        folder.run(&["check", "latin.toml"]).await,
        said(2, &[], &[latin])
    );
}

#[tokio::test]
async fn without_a_name_fusebox_toml_is_read_or_else_the_defaults_hold() {
    let folder = Folder::new();
    let defaults = said(
        0,
        &["built-in defaults, as there is no fusebox.toml here: ok, 0 circuits"],
        &[],
    );
    assert_eq!(folder.run(&["check"]).await, defaults);
    folder.write("fusebox.toml", GOOD);
    assert_eq!(
        folder.run(&["check"]).await,
        said(0, &["fusebox.toml: ok, 1 circuit"], &[])
    );
}

#[tokio::test]
async fn the_environment_is_laid_over_the_file() {
    let folder = Folder::new();
    folder.write("good.toml", GOOD);
    let check = ["check", "good.toml", "--json"];
    let open_for = [("FUSEBOX__CIRCUITS__RAG__BREAKER__OPEN_FOR", "61s")];
    let ended = folder.run_with(&check, &open_for).await;
    let shown: Value = serde_json::from_str(&ended.out[0]).unwrap();
    assert_eq!(shown["circuits"]["rag"]["breaker"]["open_for"], "61s");

    let slip = [("FUSEBOX__CIRCUITS__RAG__TIMEUOT", "1s")];
    let message = "FUSEBOX__CIRCUITS__RAG__TIMEUOT: names no setting \
        (did you mean FUSEBOX__CIRCUITS__RAG__TIMEOUT?)";
    assert_eq!(
        folder.run_with(&check[..2], &slip).await,
        said(2, &[], &[message])
    );
}

#[tokio::test]
async fn bad_usage_ends_with_2_and_help_with_0() {
    let folder = Folder::new();
    for bad in [
        &[][..],
        &["srve"],
        &["serve", "--prot", "1"],
        &["replay"],
        &["check", "a", "b"],
    ] {
        let ended = folder.run(bad).await;
        assert_eq!((ended.code, ended.out.len()), (Some(2), 0), "{bad:?}");
        assert!(!ended.err.is_empty(), "{bad:?}");
    }
    let help = folder.run(&["--help"]).await;
    assert_eq!((help.code, help.err.len()), (Some(0), 0));
    let commands: Vec<_> = [
        "serve",
        "check",
        "replay",
        "demo",
        "status",
        "open",
        "close",
        "hold",
        "release",
        "reset",
        "main",
        "events",
        "audit",
        "token",
        "completions",
    ]
    .map(|name| format!("  {name} "))
    .into();
    assert!(
        commands
            .iter()
            .all(|name| help.out.iter().any(|line| line.starts_with(name)))
    );
}

#[tokio::test]
async fn replay_ends_with_0_1_or_2() {
    let folder = Folder::new();
    let file = |state: &str| {
        json!({
            "id": "opens", "breaker": {"consecutive_failures": 1},
            "steps": [{"do": "call", "outcome": "failure", "expect": {"state": state}}],
        })
        .to_string()
    };
    folder.write("holds.json", file("open"));
    folder.write("fails.json", file("closed"));
    folder.write("bad.json", "{");
    for (name, code) in [("holds.json", 0), ("fails.json", 1), ("bad.json", 2)] {
        assert_eq!(
            folder.run(&["replay", name]).await.code,
            Some(code),
            "{name}"
        );
    }
    let all = folder
        .run(&["replay", "--json", "holds.json", "fails.json"])
        .await;
    let lines: Vec<Value> = all
        .out
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (&lines[0]["ok"], &lines[1]["ok"]),
        (&json!(true), &json!(false))
    );
}
