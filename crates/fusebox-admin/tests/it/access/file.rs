//! `tokens.json`.

use std::fs;
use std::slice;
use std::time::{Duration, SystemTime};

use fusebox_admin::{Grant, Role, Tokens, TokensError};
use serde_json::{Value, json};

use super::Folder;

#[test]
fn a_token_is_shown_once_and_only_its_hash_is_kept() {
    let folder = Folder::new("hash");
    let path = folder.file("tokens.json");
    let tokens = Tokens::open(&path).expect("no file is no error");
    assert!(!tokens.are_required());
    let grant = Grant::new("ci", Role::Operator).circuits(["rag*"]);
    let (token, text) = tokens.create(grant).expect("a token");
    assert!(tokens.are_required());

    let kept = fs::read_to_string(&path).expect("the file");
    assert!(!kept.contains(&text.as_str()[4..]));
    let kept: Value = serde_json::from_str(&kept).expect("JSON");
    let kept = kept[0].as_object().expect("an object");
    let keys: Vec<_> = kept.keys().collect();
    assert_eq!(keys, ["id", "name", "role", "circuits", "created", "hash"]);
    assert_eq!(kept["id"], token.id());
    assert_eq!(
        (&kept["name"], &kept["role"]),
        (&json!("ci"), &json!("operator"))
    );
    assert_eq!(kept["circuits"], json!(["rag*"]));
    assert_eq!(kept["hash"].as_str().map(str::len), Some(64));

    assert_eq!(tokens.list(), slice::from_ref(&token));
    assert_eq!(Tokens::open(&path).expect("the file").list(), [token]);
}

#[test]
fn the_file_is_its_owner_s_alone_and_replaced_whole() {
    let folder = Folder::new("mode");
    let path = folder.file("tokens.json");
    let tokens = Tokens::open(&path).expect("no file");
    tokens
        .create(Grant::new("a", Role::Viewer))
        .expect("a token");
    // Left by a process that died.
    fs::write(folder.file("tokens.json.new"), "half").expect("a file");
    tokens
        .create(Grant::new("b", Role::Viewer))
        .expect("another");
    assert_eq!(tokens.list().len(), 2);
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["tokens.json", "tokens.json.lock"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&path).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_write_to_is_not_trusted() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("writable");
    let path = folder.file("tokens.json");
    let tokens = Tokens::open(&path).expect("no file");
    tokens
        .create(Grant::new("a", Role::Viewer))
        .expect("a token");
    for mode in [0o620, 0o602, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("ours");
        let refused = Tokens::open(&path).expect_err("not ours alone");
        assert_eq!(refused, TokensError::Writable { path: path.clone() });
        assert!(refused.to_string().contains("chmod 600"));
    }
    // Mounted secrets can often be read by others, which gives nobody a token.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("ours");
    assert_eq!(Tokens::open(&path).expect("the file").list().len(), 1);
}

#[test]
fn a_change_by_another_process_holds_at_once() {
    let folder = Folder::new("follows");
    let path = folder.file("tokens.json");
    let daemon = Tokens::open(&path).expect("no file");
    let command = Tokens::open(&path).expect("no file");
    let (first, _) = command
        .create(Grant::new("a", Role::Viewer))
        .expect("a token");
    assert_eq!(daemon.list(), slice::from_ref(&first));
    let (second, _) = command
        .create(Grant::new("a", Role::Admin))
        .expect("the same name");
    assert_eq!(daemon.list(), [first.clone(), second.clone()]);
    assert_eq!(command.revoke(first.id()).expect("it was there"), first);
    assert_eq!(daemon.list(), [second]);
    let gone = TokensError::Unknown(first.id().to_owned());
    assert_eq!(command.revoke(first.id()), Err(gone));
}

#[test]
fn two_processes_that_change_it_at_once_lose_nothing() {
    let folder = Folder::new("race");
    let path = folder.file("tokens.json");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let path = &path;
            scope.spawn(move || {
                let tokens = Tokens::open(path).expect("a file or none");
                for number in 0..5 {
                    let grant = Grant::new(format!("t{thread}-{number}"), Role::Viewer);
                    tokens.create(grant).expect("a token");
                }
            });
        }
    });
    assert_eq!(Tokens::open(&path).expect("the file").list().len(), 20);
}

#[test]
fn a_broken_file_keeps_the_tokens_of_before_and_is_told() {
    let folder = Folder::new("broken");
    let path = folder.file("tokens.json");
    let tokens = Tokens::open(&path).expect("no file");
    let (token, _) = tokens
        .create(Grant::new("a", Role::Viewer))
        .expect("a token");
    let right = fs::read(&path).expect("the file");
    for wrong in ["", "{", "{}", r#"[{"id": "x"}]"#, "[] x", "\u{0}"] {
        fs::write(&path, wrong).expect("ours");
        assert_eq!(tokens.list(), slice::from_ref(&token), "{wrong:?}");
        let trouble = tokens.trouble().expect("it is told");
        assert!(matches!(trouble, TokensError::Broken { .. }), "{trouble}");
        assert!(tokens.are_required());
        // Nobody writes over what somebody may be mending by hand.
        assert!(tokens.create(Grant::new("b", Role::Viewer)).is_err());
        assert_eq!(fs::read_to_string(&path).expect("the file"), wrong);
    }
    fs::remove_file(&path).expect("ours");
    assert_eq!(
        tokens.list(),
        slice::from_ref(&token),
        "nobody becomes admin by deleting a file"
    );
    assert!(tokens.trouble().is_some() && tokens.are_required());
    fs::write(&path, right).expect("ours");
    assert_eq!(tokens.list(), [token]);
    assert_eq!(tokens.trouble(), None);
}

