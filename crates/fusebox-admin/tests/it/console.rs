//! The page, as a browser gets it.

use axum::body::Body;
use axum::http::{StatusCode, header};
use fusebox_admin::{Grant, Role, Token, Tokens};

use super::asking::{Desk, from, request};

/// The addresses of script and style, as the page says them.
fn assets(page: &str) -> Vec<String> {
    let quoted = page.split('"').filter(|text| text.starts_with("assets/"));
    quoted.map(|text| format!("/{text}")).collect()
}

#[tokio::test]
async fn the_page_is_under_a_strict_policy_and_so_are_its_files() {
    let desk = Desk::new();
    let page = desk.get("/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(
        page.header(header::CONTENT_TYPE),
        "text/html; charset=utf-8"
    );
    assert_eq!(page.header(header::CACHE_CONTROL), "no-cache");
    let policy = page.header(header::CONTENT_SECURITY_POLICY);
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
    let assets = assets(&page.text);
    assert_eq!(assets.len(), 2, "{}", page.text);
    for path in &assets {
        let asset = desk.get(path).await;
        assert_eq!(asset.status, StatusCode::OK, "{path}");
        let kept = asset.header(header::CACHE_CONTROL);
        assert_eq!(kept, "public, max-age=31536000, immutable");
        assert_eq!(asset.header(header::CONTENT_SECURITY_POLICY), policy);
        assert!(!asset.text.is_empty());
    }
    desk.get("/assets/console-0.js").await.problem(404);
}

#[tokio::test]
async fn what_a_browser_has_is_not_sent_again() {
    let desk = Desk::new();
    let page = desk.get("/").await;
    let mut paths = assets(&page.text);
    paths.push("/".to_owned());
    for path in paths {
        let tag = desk.get(&path).await.header(header::ETAG).to_owned();
        for (sent, status) in [
            (tag.clone(), StatusCode::NOT_MODIFIED),
            (format!("\"a\", W/{tag}"), StatusCode::NOT_MODIFIED),
            ("\"a\"".to_owned(), StatusCode::OK),
        ] {
            let asked = request("GET", &path).header(header::IF_NONE_MATCH, sent);
            let answer = desk
                .send(asked.body(Body::empty()).expect("a request"))
                .await;
            assert_eq!(answer.status, status, "{path}");
            assert_eq!(answer.text.is_empty(), status == StatusCode::NOT_MODIFIED);
        }
    }
}

#[tokio::test]
async fn it_needs_no_token_and_tells_nothing_that_does() {
    let grant = Grant::new("anna", Role::Viewer);
    let (token, _) = Token::issue(grant).expect("a token");
    let desk = Desk::with(|admin| admin.tokens(Tokens::fixed([token])));
    let page = desk
        .send(from("203.0.113.7:4000", request("GET", "/")))
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.text.contains("rag"));
    for path in assets(&page.text) {
        let asset = desk
            .send(from("203.0.113.7:4000", request("GET", &path)))
            .await;
        assert_eq!(asset.status, StatusCode::OK);
    }
    desk.get("/api/v1/circuit-breakers").await.problem(401);
    desk.post("/", "{}").await.problem(405);
}
