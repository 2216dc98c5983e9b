//! Entries of the audit log, and who may read them.

use axum::body::Body;
use axum::http::{Request, header};
use fusebox_admin::{Grant, Role, Token, Tokens};
use fusebox_store::{Keeper, Memory};
use serde_json::{Value, json};

use super::stores::{Trouble, Troubled};
use super::{kept, kept_with};
use crate::asking::{Desk, from, instant, request};

const AUDIT: &str = "/api/v1/audit";
const RAG: &str = "/api/v1/circuit-breakers/rag";

/// All entries, the oldest first, once those that nobody waits for are there.
async fn entries(desk: &Desk, keeper: &Keeper) -> Vec<Value> {
    keeper.flushed().await.expect("memory always works");
    let list = desk.get(AUDIT).await.ok();
    let mut entries = list["entries"].as_array().expect("a list").clone();
    entries.reverse();
    entries
}

#[tokio::test]
async fn each_action_is_one_entry_with_what_was_before_and_what_is_after() {
    let (desk, keeper) = kept(Memory::new());
    let open = r#"{"state": "open", "reason": "deploy"}"#;
    desk.post(&format!("{RAG}/force-state"), open).await.ok();
    let hold = r#"{"kind": "disabled", "reason": "drill", "for": "10m"}"#;
    desk.post(&format!("{RAG}/hold"), hold).await.ok();
    desk.delete(&format!("{RAG}/hold")).await.ok();
    desk.post(&format!("{RAG}/reset"), "{}").await.ok();
    let main = r#"{"state": "open", "reason": "invoice"}"#;
    desk.post("/api/v1/main", main).await.ok();
    // To look is no action.
    desk.get(RAG).await.ok();
    desk.get(AUDIT).await.ok();

    let entries = entries(&desk, &keeper).await;
    let short: Vec<_> = entries
        .iter()
        .map(|e| json!([e["id"], e["action"], e["target"], e["why"]]))
        .collect();
    let expected = [
        json!([1, "force-state", "rag", "deploy"]),
        json!([2, "hold", "rag", "drill"]),
        json!([3, "release", "rag", null]),
        json!([4, "reset", "rag", null]),
        json!([5, "main", "main", "invoice"]),
    ];
    assert_eq!(short, expected);
    for entry in &entries {
        instant(&entry["at"]);
        assert_eq!(
            (&entry["who"], &entry["role"]),
            (&json!("local"), &json!("admin"))
        );
        assert_eq!(
            (&entry["from"], &entry["answer"]),
            (&json!("127.0.0.1"), &json!(200))
        );
        assert!(
            entry["request_id"]
                .as_str()
                .is_some_and(|id| !id.is_empty())
        );
        assert_eq!(entry["hash"].as_str().map(str::len), Some(64));
    }
    let state = |entry: &Value, when: &str| entry[when]["state"].clone();
    assert_eq!(state(&entries[0], "before"), "closed");
    assert_eq!(state(&entries[0], "after"), "open");
    assert_eq!(entries[1]["before"]["hold"], json!(null));
    assert_eq!(entries[1]["after"]["hold"]["kind"], "disabled");
    instant(&entries[1]["after"]["hold"]["until"]);
    assert_eq!(entries[2]["before"]["hold"]["reason"], "drill");
    assert_eq!(state(&entries[4], "before"), "closed");
    assert_eq!(entries[4]["after"]["reason"], "invoice");
    assert_eq!(
        entries[0]["before"].get("settings"),
        None,
        "they did not change"
    );
}

#[tokio::test]
async fn an_override_tells_the_settings_before_and_after_and_one_too_late_is_refused() {
    let (desk, keeper) = kept(Memory::new());
    let put = async |tag: Option<&str>, body: &str| -> u16 {
        let mut sent = request("PUT", &format!("{RAG}/override"));
        if let Some(tag) = tag {
            sent = sent.header(header::IF_MATCH, tag);
        }
        let sent = sent.body(Body::from(body.to_owned())).expect("a request");
        desk.send(sent).await.status.as_u16()
    };
    let slow = r#"{"settings": {"open_for": "90s", "backoff": 1.5}, "reason": "slow today"}"#;
    assert_eq!(put(None, slow).await, 200);
    assert_eq!(put(Some("\"of-yesterday\""), slow).await, 412);
    desk.delete(&format!("{RAG}/override")).await.ok();

    let entries = entries(&desk, &keeper).await;
    let short: Vec<_> = entries
        .iter()
        .map(|e| json!([e["action"], e["answer"], e["why"]]))
        .collect();
    let expected = [
        json!(["override", 200, "slow today"]),
        json!(["override", 412, "slow today"]),
        json!(["end-override", 200, null]),
    ];
    assert_eq!(short, expected);
    let (set, late, ended) = (&entries[0], &entries[1], &entries[2]);
    assert_eq!(set["before"]["settings"]["open_for"], "10s");
    assert_eq!(set["after"]["settings"]["open_for"], "90s");
    assert_eq!(set["before"]["override"], json!(null));
    assert_eq!(set["after"]["override"]["reason"], "slow today");
    assert_eq!(late["after"]["asked"]["settings"]["open_for"], "90s");
    assert_eq!(ended["before"]["override"]["author"], "local");
    assert_eq!(ended["after"]["settings"]["open_for"], "10s");
    assert_eq!(desk.get("/api/v1/audit/verify").await.ok()["holds"], true);
}

