//! With tokens and without.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use fusebox_admin::{Grant, Role, Token, Tokens};
use tower::ServiceExt;

use super::Folder;
use crate::asking::{Desk, from, request};

const LIST: &str = "/api/v1/circuit-breakers";

#[tokio::test]
async fn without_tokens_only_peers_on_this_machine_are_let_in() {
    let desk = Desk::new();
    for (peer, expected) in [
        ("127.0.0.1:1", 200),
        ("127.9.9.9:1", 200),
        ("[::1]:1", 200),
        ("[::ffff:127.0.0.1]:1", 200),
        ("10.0.0.1:1", 403),
        ("0.0.0.0:1", 403),
        ("[::]:1", 403),
        ("[fe80::1]:1", 403),
        ("[::ffff:10.0.0.1]:1", 403),
        ("192.168.0.1:1", 403),
    ] {
        let answer = desk.send(from(peer, request("GET", LIST))).await;
        assert_eq!(answer.status, expected, "{peer}");
        if expected == 403 {
            let detail = answer.problem(403);
            for cure in ["fusebox token create", "loopback"] {
                assert!(detail.contains(cure), "{detail}");
            }
        }
        // Probes tell nothing that needs a token.
        for path in ["/livez", "/readyz", "/readyz?verbose"] {
            let probe = desk.send(from(peer, request("GET", path))).await;
            assert_ne!(probe.status, 403, "{peer} {path}");
        }
    }
}

#[tokio::test]
async fn a_peer_that_nobody_tells_is_not_on_this_machine() {
    let registry = fusebox::Registry::builder().build();
    let ask = |router: Router| async move {
        let sent = request("GET", LIST).body(Body::empty()).expect("a request");
        router.oneshot(sent).await.expect("an answer").status()
    };
    let router = fusebox_admin::router(&registry);
    assert_eq!(ask(router.clone()).await, 403);
    let told = axum::extract::connect_info::MockConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1)));
    assert_eq!(ask(router.layer(told)).await, 200);
}

#[tokio::test]
async fn what_a_proxy_passes_on_is_not_from_this_machine() {
    let desk = Desk::new();
    for name in ["forwarded", "x-forwarded-for", "x-real-ip", "via"] {
        let sent = request("GET", LIST).header(name, "127.0.0.1");
        desk.send(from("127.0.0.1:1", sent)).await.problem(403);
    }
    // And no header makes a stranger a neighbour.
    for name in [
        "x-forwarded-for",
        "x-real-ip",
        "x-forwarded-host",
        "client-ip",
    ] {
        let sent = request("GET", LIST).header(name, "127.0.0.1");
        desk.send(from("10.0.0.1:1", sent)).await.problem(403);
    }
}

#[tokio::test]
async fn with_tokens_everybody_needs_one_on_this_machine_too() {
    let (token, text) = Token::issue(Grant::new("ci", Role::Viewer)).expect("a token");
    let desk = Desk::with(|admin| admin.tokens(Tokens::fixed([token])));
    for peer in ["127.0.0.1:1", "10.0.0.1:1", "[2001:db8::1]:1"] {
        let answer = desk.send(from(peer, request("GET", LIST))).await;
        answer.problem(401);
        assert_eq!(answer.header(header::WWW_AUTHENTICATE), "Bearer");
        for scheme in ["Bearer", "bearer", "BEARER"] {
            let with = format!("{scheme} {}", text.as_str());
            // The name in Host is the reader's own business where a token is needed.
            let sent = Request::builder()
                .uri(LIST)
                .header(header::HOST, "fuse.example")
                .header(header::AUTHORIZATION, with);
            desk.send(from(peer, sent)).await.ok();
        }
        for path in ["/livez", "/readyz", "/"] {
            let probe = desk.send(from(peer, request("GET", path))).await;
            assert_ne!(probe.status, StatusCode::UNAUTHORIZED, "{path}");
        }
        for path in [
            "/health",
            "/metrics",
            "/openapi.json",
            "/nowhere",
            "/livez/",
        ] {
            let answer = desk.send(from(peer, request("GET", path))).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        }
    }
}

