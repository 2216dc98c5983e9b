//! The file of tokens and the header `Authorization`: nobody is let in but who holds a token of the
//! file, with its role, on its circuits.
//!
//! The input is the file; each line after a line `%authorization` is one such header.
#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;

use axum::body::Body;
use fusebox_admin::{Role, Token, Tokens, TokensError};
use fusebox_fuzz::{Host, split_at_line};
use http::{Request, StatusCode, header};
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};

fuzz_target!(|text: &str| {
    let (file, headers) = split_at_line(text, "%authorization");
    let path = path();
    replace(path, file);
    match Tokens::open(path) {
        Err(error) => {
            let shown = error.to_string();
            assert!(matches!(error, TokensError::Broken { .. }), "{shown}");
            assert!(!holds_token(&shown), "{shown:?}");
        }
        Ok(tokens) => {
            assert!(tokens.are_required());
            let tokens = tokens.list();
            let kept = serde_json::to_string(&tokens).expect("JSON");
            let read: Vec<Token> = serde_json::from_str(&kept).expect("tokens");
            // What was written by hand is finer than what is kept, so it is the text that stays.
            assert_eq!(serde_json::to_string(&read).expect("JSON"), kept);
            let headers: Vec<&str> = headers.lines().collect();
            only_who_may_is_let_in(&tokens, &headers);
        }
    }
});

fn only_who_may_is_let_in(tokens: &[Token], headers: &[&str]) {
    static HOST: OnceLock<Host> = OnceLock::new();
    // Follows the file as a daemon does.
    let host = HOST.get_or_init(|| Host::new(Some(Tokens::open(path()).expect("tokens"))));
    let ask = |request: http::request::Builder| {
        let put = |request: http::request::Builder, value: &&str| {
            request.header(header::AUTHORIZATION, *value)
        };
        let request = headers.iter().fold(request, put);
        let request = request.body(Body::empty()).ok()?;
        Some(host.ask(request).status)
    };
    let owner = owner(tokens, headers);
    let unknown = [StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS];
    let holds = |status: StatusCode, role: Role, name: Option<&str>| match owner {
        None => assert!(unknown.contains(&status), "{status} for {headers:?}"),
        Some(token) => {
            let may = token.role() >= role && name.is_none_or(|name| fits_one(token, name));
            let expected = if may {
                StatusCode::OK
            } else {
                StatusCode::FORBIDDEN
            };
            assert_eq!(status, expected, "{token:?}");
        }
    };
    let Some(status) = ask(Request::get("/api/v1/circuit-breakers")) else {
        return; // No header can hold this.
    };
    holds(status, Role::Viewer, None);
    for name in ["rag", "rag-backup", "ofd"] {
        let path = format!("/api/v1/circuit-breakers/{name}");
        let status = ask(Request::get(&path)).expect("a request");
        holds(status, Role::Viewer, Some(name));
        let status = ask(Request::post(format!("{path}/reset"))).expect("a request");
        holds(status, Role::Operator, Some(name));
    }
    assert_eq!(ask(Request::get("/livez")), Some(StatusCode::OK));
}

/// Whose token the one header shows, found in another way than the interface finds it.
fn owner<'t>(tokens: &'t [Token], headers: &[&str]) -> Option<&'t Token> {
    let [header] = headers else {
        return None;
    };
    let (scheme, text) = header.trim_matches([' ', '\t']).split_once(' ')?;
    let text = text.trim_matches(' ');
    if !scheme.eq_ignore_ascii_case("bearer") || !holds_token(text) || text.len() != 47 {
        return None;
    }
    let hash: String = Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let kept = |token: &&Token| serde_json::to_value(token).expect("JSON")["hash"] == *hash;
    // Of two with one hash the last counts.
    let token = tokens.iter().rfind(kept);
    token.filter(|token| !token.has_expired(SystemTime::now()))
}

fn fits_one(token: &Token, name: &str) -> bool {
    token.circuits().iter().any(|pattern| fits(pattern, name))
}

/// By trying everything; names are short.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(rest) => (0..=name.len()).any(|from| fits(rest, &name[from..])),
        None => match (pattern.chars().next(), name.chars().next()) {
            (None, None) => true,
            (Some(a), Some(b)) => a == b && fits(&pattern[1..], &name[1..]),
            _ => false,
        },
    }
}

/// The prefix, and as much after it as would help somebody to guess the rest.
fn holds_token(text: &str) -> bool {
    let of_it = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let mut parts = text
        .match_indices("fbx_")
        .map(|(at, prefix)| &text[at + prefix.len()..]);
    parts.any(|rest| rest.bytes().take_while(|byte| of_it(*byte)).count() >= 20)
}

/// One folder for a process, in memory where the system has such a place.
fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let memory = PathBuf::from("/dev/shm");
        let base = if memory.is_dir() {
            memory
        } else {
            std::env::temp_dir()
        };
        let folder = base.join(format!("fusebox-fuzz-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        folder.join("tokens.json")
    })
}

fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).expect("a file");
    let mut private = fs::metadata(&new).expect("a file").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut private, 0o600);
    fs::set_permissions(&new, private).expect("a file of its own");
    fs::rename(&new, path).expect("a file");
}