#[test]
fn a_file_that_is_broken_from_the_start_is_an_error() {
    let folder = Folder::new("broken-start");
    let path = folder.file("tokens.json");
    let right = json!({"id": "0123abcd", "name": "a", "role": "viewer", "circuits": ["*"],
        "created": "2026-05-08T14:03:59Z", "hash": "0".repeat(64)});
    let changed = |key: &str, value: Value| {
        let mut token = right.clone();
        token[key] = value;
        json!([token]).to_string()
    };
    fs::write(&path, json!([right]).to_string()).expect("ours");
    assert!(Tokens::open(&path).is_ok());
    for (text, said) in [
        (
            changed("expire", json!("2026-05-08T14:03:59Z")),
            "unknown field `expire`",
        ),
        (changed("expires", json!("tomorrow")), "expires: not a time"),
        (changed("role", json!("root")), "unknown variant `root`"),
        (changed("name", json!("a b")), "name: letters"),
        (changed("name", json!("local")), "neither `local`"),
        (changed("circuits", json!([])), "1 to 64 patterns"),
        (changed("circuits", json!(["ä"])), "no pattern"),
        (changed("id", json!("../../x")), "id: not eight"),
        (changed("hash", json!("0".repeat(63))), "hash: not 64"),
        (changed("hash", json!("é".repeat(32))), "hash: not 64"),
        (json!([right, right]).to_string(), "twice"),
        (
            json!([right, right["hash"]]).to_string(),
            "not a list of tokens",
        ),
    ] {
        fs::write(&path, &text).expect("ours");
        let error = Tokens::open(&path).expect_err(&text).to_string();
        assert!(error.contains(said), "{error}");
        assert!(error.contains("tokens.json"), "{error}");
    }
    // A token that was pasted in instead of its hash is not repeated.
    let secret = format!("fbx_{}", "a".repeat(43));
    fs::write(&path, json!([secret]).to_string()).expect("ours");
    let error = Tokens::open(&path).expect_err("a text").to_string();
    assert!(!error.contains(&secret), "{error}");
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let folder = Folder::new("no-file");
    let error = Tokens::open(folder.path())
        .expect_err("a folder")
        .to_string();
    assert!(error.contains("no file"), "{error}");
    let missing = folder.file("none").join("tokens.json");
    let tokens = Tokens::open(missing).expect("no file");
    let error = tokens
        .create(Grant::new("a", Role::Viewer))
        .expect_err("no folder");
    assert!(matches!(error, TokensError::File { .. }), "{error}");
}

#[test]
fn a_grant_that_cannot_be_is_refused_and_nothing_is_written() {
    let folder = Folder::new("grant");
    let path = folder.file("tokens.json");
    let tokens = Tokens::open(&path).expect("no file");
    let viewer = |name: &str| Grant::new(name, Role::Viewer);
    let long = "x".repeat(101);
    let secret = format!("fbx_{}", "a".repeat(43));
    for (grant, field) in [
        (viewer(""), "name"),
        (viewer("a b"), "name"),
        (viewer("a\nb"), "name"),
        (viewer("local"), "name"),
        (viewer("anonymous"), "name"),
        (viewer(&long), "name"),
        (viewer(&secret), "name"),
        (viewer("a").circuits(["rag?"]), "circuits"),
        (viewer("a").circuits(Vec::<String>::new()), "circuits"),
    ] {
        let error = tokens.create(grant).expect_err("refused");
        assert!(
            matches!(error, TokensError::Grant { field: f, .. } if f == field),
            "{error}"
        );
    }
    assert!(!path.exists() && !tokens.are_required());
}

#[test]
fn expiry_is_kept_to_the_millisecond_and_begins_at_its_instant() {
    let folder = Folder::new("expiry");
    let tokens = Tokens::open(folder.file("tokens.json")).expect("no file");
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_800_000_000_123);
    let grant = Grant::new("a", Role::Viewer).expires(at);
    let (token, _) = tokens.create(grant).expect("a token");
    assert_eq!(token.expires(), Some(at));
    assert_eq!(tokens.list()[0].expires(), Some(at));
    assert!(!token.has_expired(at - Duration::from_millis(1)));
    assert!(token.has_expired(at));
}

#[test]
fn tokens_of_the_host_cannot_be_changed_here_and_none_means_nobody() {
    let none = Tokens::fixed([]);
    assert!(none.are_required());
    assert_eq!(none.revoke("x"), Err(TokensError::Fixed));
    let error = none
        .create(Grant::new("a", Role::Viewer))
        .expect_err("fixed");
    assert_eq!(error, TokensError::Fixed);
    assert_eq!(
        format!("{none:?}"),
        "Tokens { tokens: 0, are_required: true, .. }"
    );
}
