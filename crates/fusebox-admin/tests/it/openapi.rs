//! The document of the interface.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};

use super::asking::{Desk, request};
use super::conforming::template;

/// Every route, for who reads this test: a route that comes or goes is seen here.
const ROUTES: &[(&str, &str)] = &[
    ("/", "get"),
    ("/assets/{file}", "get"),
    ("/livez", "get"),
    ("/readyz", "get"),
    ("/health", "get"),
    ("/metrics", "get"),
    ("/openapi.json", "get"),
    ("/api/v1/me", "get"),
    ("/api/v1/activity", "get"),
    ("/api/v1/circuit-breakers/{name}/activity", "get"),
    ("/api/v1/circuit-breakers", "get"),
    ("/api/v1/circuit-breakers/health", "get"),
    ("/api/v1/circuit-breakers/stream", "get"),
    ("/api/v1/circuit-breakers/{name}", "get"),
    ("/api/v1/circuit-breakers/{name}/force-state", "post"),
    ("/api/v1/circuit-breakers/{name}/hold", "post delete"),
    ("/api/v1/circuit-breakers/{name}/reset", "post"),
    ("/api/v1/circuit-breakers/{name}/branches", "get"),
    ("/api/v1/circuit-breakers/{name}/branches/{key}", "get"),
    (
        "/api/v1/circuit-breakers/{name}/branches/{key}/force-state",
        "post",
    ),
    (
        "/api/v1/circuit-breakers/{name}/branches/{key}/hold",
        "post delete",
    ),
    (
        "/api/v1/circuit-breakers/{name}/branches/{key}/reset",
        "post",
    ),
    ("/api/v1/circuit-breakers/{name}/dry-run", "post"),
    ("/api/v1/circuit-breakers/{name}/override", "get put delete"),
    ("/api/v1/circuit-breakers/{name}/events", "get"),
    ("/api/v1/events", "get"),
    ("/api/v1/events/{id}", "get"),
    ("/api/v1/events/{id}/replay", "get"),
    ("/api/v1/audit", "get"),
    ("/api/v1/audit/verify", "get"),
    ("/api/v1/main", "get post"),
    ("/api/v1/queues", "get"),
    ("/api/v1/queues/{queue}", "get"),
    ("/api/v1/queues/{queue}/messages", "get"),
    ("/api/v1/queues/{queue}/pauses", "get"),
    ("/api/v1/queues/{queue}/pause", "post"),
    ("/api/v1/queues/{queue}/resume", "post"),
    ("/api/v1/messages/{id}", "get"),
    ("/api/v1/dead-letters", "get"),
    ("/api/v1/dead-letters/{id}", "get"),
    ("/api/v1/dead-letters/{id}/retry", "post"),
    ("/api/v1/dead-letters/{id}/discard", "post"),
    ("/api/v1/dead-letters/retry", "post"),
    ("/api/v1/dead-letters/discard", "post"),
];

async fn document(desk: &Desk) -> Value {
    desk.get("/openapi.json").await.ok()
}

fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let methods = paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().expect("methods");
        item.iter()
            .map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    });
    methods.collect()
}

#[tokio::test]
async fn the_document_has_these_routes_and_no_other() {
    let document = document(&Desk::new()).await;
    assert_eq!(document["openapi"], "3.1.0");
    let told: BTreeSet<_> = operations(&document)
        .into_iter()
        .map(|(path, method, _)| (path, method))
        .collect();
    let expected: BTreeSet<_> = ROUTES
        .iter()
        .flat_map(|(path, methods)| methods.split(' ').map(|method| (*path, method)))
        .collect();
    assert_eq!(told, expected);
}