#[tokio::test]
async fn what_was_refused_is_an_entry_too_with_why_and_what_was_asked() {
    let (viewer, text) = Token::issue(Grant::new("eve", Role::Viewer)).expect("a token");
    let (admin, admins) = Token::issue(Grant::new("ada", Role::Admin)).expect("a token");
    let (desk, keeper) = kept_with(Memory::new(), |admin_desk| {
        admin_desk.tokens(Tokens::fixed([viewer, admin]))
    });
    let (eve, ada) = (Some(text.as_str()), Some(admins.as_str()));
    for (token, path, body, status) in [
        (None, "rag/hold", r#"{"kind": "disabled"}"#, 401),
        (Some("fbx_wrong"), "rag/hold", "{}", 401),
        (eve, "rag/hold", "{}", 403),
        (ada, "none/reset", "{}", 404),
        (
            ada,
            "rag/hold",
            r#"{"kind": "ajar", "reason": "x\ny"}"#,
            422,
        ),
        (
            ada,
            "rag/hold",
            r#"{"kind": "observe", "reason": "try"}"#,
            200,
        ),
        (
            ada,
            "rag/force-state",
            r#"{"state": "open", "reason": "now"}"#,
            409,
        ),
    ] {
        let path = format!("/api/v1/circuit-breakers/{path}");
        let mut sent = request("POST", &path).header("x-request-id", "r-1");
        if let Some(token) = token {
            sent = sent.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let sent = sent.body(Body::from(body)).expect("a request");
        assert_eq!(desk.send(sent).await.status, status, "{path} {body}");
    }

    keeper.flushed().await.expect("memory always works");
    let sent =
        request("GET", AUDIT).header(header::AUTHORIZATION, format!("Bearer {}", admins.as_str()));
    let list = desk.send(from("127.0.0.1:1", sent)).await.ok();
    let entries = list["entries"].as_array().expect("a list");
    let keys = ["answer", "who", "role", "target", "why"];
    let short = entries.iter().rev().map(|entry| {
        let mut short: Vec<_> = keys.iter().map(|key| entry[key].clone()).collect();
        short.push(entry["after"]["asked"].clone());
        Value::Array(short)
    });
    let short: Vec<_> = short.collect();
    let expected = [
        json!([401, "anonymous", "none", "rag", null, null]),
        json!([401, "anonymous", "none", "rag", null, null]),
        json!([403, "eve", "viewer", "rag", null, null]),
        json!([404, "ada", "admin", "none", null, null]),
        json!([422, "ada", "admin", "rag", "x\\u{a}y", { "kind": "ajar" }]),
        json!([200, "ada", "admin", "rag", "try", null]),
        json!([409, "ada", "admin", "rag", "now", { "state": "open" }]),
    ];
    assert_eq!(short, expected);
    for entry in entries.iter().filter(|entry| entry["answer"] != 200) {
        assert!(
            entry["after"]["refused"]
                .as_str()
                .is_some_and(|why| !why.is_empty())
        );
        assert_eq!(entry["request_id"], "r-1");
    }
}

#[tokio::test]
async fn strangers_cannot_fill_it() {
    let (desk, keeper) = kept_with(Memory::new(), |admin| admin.tokens(Tokens::fixed([])));
    let knock = |number: u32| {
        let sent = request("POST", "/api/v1/main").header(header::AUTHORIZATION, "Bearer x");
        from(&format!("10.0.{}.{}:1", number / 250, number % 250), sent)
    };
    for number in 0..500 {
        desk.send(knock(number)).await.problem(401);
    }
    desk.clock.advance(std::time::Duration::from_secs(60));
    desk.send(knock(501)).await.problem(401);
    keeper.flushed().await.expect("memory always works");
    let page = keeper
        .audit(fusebox_store::AuditQuery::default())
        .await
        .expect("a page");
    assert_eq!(page.items.len(), 61);
    assert_eq!(page.items[0].after["not_written_before"], 440);
}

#[tokio::test]
async fn it_is_paged_and_filtered() {
    let (desk, keeper) = kept(Memory::new());
    for number in 0..5 {
        let path = if number % 2 == 0 {
            RAG
        } else {
            "/api/v1/circuit-breakers/vms"
        };
        desk.post(&format!("{path}/reset"), "{}").await.ok();
    }
    desk.post("/api/v1/main", r#"{"state": "closed"}"#)
        .await
        .ok();
    keeper.flushed().await.expect("memory always works");
    let ids = async |query: &str| {
        let list = desk.get(&format!("{AUDIT}?{query}")).await.ok();
        let entries = list["entries"].as_array().expect("a list").iter();
        (
            entries
                .map(|e| e["id"].as_u64().expect("a number"))
                .collect::<Vec<_>>(),
            list["next"].clone(),
        )
    };
    assert_eq!(ids("limit=4").await, (vec![6, 5, 4, 3], json!("3")));
    assert_eq!(ids("limit=4&cursor=3").await, (vec![2, 1], json!(null)));
    assert_eq!(ids("target=vms").await, (vec![4, 2], json!(null)));
    assert_eq!(
        ids("action=reset&target=rag&limit=1").await,
        (vec![5], json!("5"))
    );
    assert_eq!(ids("who=nobody").await, (vec![], json!(null)));
    assert_eq!(ids("who=local&action=main").await.0, [6]);
    for bad in [
        "limit=0",
        "limit=1001",
        "cursor=x",
        "cursor=-1",
        "cursor=",
        "from=x",
        "who=a&who=b",
    ] {
        desk.get(&format!("{AUDIT}?{bad}")).await.problem(422);
    }
}

#[tokio::test]
async fn the_chain_holds_until_somebody_changes_an_entry() {
    let storage = Troubled::default();
    let (desk, _keeper) = kept(storage.clone());
    let verify = format!("{AUDIT}/verify");
    let empty = desk.get(&verify).await.ok();
    assert_eq!(
        (&empty["holds"], &empty["entries"]),
        (&json!(true), &json!(0))
    );
    for _ in 0..3 {
        desk.post(&format!("{RAG}/reset"), "{}").await.ok();
    }
    let whole = desk.get(&verify).await.ok();
    assert_eq!(
        (&whole["holds"], &whole["entries"]),
        (&json!(true), &json!(3))
    );
    assert_eq!(
        (&whole["first"], &whole["broken"]),
        (&json!(1), &json!(null))
    );
    let newest = desk.get(AUDIT).await.ok()["entries"][0]["hash"].clone();
    assert_eq!(whole["newest_hash"], newest);
    storage.set(Trouble::Forged);
    let forged = desk.get(&verify).await.ok();
    assert_eq!(
        (&forged["holds"], &forged["broken"]["id"]),
        (&json!(false), &json!(2))
    );
}

#[tokio::test]
async fn a_branch_is_named_with_its_circuit() {
    let (desk, keeper) = kept(Memory::new());
    let path = format!("{RAG}/branches/pos%0a7/reset");
    desk.post(&path, "{}").await.problem(404);
    let entries = entries(&desk, &keeper).await;
    assert_eq!(entries[0]["target"], "rag/pos\\u{a}7");
    assert_eq!(entries[0]["before"], json!(null));
}

#[tokio::test]
async fn it_is_for_administrators_of_all_circuits() {
    let grants = [
        (Grant::new("v", Role::Viewer), 403),
        (Grant::new("o", Role::Operator), 403),
        (Grant::new("s", Role::Admin).circuits(["rag"]), 403),
        (Grant::new("a", Role::Admin), 200),
    ];
    let issued = grants.map(|(grant, status)| (Token::issue(grant).expect("a token"), status));
    let tokens: Vec<_> = issued.iter().map(|((token, _), _)| token.clone()).collect();
    let (desk, _keeper) = kept_with(Memory::new(), |admin| admin.tokens(Tokens::fixed(tokens)));
    for ((_, text), status) in &issued {
        for path in [AUDIT, "/api/v1/audit/verify"] {
            let bearer = format!("Bearer {}", text.as_str());
            let sent: Request<Body> = from(
                "10.0.0.1:1",
                request("GET", path).header(header::AUTHORIZATION, bearer),
            );
            assert_eq!(desk.send(sent).await.status, *status, "{path}");
        }
    }
}
