//! Keyed circuits: each key of a request is judged apart (R19).

use fusebox::{Reason, State};
use fusebox_server::circuits::Answer as Counted;

use crate::house::{Answer, House, config, get, rag};
use crate::stand_in::{Mode, StandIn, send};

/// Keys by header; a branch opens at its second failure in a row, and so does the circuit once
/// they come from three keys.
const BY_TILL: &str = "[circuits.rag.breaker]\nconsecutive_failures = 2\nopen_for = \"60s\"\n\
    [circuits.rag.branch]\nkey = \"header:X-POS-ID\"\n";

/// Asks with a key; the upstream is well or not for that call.
async fn ask(house: &House, upstream: &StandIn, till: &str, well: bool) -> Answer {
    upstream.turn(if well { Mode::Ok } else { Mode::Fail(500) });
    house
        .raw(get("/rag/x", &format!("x-pos-id: {till}\r\n")).as_bytes())
        .await
}

/// Three keys that are well, so that one dead key is not all that the circuit sees.
async fn others(house: &House, upstream: &StandIn) {
    for till in 0..3 {
        let answer = ask(house, upstream, &format!("till-{till}"), true).await;
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn one_dead_key_of_ten_is_rejected_alone_and_the_circuit_stays_closed() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&rag(&upstream.url(), BY_TILL)).await;
    for _ in 0..4 {
        for till in 0..10 {
            ask(&house, &upstream, &format!("till-{till}"), till != 3).await;
        }
    }
    assert_eq!(upstream.hits(), 38, "the dead key was sent on twice");
    let rejected = ask(&house, &upstream, "till-3", true).await;
    assert_eq!(rejected.status, 503);
    assert_eq!(rejected.header("fusebox-reason"), Some("open"));
    assert_eq!(rejected.header("fusebox-circuit"), Some("rag"));
    let problem = rejected.json();
    assert_eq!(problem["state"], "open");
    assert!(problem["retry_after"].as_f64().unwrap() > 30.0, "{problem}");
    let detail = "the branch of circuit rag for the call's key is open; \
        nothing is sent to its upstream";
    assert_eq!(problem["detail"], detail);
    for till in (0..10).filter(|till| *till != 3) {
        let answer = ask(&house, &upstream, &format!("till-{till}"), true).await;
        assert_eq!(answer.status, 200, "till {till}");
    }
    let rag = house.rag();
    assert_eq!(rag.breaker().state(), State::Closed);
    assert_eq!(rag.breaker().branches().open, 1);
    assert_eq!(rag.stats().answers(Counted::Rejected), 3);
    let totals = rag.breaker().snapshot().totals;
    assert_eq!(totals.rejected(Reason::Open), 3, "metrics read this");
}

#[tokio::test]
async fn all_keys_failing_open_the_circuit() {
    let upstream = StandIn::start(Mode::Fail(500)).await;
    let house = House::start(&rag(&upstream.url(), BY_TILL)).await;
    others(&house, &upstream).await;
    for till in 0..3 {
        let answer = ask(&house, &upstream, &format!("till-{till}"), false).await;
        assert_eq!(answer.status, 500);
    }
    assert_eq!(house.rag().breaker().state(), State::Open);
    // A key that was never seen and a call without one, too.
    assert_eq!(ask(&house, &upstream, "till-9", true).await.status, 503);
    let rejected = house.get("/rag/x").await;
    let detail = "circuit rag is open; nothing is sent to its upstream";
    assert_eq!(rejected.json()["detail"], detail);
}

#[tokio::test]
async fn a_call_without_a_key_counts_for_the_circuit_alone() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&rag(&upstream.url(), BY_TILL)).await;
    house.get("/rag/x").await;
    let request = b"GET /rag/x HTTP/1.1\r\nhost: h\r\nconnection: close\r\nx-pos-id: \xff\r\n\r\n";
    assert_eq!(house.raw(request).await.status, 200);
    let breaker = house.rag().breaker();
    assert_eq!(breaker.branches().known, 0);
    assert_eq!(breaker.snapshot().totals.success, 2);
}

#[tokio::test]
async fn the_key_is_that_of_the_client_s_path_and_query() {
    let upstream = StandIn::start(Mode::Ok).await;
    for (key, path, known) in [
        ("path:2", "/rag/north/x?shard=7", "north"),
        ("path:1", "/rag/north", "rag"),
        ("query:shard", "/rag/x?a=1&shard=%37", "7"),
        ("header:Host", "/rag/x", "gateway.example"),
    ] {
        let text = format!("[circuits.rag.branch]\nkey = \"{key}\"\n");
        let house = House::start(&rag(&upstream.url(), &text)).await;
        assert_eq!(house.get(path).await.status, 200);
        let breaker = house.rag().breaker();
        assert!(breaker.branch(known).is_some(), "{key}");
        assert_eq!(breaker.branches().known, 1, "{key}");
    }
    let uri = upstream.last_head();
    assert!(uri.starts_with("GET /x HTTP/1.1\r\n"), "{uri}");
}