#[tokio::test]
async fn what_is_not_quite_a_token_is_none() {
    let (token, text) = Token::issue(Grant::new("ci", Role::Viewer)).expect("a token");
    let desk = Desk::with(|admin| admin.tokens(Tokens::fixed([token])));
    let text = text.as_str();
    for (number, value) in [
        text.to_owned(),
        format!("Basic {text}"),
        format!("Bearer{text}"),
        format!("Bearer {text}x"),
        format!("Bearer {}", &text[..46]),
        format!("Bearer {text},"),
        format!("Bearer \"{text}\""),
        format!("Bearer {text} {text}"),
        format!("Bearer {}", text.to_lowercase()),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        let sent = request("GET", LIST).header(header::AUTHORIZATION, &value);
        // Each from its own address, so that none is over the limit of wrong tokens.
        let answer = desk.send(from(&format!("10.0.0.{number}:1"), sent)).await;
        answer.problem(401);
        let challenge = answer.header(header::WWW_AUTHENTICATE);
        assert_eq!(challenge, "Bearer error=\"invalid_token\"");
    }
    let two = request("GET", LIST)
        .header(header::AUTHORIZATION, format!("Bearer {text}"))
        .header(header::AUTHORIZATION, format!("Bearer {text}"));
    desk.send(from("10.0.1.1:1", two)).await.problem(401);
}

#[tokio::test]
async fn expired_and_revoked_tokens_are_refused() {
    let folder = Folder::new("revoked");
    let tokens = Tokens::open(folder.file("tokens.json")).expect("no file");
    let desk = Desk::with(|admin| admin.tokens(tokens.clone()));
    // No file yet: this machine is let in without.
    desk.get(LIST).await.ok();
    let over = Grant::new("old", Role::Admin).expires(SystemTime::now());
    let (_, old) = tokens.create(over).expect("a token");
    let soon = SystemTime::now() + Duration::from_secs(3600);
    let (token, text) = tokens
        .create(Grant::new("new", Role::Admin).expires(soon))
        .expect("a token");
    desk.get(LIST).await.problem(401);
    let ask = |text: &str| {
        let sent = request("GET", LIST).header(header::AUTHORIZATION, format!("Bearer {text}"));
        from("127.0.0.1:1", sent)
    };
    desk.send(ask(old.as_str())).await.problem(401);
    desk.send(ask(text.as_str())).await.ok();
    tokens.revoke(token.id()).expect("it was there");
    desk.send(ask(text.as_str())).await.problem(401);
    // None that is valid is left, and still nobody comes in without.
    desk.get(LIST).await.problem(401);
}

#[tokio::test]
async fn the_router_finds_its_routes_under_a_prefix() {
    let (token, text) = Token::issue(Grant::new("ci", Role::Viewer)).expect("a token");
    let desk = Desk::with(|admin| admin.tokens(Tokens::fixed([token])));
    let app = Router::new()
        .nest("/livez", desk.router.clone())
        .nest("/a/{tenant}", desk.router.clone())
        .nest_service("/s", desk.router.clone());
    let ask = |method: &str, path: String, token: bool| {
        let mut sent = request(method, &path);
        if token {
            let value = format!("Bearer {}", text.as_str());
            sent = sent.header(header::AUTHORIZATION, value);
        }
        let local = SocketAddr::from(([127, 0, 0, 1], 1));
        let sent = sent.extension(ConnectInfo(local)).body(Body::empty());
        let app = app.clone();
        async move {
            let answer = app.oneshot(sent.expect("a request")).await;
            answer.expect("an answer").status().as_u16()
        }
    };
    for prefix in ["/livez", "/a/x", "/s"] {
        let path = |path: &str| format!("{prefix}{path}");
        assert_eq!(ask("GET", path("/livez"), false).await, 200, "{prefix}");
        assert_eq!(ask("GET", path("/metrics"), false).await, 401, "{prefix}");
        assert_eq!(ask("GET", path("/metrics"), true).await, 200, "{prefix}");
        let reset = path("/api/v1/circuit-breakers/rag/reset");
        assert_eq!(ask("POST", reset, true).await, 403, "{prefix}");
    }
    // The prefix itself is the console, and opens nothing that stands under it.
    assert_eq!(ask("GET", "/livez".to_owned(), false).await, 200);
    assert_eq!(ask("GET", "/livez/health".to_owned(), false).await, 401);
}

#[tokio::test]
async fn no_answer_ever_sets_a_cookie() {
    let desk = Desk::new();
    for path in ["/", "/livez", LIST, "/nowhere"] {
        let sent = request("GET", path).header(header::COOKIE, "token=fbx_x; session=1");
        let answer = desk.send(from("127.0.0.1:1", sent)).await;
        assert!(!answer.headers.contains_key(header::SET_COOKIE), "{path}");
    }
}
