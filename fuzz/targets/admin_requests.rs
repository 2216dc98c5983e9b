//! Requests to the admin interface from this machine: every answer is one that the OpenAPI document
//! tells of, and no error is ours.
//!
//! The input is a line with an operation's id (or any text: some operation), a line each with
//! `name`, `key` and `id` of its path, a line with the query, headers, an empty line and the body.
//! The operation `raw` takes the line of the name as method and target.
#![no_main]

use std::sync::OnceLock;

use axum::body::Body;
use fusebox_fuzz::{Answer, Host};
use http::{Method, Request, StatusCode};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// One operation of the document.
struct Operation {
    id: String,
    method: Method,
    path: String,
    responses: Value,
}

fuzz_target!(|text: &str| {
    static HOST: OnceLock<(Host, Vec<Operation>)> = OnceLock::new();
    let (host, operations) = HOST.get_or_init(|| {
        let host = Host::new(None);
        let operations = operations(host.document());
        (host, operations)
    });
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let (id, name, key, number, query) = (line(), line(), line(), line(), line());
    let operation = (id != "raw").then(|| chosen(operations, id));
    let (method, target) = match operation {
        None => name.split_once(' ').unwrap_or(("GET", name)),
        Some(operation) => (operation.method.as_str(), operation.path.as_str()),
    };
    let mut target = target
        .replace("{name}", name)
        .replace("{key}", key)
        .replace("{id}", number);
    if !query.is_empty() {
        target = format!("{target}?{query}");
    }
    let mut request = Request::builder().method(method).uri(target);
    for header in lines {
        if let Some((name, value)) = header.split_once(": ") {
            request = request.header(name, value);
        }
    }
    // What is no request does not come so far.
    let Ok(request) = request.body(Body::from(body.to_owned())) else {
        return;
    };
    let path = request.uri().path().to_owned();
    let answer = host.ask(request);
    match operation.filter(|operation| is_at(operation, &path)) {
        Some(operation) => is_told(operation, &answer),
        None => assert!(!answer.status.is_server_error() || path == "/readyz" || path == "/health"),
    }
    if method != "GET" {
        host.rest();
    }
});

fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("a path") {
            operations.push(Operation {
                id: operation["operationId"].as_str().expect("an id").to_owned(),
                method: method.to_uppercase().parse().expect("a method"),
                path: path.clone(),
                responses: responses(document, &operation["responses"]),
            });
        }
    }
    operations
}

/// With the references followed.
fn responses(document: &Value, responses: &Value) -> Value {
    let mut responses = responses.clone();
    for (_, response) in responses.as_object_mut().expect("responses") {
        if let Some(to) = response["$ref"].as_str() {
            let found = document.pointer(to.trim_start_matches('#'));
            *response = found.expect("a response").clone();
        }
    }
    responses
}

fn chosen<'a>(operations: &'a [Operation], id: &str) -> &'a Operation {
    let named = operations.iter().find(|operation| operation.id == id);
    let any = id.bytes().map(usize::from).sum::<usize>() % operations.len();
    named.unwrap_or(&operations[any])
}

/// Whether the path is still the operation's: a name may hold a slash.
fn is_at(operation: &Operation, path: &str) -> bool {
    let (known, asked) = (operation.path.split('/'), path.split('/'));
    let fits = |(known, asked): (&str, &str)| {
        known == asked || known.starts_with('{') && !asked.is_empty()
    };
    known.clone().count() == asked.clone().count() && known.zip(asked).all(fits)
}

fn is_told(operation: &Operation, answer: &Answer) {
    let Operation { id, responses, .. } = operation;
    let response = &responses[answer.status.as_str()];
    assert!(!response.is_null(), "{id} does not tell of {answer:?}");
    let media_type = answer.media_type();
    let told = response["content"].as_object();
    if answer.status != StatusCode::NO_CONTENT {
        let told = told.expect("a body that is told of");
        assert!(
            told.contains_key(media_type),
            "{id} does not tell of {answer:?}"
        );
    }
}