#[tokio::test]
async fn a_branch_s_rejection_is_answered_by_the_fallback() {
    let upstream = StandIn::start(Mode::Ok).await;
    let more = format!(
        "fallback_on = [\"rejected\"]\n{BY_TILL}[circuits.rag.fallback]\nbody = \"later\"\n"
    );
    let house = House::start(&rag(&upstream.url(), &more)).await;
    others(&house, &upstream).await;
    for _ in 0..2 {
        ask(&house, &upstream, "till-3", false).await;
    }
    let answer = ask(&house, &upstream, "till-3", true).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "later"));
    assert_eq!(answer.header("fusebox-fallback"), Some("true"));
    assert_eq!(answer.header("fusebox-reason"), Some("open"));
    let stats = house.rag();
    assert_eq!(stats.stats().answers(Counted::Rejected), 1);
    assert_eq!(stats.stats().fallbacks_total(), 1);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_failure_of_its_branch() {
    let broken = "HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\nhalf";
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&rag(&upstream.url(), BY_TILL)).await;
    others(&house, &upstream).await;
    upstream.turn(Mode::Script(vec![send(broken)]));
    for _ in 0..2 {
        let request = get("/rag/x", "x-pos-id: till-3\r\n");
        assert_eq!(house.raw(request.as_bytes()).await.body, "half");
    }
    crate::house::until("the branch is open", || {
        house.rag().breaker().branches().open == 1
    })
    .await;
    assert_eq!(house.rag().breaker().state(), State::Closed);
}

#[tokio::test]
async fn a_reload_changes_branches_and_keeps_what_they_know() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&rag(&upstream.url(), BY_TILL)).await;
    others(&house, &upstream).await;
    for _ in 0..2 {
        ask(&house, &upstream, "till-3", false).await;
    }
    let other = format!("{BY_TILL}keys_min = 5\nbreaker = {{ consecutive_failures = 9 }}\n");
    let changed = house.circuits.apply(&config(&rag(&upstream.url(), &other)));
    assert_eq!(changed.unwrap().changed, ["rag"]);
    let breaker = house.rag().breaker();
    assert_eq!(breaker.branch_settings().unwrap().keys_min(), 5);
    assert_eq!(breaker.branch("till-3").unwrap().state, State::Open);
    assert_eq!(ask(&house, &upstream, "till-3", true).await.status, 503);

    // Nothing of a configuration that is refused comes into force.
    let same_route = format!(
        "{}[circuits.other]\nupstream = \"http://127.0.0.1:9\"\npath = \"/rag\"\n",
        rag(&upstream.url(), "")
    );
    let same_route = config_without_its_check(&same_route);
    house.circuits.apply(&same_route).unwrap_err();
    assert_eq!(breaker.branch_settings().unwrap().keys_min(), 5);

    house
        .circuits
        .apply(&config(&rag(&upstream.url(), "")))
        .unwrap();
    assert_eq!(breaker.branch_settings(), None);
    assert_eq!(ask(&house, &upstream, "till-3", true).await.status, 200);
}

/// Two circuits on one route, which no file can have.
fn config_without_its_check(text: &str) -> fusebox_server::settings::Config {
    let mut config = config(&text.replace("path = \"/rag\"", "path = \"/other\""));
    config.circuits[1].path = "/rag".to_owned();
    config
}

#[tokio::test]
async fn a_circuit_that_comes_back_begins_anew() {
    let upstream = StandIn::start(Mode::Ok).await;
    let text = rag(&upstream.url(), BY_TILL);
    let house = House::start(&text).await;
    for till in 0..3 {
        ask(&house, &upstream, &format!("till-{till}"), false).await;
    }
    assert_eq!(house.rag().breaker().state(), State::Open);
    house.circuits.apply(&config("")).unwrap();
    assert_eq!(house.get("/rag/x").await.status, 404);
    house.circuits.apply(&config(&text)).unwrap();
    assert_eq!(house.rag().breaker().state(), State::Closed);
    assert_eq!(ask(&house, &upstream, "till-1", true).await.status, 200);
    assert_eq!(house.rag().stats().requests(), 1);
}
