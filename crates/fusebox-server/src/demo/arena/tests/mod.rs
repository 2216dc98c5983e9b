//! Rounds of the arena, played by its interface as the page does it. They run on the wall clock, as
//! the arena does; they stand in docs/wall-clock-tests.md.

mod faults;
mod page;

use std::collections::HashSet;

use http::{Request, StatusCode, header};
use http_body_util::Full;
use serde_json::{Value, json};

use super::book::share;
use super::cast::UPSTREAMS;
use page::{Page, number, upstream};

/// Clients and upstreams counted apart; what they say must fit, in both copies.
fn counts_agree(document: &Value) {
    for name in UPSTREAMS.map(|role| role.name) {
        for side in ["with", "without"] {
            let calls = &upstream(document, name)[side];
            let [made, arrived] = ["calls", "arrived"].map(|key| number(calls, key));
            let [rejected, refused] = ["rejected", "refused"].map(|key| number(calls, key));
            // Whether a call arrived before its connection was cut, only the upstream knows.
            let known = arrived + rejected + refused;
            let cut = number(calls, "cut");
            assert!(known <= made, "{name} {side}: {calls}");
            assert!(made <= known + cut, "{name} {side}: {calls}");
            assert_eq!(number(calls, "in_flight"), 0, "{name} {side}: {calls}");
            assert!(
                number(calls, "wasted") <= refused + cut + number(calls, "answered_badly"),
                "{name} {side}: {calls}"
            );
            if side == "without" {
                assert_eq!(rejected, 0, "{name}: nothing rejects: {calls}");
            }
        }
    }
}

/// The breakers judged each call that was not rejected. Whether the circuit or the key's branch
/// rejected the others, the clients are not told.
fn breakers_agree(page: &Page, document: &Value) {
    for role in &UPSTREAMS {
        let upstream = super::cast::find(role.name).expect(role.name);
        let circuit = page.arena.ground.with.circuit(upstream);
        let totals = circuit.expect(role.name).0.totals;
        let judged = totals.success + totals.failure + totals.ignored + totals.late;
        let calls = &self::upstream(document, role.name)["with"];
        let rejected = number(calls, "rejected");
        assert!(
            totals.rejected_total() <= rejected,
            "{}: {calls}",
            role.name
        );
        assert_eq!(
            number(calls, "calls"),
            judged + rejected,
            "{}: {calls}",
            role.name
        );
    }
}

/// Every user came to both copies, and left.
fn users_agree(document: &Value) {
    for system in document["systems"].as_array().expect("a list") {
        let (with, without) = (&system["with"], &system["without"]);
        assert_eq!(with["users"], without["users"], "{system}");
        for side in [with, without] {
            let left = number(side, "answered") + number(side, "failed");
            assert_eq!(number(side, "users"), left, "{system}");
            assert!(number(side, "degraded") <= number(side, "answered"));
            assert!(number(side, "cascades") <= number(side, "failed"));
        }
    }
    for side in ["with", "without"] {
        let score = &document["score"][side];
        // At rest both copies are done with all of them.
        let share = share(number(score, "answered"), number(score, "users"));
        let told = score["answered_share"].as_f64().expect("a share");
        assert!((told - share.expect("users")).abs() < 0.0001, "{score}");
        let systems = document["systems"].as_array().expect("a list").iter();
        for key in ["users", "answered", "cascades"] {
            let sum: u64 = systems
                .clone()
                .map(|system| number(&system[side], key))
                .sum();
            assert_eq!(number(score, key), sum, "{key}");
        }
    }
}

