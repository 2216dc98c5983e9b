//! Who the caller is told to be.

use axum::body::Body;
use axum::http::header;
use fusebox_admin::{Grant, Role, Token, Tokens};

use super::asking::{Desk, instant, request};

#[tokio::test]
async fn without_tokens_the_user_of_this_machine_may_everything() {
    let me = Desk::new().get("/api/v1/me").await.ok();
    assert_eq!(
        (&me["name"], &me["role"]),
        (&"local".into(), &"admin".into())
    );
    assert_eq!(me["circuits"], serde_json::json!(["*"]));
    instant(&me["time"]);
}

#[tokio::test]
async fn a_token_tells_its_name_its_role_and_its_circuits() {
    let grant = Grant::new("anna", Role::Operator).circuits(["rag-*"]);
    let (token, text) = Token::issue(grant).expect("a token");
    let desk = Desk::with(|admin| admin.tokens(Tokens::fixed([token])));
    let asked = request("GET", "/api/v1/me");
    let asked = asked.header(header::AUTHORIZATION, format!("Bearer {}", text.as_str()));
    let me = desk
        .send(asked.body(Body::empty()).expect("a request"))
        .await
        .ok();
    assert_eq!(
        (&me["name"], &me["role"]),
        (&"anna".into(), &"operator".into())
    );
    assert_eq!(me["circuits"], serde_json::json!(["rag-*"]));
    desk.get("/api/v1/me").await.problem(401);
}