/// With `Allow` the router itself says which methods a path takes.
#[tokio::test]
async fn the_router_takes_what_the_document_says_and_nothing_else() {
    let desk = Desk::new();
    let document = document(&desk).await;
    for (path, item) in document["paths"].as_object().expect("paths") {
        let real = path
            .replace("{name}", "rag")
            .replace("{key}", "t0")
            .replace("{file}", "x.js")
            .replace("{id}", "1");
        assert_eq!(template(&document, &real).as_ref(), Some(path));
        let asked = request("OPTIONS", &real)
            .body(Body::empty())
            .expect("a request");
        let answer = desk.send(asked).await;
        assert_eq!(answer.status, 405, "{path}");
        let allowed = answer.header(axum::http::header::ALLOW);
        let allowed: BTreeSet<_> = allowed.split(',').filter(|word| *word != "HEAD").collect();
        let told = item.as_object().expect("methods").keys();
        let told: Vec<_> = told.map(|method| method.to_uppercase()).collect();
        assert_eq!(allowed, told.iter().map(String::as_str).collect(), "{path}");
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_every_schema_is_used() {
    let document = document(&Desk::new()).await;
    let mut used = BTreeSet::new();
    collect_references(&document, &mut used);
    for reference in &used {
        let pointer = reference.strip_prefix('#').expect("within the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    for name in document["components"]["schemas"]
        .as_object()
        .expect("schemas")
        .keys()
    {
        assert!(
            used.contains(&format!("#/components/schemas/{name}")),
            "{name}"
        );
    }
}

fn collect_references(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(to) = fields.get("$ref").and_then(Value::as_str) {
                into.insert(to.to_owned());
            }
            fields
                .values()
                .for_each(|field| collect_references(field, into));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, into)),
        _ => {}
    }
}

#[tokio::test]
async fn operations_are_named_once_and_say_what_they_are() {
    let document = document(&Desk::new()).await;
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let id = operation["operationId"].as_str().expect("an id");
        assert!(ids.insert(id.to_owned()), "{id} twice");
        for told in [&operation["summary"], &operation["tags"][0]] {
            assert!(
                told.as_str().is_some_and(|text| !text.is_empty()),
                "{method} {path}"
            );
        }
        for (status, response) in operation["responses"].as_object().expect("responses") {
            let is_problem = response["$ref"] == "#/components/responses/Problem"
                || response["content"]
                    .get("application/problem+json")
                    .is_some();
            let is_error = status.starts_with('4');
            assert!(is_problem || !is_error, "{method} {path} {status}");
        }
    }
}

#[tokio::test]
async fn servers_are_relative_and_tokens_are_bearers() {
    let document = document(&Desk::new()).await;
    assert_eq!(document["servers"], json!([{"url": "."}]));
    let bearer = &document["components"]["securitySchemes"]["bearer"];
    assert_eq!(
        (&bearer["type"], &bearer["scheme"]),
        (&json!("http"), &json!("bearer"))
    );
    assert_eq!(document["security"], json!([{}, {"bearer": []}]));
    for path in ["/livez", "/readyz"] {
        assert_eq!(
            document["paths"][path]["get"]["security"],
            json!([{}]),
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_id_of_the_client_comes_back_on_every_kind_of_answer() {
    let desk = Desk::new();
    for path in [
        "/livez",
        "/openapi.json",
        "/nowhere",
        "/api/v1/circuit-breakers/none",
    ] {
        let asked = request("GET", path).header("x-request-id", "abc-1.2_3");
        let answer = desk
            .send(asked.body(Body::empty()).expect("a request"))
            .await;
        assert_eq!(answer.headers["x-request-id"], "abc-1.2_3", "{path}");
        if answer.status != 200 {
            assert_eq!(answer.json()["request_id"], "abc-1.2_3");
        }
    }
    let (first, second) = (desk.get("/livez").await, desk.get("/livez").await);
    assert_ne!(
        first.headers["x-request-id"],
        second.headers["x-request-id"]
    );
}

#[tokio::test]
async fn head_answers_as_get_without_a_body() {
    let desk = Desk::new();
    for (path, methods) in ROUTES {
        if !methods.contains("get") || path.contains("stream") {
            continue;
        }
        let path = path.replace("{name}", "rag").replace("{key}", "none");
        let path = path.replace("{id}", "999");
        let get = desk.get(&path).await;
        let asked = request(Method::HEAD.as_str(), &path);
        let head = desk
            .send(asked.body(Body::empty()).expect("a request"))
            .await;
        assert_eq!(
            (head.status, head.text.as_str()),
            (get.status, ""),
            "{path}"
        );
        let media_type = |answer: &super::asking::Answer| {
            answer.header(axum::http::header::CONTENT_TYPE).to_owned()
        };
        assert_eq!(media_type(&head), media_type(&get), "{path}");
    }
}