fn texts(document: &Value) -> String {
    let events = document["events"].as_array().expect("a list").iter();
    let texts: Vec<&str> = events
        .map(|event| event["text"].as_str().unwrap())
        .collect();
    texts.join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_upstream_costs_fewer_users_and_calls_with_breakers() {
    let mut page = Page::open().await;
    let well = page
        .until("users are answered", |document| {
            number(&document["score"]["without"], "answered") > 20
        })
        .await;
    assert_eq!(number(&well["score"]["with"], "wasted"), 0, "{well:#}");
    assert_eq!(number(&well["score"]["without"], "wasted"), 0, "{well:#}");

    page.turn("ofd", json!("kill")).await;
    let open = page
        .until("the circuit is open", |document| {
            upstream(document, "ofd")["circuit"]["state"] == "open"
        })
        .await;
    let circuit = &upstream(&open, "ofd")["circuit"];
    let says = circuit["sentence"].as_str().expect("a sentence");
    assert!(says.contains("could not connect"), "{says}");
    assert!(says.contains("trying again in"), "{says}");
    assert!(number(circuit, "retry_in_ms") <= 1000, "{circuit}");
    page.until("it goes wrong without breakers", |document| {
        number(&document["score"]["without"], "cascades") >= 40
    })
    .await;

    page.turn("ofd", Value::Null).await;
    let back = page
        .until("both have recovered", |document| {
            let sides = ["with", "without"].map(|side| &document["score"][side]);
            sides.iter().all(|side| number(side, "recoveries") == 1)
        })
        .await;
    for side in ["with", "without"] {
        let took = back["score"][side]["recovery_seconds_last"].as_f64();
        assert!(
            took.is_some_and(|took| took > 0.0 && took < 20.0),
            "{back:#}"
        );
    }
    let end = page.at_rest().await;
    counts_agree(&end);
    users_agree(&end);
    let (with, without) = (&end["score"]["with"], &end["score"]["without"]);
    assert!(
        number(with, "answered") > number(without, "answered"),
        "{end:#}"
    );
    assert!(
        number(with, "wasted") * 2 < number(without, "wasted"),
        "{end:#}"
    );
    assert!(
        number(with, "cascades") < number(without, "cascades"),
        "{end:#}"
    );
    let ofd = upstream(&end, "ofd");
    assert!(number(&ofd["with"], "rejected") > 10, "{ofd}");
    assert!(number(&ofd["with"], "refused") < number(&ofd["without"], "refused"));
    let texts = texts(&end);
    for said in [
        "ofd refuses connections",
        "circuit ofd opens: ",
        "ofd is well again",
        "ofd answers its users again with breakers",
        "ofd answers its users again without breakers",
        "fiscal-adapter: users who want to look at a receipt fail without breakers",
    ] {
        assert!(texts.contains(said), "{said:?} is missing in:\n{texts}");
    }
    page.arena.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hanging_upstream_takes_others_down_only_without_breakers() {
    let mut page = Page::open().await;
    page.until("users come", |document| {
        number(&document["score"]["with"], "users") > 20
    })
    .await;
    page.turn("openai", json!("hang")).await;
    page.until("it goes wrong without breakers", |document| {
        number(&document["score"]["without"], "cascades") >= 40
    })
    .await;
    page.turn("openai", Value::Null).await;
    page.until("the circuit is closed again", |document| {
        let openai = upstream(document, "openai");
        let is_back = number(&document["score"]["with"], "recoveries") == 1;
        is_back && openai["circuit"]["state"] == "closed"
    })
    .await;
    let end = page.at_rest().await;
    breakers_agree(&page, &end);
    counts_agree(&end);
    users_agree(&end);
    let (with, without) = (&end["score"]["with"], &end["score"]["without"]);
    assert!(
        number(with, "answered") > number(without, "answered"),
        "{end:#}"
    );
    assert!(
        number(with, "wasted") < number(without, "wasted"),
        "{end:#}"
    );
    assert!(
        number(with, "cascades") * 5 < number(without, "cascades"),
        "{end:#}"
    );
    let essays = &end["systems"][1];
    assert_eq!(essays["name"], "essay-platform");
    assert!(
        number(&essays["with"], "degraded") > 10,
        "the other provider: {essays}"
    );
    for other in [0, 2, 3, 4].map(|system| &end["systems"][system]) {
        for side in ["with", "without"] {
            assert_eq!(number(&other[side], "failed"), 0, "another system: {other}");
        }
    }
    page.arena.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_opens_the_circuit_in_front_and_a_reset_begins_anew() {
    let mut page = Page::open().await;
    let faults = [
        ("project-service", "kill", "failed"),
        ("perplexity", "hang", "the call timed out"),
        ("openai", "slow", "were slow"),
        ("batch-conductor", "errors", "was answered with an error"),
        ("apollo", "too_many", "was answered with an error"),
        ("ofd", "shard", "branch pos-4 opened"),
    ];
    for (name, fault, _) in faults {
        page.turn(name, json!(fault)).await;
    }
    // A circuit that opened and failed its trial says so: each was seen when it had just opened.
    let mut opened = HashSet::new();
    while opened.len() < faults.len() {
        let document = page.until("it goes on", |_| true).await;
        assert!(
            number(&document, "elapsed_ms") < 30_000,
            "only {opened:?}: {document:#}"
        );
        for (name, fault, says) in faults {
            let sentence = &upstream(&document, name)["circuit"]["sentence"];
            if sentence.as_str().is_some_and(|text| text.contains(says)) {
                opened.insert(fault);
            }
        }
    }
    let one_shard = page
        .until("calls of one key are rejected", |document| {
            let ofd = upstream(document, "ofd");
            let open = &ofd["circuit"]["open_branches"];
            number(&ofd["with"], "rejected") > 0 && *open == json!(["pos-4"])
        })
        .await;
    let ofd = upstream(&one_shard, "ofd");
    assert_eq!(
        ofd["circuit"]["state"], "closed",
        "the other keys' calls pass: {ofd}"
    );
    assert_eq!(one_shard["systems"][3]["with"]["cascades"], 0);

    begins_anew(&mut page, number(&one_shard, "elapsed_ms")).await;
    let end = page.at_rest().await;
    counts_agree(&end);
    users_agree(&end);
    for side in ["with", "without"] {
        let score = &end["score"][side];
        assert_eq!(
            (number(score, "failed"), number(score, "wasted")),
            (0, 0),
            "{end:#}"
        );
    }
    page.arena.close().await;
}

#[tokio::test]
async fn a_page_that_comes_late_is_told_how_it_came_to_that() {
    let mut page = Page::open().await;
    page.turn("ofd", json!("kill")).await;
    let seen = page
        .until("some users have left", |document| {
            number(&document["score"]["without"], "failed") > 0
        })
        .await;
    assert_eq!(
        seen["course"],
        Value::Null,
        "only once, and this page has seen it"
    );
    let late = page.first_of_another().await;
    let course = late["course"].as_array().expect("a course");
    let last = course.last().expect("a point");
    assert_eq!(last["sick"], true);
    assert!(number(last, "at_ms") <= number(&late, "elapsed_ms"));
    let mut before = (0, 0);
    for point in course {
        let with = &point["with"];
        let now = (number(point, "at_ms"), number(with, "left"));
        assert!(now.0 >= before.0 && now.1 >= before.1, "{late:#}");
        assert!(number(with, "answered") <= now.1, "{point}");
        before = now;
    }
    assert!(before.1 > 0, "{late:#}");
    begins_anew(&mut page, number(&late, "elapsed_ms")).await;
    let anew = page.first_of_another().await;
    let first = &anew["course"][0];
    assert!(
        number(first, "at_ms") < number(&late, "elapsed_ms"),
        "{first}"
    );
    assert_eq!(first["sick"], false);
    page.arena.close().await;
}

async fn begins_anew(page: &mut Page, before: u64) {
    let (status, _) = page.send(page.post("/api/reset", "{}")).await;
    assert_eq!(status, StatusCode::OK);
    let anew = page
        .until("it has begun anew", |document| {
            number(document, "elapsed_ms") < before
                && number(&document["score"]["with"], "users") > 5
        })
        .await;
    for role in &UPSTREAMS {
        let upstream = upstream(&anew, role.name);
        assert_eq!(upstream["fault"], Value::Null, "{upstream}");
        assert_eq!(upstream["circuit"]["state"], "closed", "{upstream}");
        assert_eq!(
            upstream["circuit"]["open_branches"],
            json!([]),
            "{upstream}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_what_can() {
    let page = Page::open().await;
    let fault = "/api/upstreams/openai/fault";
    for (path, body, status, says) in [
        (
            "/api/upstreams/nobody/fault",
            "{\"fault\":\"kill\"}",
            404,
            "project-service, ",
        ),
        (
            fault,
            "{\"fault\":\"explode\"}",
            422,
            "kill, hang, slow, errors, too_many, shard",
        ),
        (fault, "{\"fault\":7}", 422, "or null"),
        (fault, "{}", 422, "missing field `fault`"),
        (
            fault,
            "{\"fault\":null,\"for\":\"1s\"}",
            422,
            "unknown field `for`",
        ),
        (fault, "kill", 422, "body"),
        ("/api/reset", "{\"all\":true}", 422, "unknown field `all`"),
        ("/api/none", "{}", 404, "nothing at"),
        ("/api/state", "{}", 405, "Allow"),
    ] {
        let (code, problem) = page.send(page.post(path, body)).await;
        assert_eq!(code, status, "{path} {body}: {problem}");
        let detail = problem["detail"].as_str().expect("a detail");
        assert!(detail.contains(says), "{says:?}: {detail}");
    }
    let own = format!("http://{}", page.arena.address());
    for (header, value, status) in [
        (header::CONTENT_TYPE, "text/plain", 415),
        (header::HOST, "arena.example", 403),
        (header::ORIGIN, "http://arena.example", 403),
        (header::ORIGIN, "null", 403),
        (header::ORIGIN, "http://127.0.0.1:1", 403),
    ] {
        for path in [fault, "/api/reset"] {
            let mut request = page.post(path, "{\"fault\":\"kill\"}");
            request
                .headers_mut()
                .insert(&header, value.parse().unwrap());
            let (code, problem) = page.send(request).await;
            assert_eq!(code, status, "{path} {value}: {problem}");
        }
    }
    let document = page.arena.ground.to_json();
    assert_eq!(upstream(&document, "openai")["fault"], Value::Null);

    let mut request = page.post(fault, "{\"fault\":\"kill\"}");
    let headers = request.headers_mut();
    headers.insert(header::ORIGIN, own.parse().unwrap());
    let (code, answer) = page.send(request).await;
    assert_eq!((code, &answer["fault"]), (StatusCode::OK, &json!("kill")));
    page.arena.close().await;
}

#[tokio::test]
async fn the_document_says_all_that_the_page_needs() {
    let page = Page::open().await;
    let request = Request::get(format!("http://{}/api/state", page.arena.address()));
    let request = request.body(Full::default()).unwrap();
    let (status, document) = page.send(request).await;
    assert_eq!(status, StatusCode::OK);
    let faults = document["faults"].as_array().unwrap().iter();
    let faults: Vec<&str> = faults
        .map(|fault| fault["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        faults,
        ["kill", "hang", "slow", "errors", "too_many", "shard"]
    );
    let console: &str = document["console"].as_str().unwrap();
    let request = Request::get(console).body(Full::default()).unwrap();
    let answer = page.client.request(request).await.expect("the console");
    assert_eq!(answer.status(), StatusCode::OK);

    let essays = &document["systems"][1];
    assert_eq!(essays["users_per_second"], 16.0);
    assert_eq!(
        essays["paths"][0],
        json!({"name": "assess an essay", "share": 0.5, "calls": [
            {"upstream": "content", "needed": true, "fallback": false},
            {"upstream": "openai", "needed": true, "fallback": false},
            {"upstream": "anthropic", "needed": false, "fallback": false,
                "instead_of": "openai"},
        ]})
    );
    let ofd = upstream(&document, "ofd");
    assert_eq!(ofd["keys"], json!(["pos-1", "pos-2", "pos-3", "pos-4"]));
    assert_eq!(upstream(&document, "openai")["keys"][3], "school-4");
    assert_eq!(ofd["circuit"]["name"], "ofd");
    assert_eq!(ofd["circuit"]["sentence"], Value::Null);
    page.arena.close().await;
}
