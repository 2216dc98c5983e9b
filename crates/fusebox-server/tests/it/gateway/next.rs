//! Calls that go on to the next circuit.

use std::sync::Arc;

use fusebox_server::circuits::{Answer as Counted, Circuit};
use tokio::io::AsyncWriteExt;

use crate::house::{Answer, House, config, rag, read_until, until};
use crate::stand_in::{Mode, StandIn, Step, refusing, send};

const NEXT: &str = "when_unavailable = \"next\"\nnext = [\"spare\"]\n";

/// `rag` with a base path to one upstream, and more lines for it; `spare` to another, with its own.
fn two(rag: &str, more: &str, spare: &str, more_of_spare: &str) -> String {
    format!(
        "[circuits.rag]\nupstream = \"{rag}/v1\"\n{more}\n\
        [circuits.spare]\nupstream = \"{spare}/v2\"\n{more_of_spare}\n"
    )
}

fn circuit(house: &House, name: &str) -> Arc<Circuit> {
    house.circuits.get(name).unwrap()
}

fn to_next(house: &House, name: &str) -> u64 {
    let fallbacks = circuit(house, name).stats().fallbacks();
    let next = fallbacks.iter().find(|(word, _)| *word == "next").unwrap();
    next.1
}

fn is_of(answer: &Answer, circuit: &str) {
    assert_eq!(
        answer.header("fusebox-circuit"),
        Some(circuit),
        "{answer:?}"
    );
    assert_eq!(answer.header("fusebox-instead-of"), Some("rag"));
}

#[tokio::test]
async fn each_trouble_goes_on_with_the_same_call() {
    let first = StandIn::start(Mode::Hang).await;
    let spare = StandIn::start(Mode::Echo).await;
    let more = format!(
        "{NEXT}timeout = \"100ms\"\nclassify = {{ \"429\" = \"failure\" }}\n\
        breaker = {{ consecutive_failures = 100 }}"
    );
    let house = House::start(&two(&first.url(), &more, &spare.url(), "")).await;
    let rag = house.rag();
    let modes = [
        (Mode::Hang, Counted::Timeout),
        (Mode::Reset, Counted::Reset),
        (Mode::Fail(503), Counted::Failed),
        (Mode::Fail(429), Counted::Refused),
    ];
    for (mode, counted) in modes {
        first.turn(mode);
        let request = "PUT /rag/a/b?x=1&y HTTP/1.1\r\nhost: gateway.example\r\n\
            connection: close\r\nx-own: 7\r\ncontent-length: 6\r\n\r\nprompt";
        let answer = house.raw(request.as_bytes()).await;
        assert_eq!(answer.status, 200, "{counted:?}: {answer:?}");
        is_of(&answer, "spare");
        let seen = answer.body.to_ascii_lowercase();
        assert!(seen.starts_with("put /v2/a/b?x=1&y http/1.1\r\n"), "{seen}");
        assert!(seen.ends_with("\r\n\r\nprompt"), "{seen}");
        let host = format!("host: {}\r\n", spare.address());
        for line in [
            &*host,
            "x-own: 7\r\n",
            "x-forwarded-host: gateway.example\r\n",
        ] {
            assert!(seen.contains(line), "{line} in {seen}");
        }
        assert_eq!(seen.matches("x-forwarded-for").count(), 1, "{seen}");
        assert!(
            first
                .last_head()
                .starts_with("PUT /v1/a/b?x=1&y HTTP/1.1\r\n")
        );
        assert_eq!(rag.stats().answers(counted), 1, "{counted:?}");
    }
    assert_eq!((first.hits(), spare.hits()), (4, 4));
    assert_eq!((rag.stats().requests(), rag.stats().in_flight()), (4, 0));
    assert_eq!(rag.breaker().snapshot().totals.failure, 4);
    assert_eq!((to_next(&house, "rag"), to_next(&house, "spare")), (4, 0));
    let spare = circuit(&house, "spare");
    assert_eq!(spare.stats().answers(Counted::Successful), 4);
    assert_eq!(spare.breaker().snapshot().totals.success, 4);
}

#[tokio::test]
async fn an_answer_of_which_only_the_head_came_goes_on() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n";
    let first = StandIn::start(Mode::Script(vec![send(head)])).await;
    let spare = StandIn::start(Mode::Ok).await;
    let house = House::start(&two(&first.url(), NEXT, &spare.url(), "")).await;
    let answer = house.get("/rag").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "hello"));
    is_of(&answer, "spare");
    assert_eq!(house.rag().stats().answers(Counted::Reset), 1);
    assert_eq!(house.rag().breaker().snapshot().totals.failure, 1);
}

#[tokio::test]
async fn an_upstream_that_refuses_is_tried_until_its_circuit_is_open() {
    let spare = StandIn::start(Mode::Echo).await;
    let more = format!("{NEXT}breaker = {{ consecutive_failures = 2, open_for = \"60s\" }}");
    let dead = format!("http://{}", refusing().await);
    let house = House::start(&two(&dead, &more, &spare.url(), "")).await;
    for _ in 0..3 {
        let answer = house.get("/rag").await;
        is_of(&answer, "spare");
        assert!(
            answer.body.starts_with("GET /v2 HTTP/1.1\r\n"),
            "{answer:?}"
        );
    }
    let stats = circuit(&house, "rag");
    let stats = stats.stats();
    let counted = [Counted::Connect, Counted::Rejected].map(|answer| stats.answers(answer));
    assert_eq!(counted, [2, 1]);
    assert_eq!(to_next(&house, "rag"), 3);
}

#[tokio::test]
async fn an_open_circuit_s_upstream_is_not_touched() {
    let first = StandIn::start(Mode::Fail(500)).await;
    let spare = StandIn::start(Mode::Ok).await;
    let more = format!("{NEXT}breaker = {{ consecutive_failures = 1, open_for = \"60s\" }}");
    let house = House::start(&two(&first.url(), &more, &spare.url(), "")).await;
    for _ in 0..4 {
        assert_eq!(house.ask("PUT", "/rag/x", "{}").await.status, 200);
    }
    assert_eq!((first.hits(), spare.hits()), (1, 4));
}

#[tokio::test]
async fn what_is_no_trouble_or_not_named_stays_with_its_circuit() {
    let first = StandIn::start(Mode::Fail(400)).await;
    let spare = StandIn::start(Mode::Ok).await;
    let more = format!("{NEXT}fallback_on = [\"5xx\"]\ntimeout = \"100ms\"");
    let house = House::start(&two(&first.url(), &more, &spare.url(), "")).await;
    for (mode, status) in [
        (Mode::Fail(400), 400),
        (Mode::Fail(429), 429),
        (Mode::Ok, 200),
        (Mode::Hang, 504),
    ] {
        first.turn(mode);
        let answer = house.ask("POST", "/rag/x", "{}").await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("fusebox-instead-of"), None);
    }
    assert_eq!((spare.hits(), to_next(&house, "rag")), (0, 0));
}

/// Asks once with each trouble of the first one after which nobody knows whether it did its work:
/// how many calls the spare one got.
async fn sent_on_after_uncertain_ends(more: &str, method: &str, header: &str) -> u64 {
    let first = StandIn::start(Mode::Hang).await;
    let spare = StandIn::start(Mode::Ok).await;
    let more =
        format!("{NEXT}{more}timeout = \"100ms\"\nbreaker = {{ consecutive_failures = 100 }}");
    let house = House::start(&two(&first.url(), &more, &spare.url(), "")).await;
    for (mode, status) in [
        (Mode::Hang, 504),
        (Mode::Reset, 502),
        (Mode::Fail(503), 503),
        (Mode::Fail(408), 408),
    ] {
        first.turn(mode);
        let before = spare.hits();
        let request = format!(
            "{method} /rag/x HTTP/1.1\r\nhost: h\r\nconnection: close\r\n{header}\
            content-length: 2\r\n\r\n{{}}"
        );
        let answer = house.raw(request.as_bytes()).await;
        let goes_on = spare.hits() > before;
        assert_eq!(
            answer.status,
            if goes_on { 200 } else { status },
            "{answer:?}"
        );
    }
    spare.hits()
}

#[tokio::test]
async fn what_may_have_been_carried_out_goes_on_only_if_it_may_be_made_twice() {
    // 408 is in no trouble, unless it is set so.
    let all = "classify = { \"408\" = \"failure\" }\n";
    assert_eq!(sent_on_after_uncertain_ends(all, "POST", "").await, 0);
    assert_eq!(sent_on_after_uncertain_ends(all, "PATCH", "").await, 0);
    assert_eq!(sent_on_after_uncertain_ends(all, "PUT", "").await, 4);
    let keyed = "idempotency-key: order-7\r\n";
    assert_eq!(sent_on_after_uncertain_ends(all, "POST", keyed).await, 4);
    let all = format!("{all}next_uncertain = true\n");
    assert_eq!(sent_on_after_uncertain_ends(&all, "POST", "").await, 4);
}

#[tokio::test]
async fn what_was_surely_not_carried_out_goes_on_whatever_it_is() {
    let spare = StandIn::start(Mode::Ok).await;
    let more = format!("{NEXT}breaker = {{ consecutive_failures = 1, open_for = \"60s\" }}");
    let dead = format!("http://{}", refusing().await);
    let house = House::start(&two(&dead, &more, &spare.url(), "")).await;
    // It cannot be connected to, and then its circuit is open.
    for _ in 0..2 {
        assert_eq!(house.ask("POST", "/rag/x", "{}").await.status, 200);
    }
    let first = StandIn::start(Mode::Fail(429)).await;
    let more = format!("{NEXT}classify = {{ \"429\" = \"failure\" }}");
    let house = House::start(&two(&first.url(), &more, &spare.url(), "")).await;
    assert_eq!(house.ask("POST", "/rag/x", "{}").await.status, 200);
    assert_eq!((first.hits(), spare.hits()), (1, 3));
}

#[tokio::test]
async fn with_all_circuits_open_the_shortest_of_their_waits_is_told() {
    let opens_for = |time: &str| {
        format!("breaker = {{ consecutive_failures = 1, open_for = \"{time}\", jitter = \"0%\" }}")
    };
    let dead = format!("http://{}", refusing().await);
    let more = format!("{NEXT}{}", opens_for("20s"));
    let house = House::start(&two(&dead, &more, &dead, &opens_for("500s"))).await;
    assert_eq!(house.ask("POST", "/rag/x", "{}").await.status, 502);
    let answer = house.ask("POST", "/rag/x", "{}").await;
    assert_eq!(
        (answer.status, &*answer.json()["reason"].to_string()),
        (503, "\"open\"")
    );
    is_of(&answer, "spare");
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!(wait <= 20, "{answer:?}");
    assert!(answer.json()["retry_after"].as_f64().unwrap() <= 20.0);
}

#[tokio::test]
async fn the_next_ones_are_tried_in_order_and_the_last_one_answers() {
    let stands = [
        StandIn::start(Mode::Fail(500)).await,
        StandIn::start(Mode::Fail(502)).await,
        StandIn::start(Mode::Fail(503)).await,
    ];
    let [rag, b, c] = [&stands[0], &stands[1], &stands[2]].map(StandIn::url);
    // Neither the middle one's fallback nor the last one's own next is used.
    let text = format!(
        "[circuits.rag]\nupstream = \"{rag}\"\nwhen_unavailable = \"next\"\nnext = [\"b\", \"c\"]\n\
        [circuits.b]\nupstream = \"{b}\"\nfallback = {{ body = \"canned\" }}\n\
        breaker = {{ consecutive_failures = 1, open_for = \"60s\" }}\n\
        [circuits.c]\nupstream = \"{c}\"\nwhen_unavailable = \"next\"\nnext = [\"rag\"]\n"
    );
    let house = House::start(&text).await;
    let answer = house.ask("PUT", "/rag/x", "{}").await;
    assert_eq!((answer.status, &*answer.body), (503, "out of order"));
    is_of(&answer, "c");
    assert_eq!(stands.each_ref().map(StandIn::hits), [1, 1, 1]);

    // The middle one is open now, and is skipped.
    stands[2].turn(Mode::Ok);
    is_of(&house.get("/rag/x").await, "c");
    assert_eq!(stands.each_ref().map(StandIn::hits), [2, 1, 2]);
    assert_eq!(circuit(&house, "b").stats().answers(Counted::Rejected), 1);

    // Its fallback is its own calls'.
    assert_eq!(house.get("/b/x").await.body, "canned");
    assert_eq!(to_next(&house, "rag"), 2);
    assert_eq!(house.rag().stats().in_flight(), 0);
}

#[tokio::test]
async fn the_last_one_s_fallback_or_problem_is_the_answer() {
    let first = StandIn::start(Mode::Fail(500)).await;
    let dead = format!("http://{}", refusing().await);
    let canned = "fallback = { body = \"canned\" }";
    let house = House::start(&two(&first.url(), NEXT, &dead, canned)).await;
    let answer = house.get("/rag/x").await;
    assert_eq!((answer.status, &*answer.body), (200, "canned"));
    assert_eq!(answer.header("fusebox-fallback"), Some("true"));
    is_of(&answer, "spare");
    assert_eq!(to_next(&house, "rag"), 1);

    let house = House::start(&two(&first.url(), NEXT, &dead, "")).await;
    let answer = house.get("/rag/x").await;
    assert_eq!(answer.status, 502);
    assert_eq!(answer.json()["circuit"], "spare");
    is_of(&answer, "spare");
    assert_eq!(to_next(&house, "rag"), 0, "nobody answered");
}

#[tokio::test]
async fn a_body_too_large_to_be_sent_again_is_413() {
    let first = StandIn::start(Mode::Ok).await;
    let spare = StandIn::start(Mode::Ok).await;
    let house = House::start(&two(&first.url(), NEXT, &spare.url(), "")).await;
    let most = "x".repeat(8 << 20);
    assert_eq!(house.ask("POST", "/rag/x", &most).await.status, 200);
    let answer = house.ask("POST", "/rag/x", &format!("{most}x")).await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.json()["type"], "urn:fusebox:too-large");
    assert_eq!((first.hits(), spare.hits()), (1, 0));
    assert_eq!(
        house
            .ask("POST", "/spare/x", &format!("{most}x"))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_client_that_breaks_off_ends_it_all() {
    let first = StandIn::start(Mode::Hang).await;
    let spare = StandIn::start(Mode::Hang).await;
    let house = House::start(&two(&first.url(), NEXT, &spare.url(), "")).await;
    let rag = house.rag();
    let request = "PUT /rag/x HTTP/1.1\r\nhost: h\r\ncontent-length: 4\r\n\r\n";
    let mut in_its_body = house.connect().await;
    in_its_body
        .write_all(format!("{request}ab").as_bytes())
        .await
        .unwrap();
    let mut at_first = house.connect().await;
    at_first
        .write_all(format!("{request}abcd").as_bytes())
        .await
        .unwrap();
    until("one has begun", || {
        first.hits() == 1 && rag.stats().requests() == 2
    })
    .await;
    drop((in_its_body, at_first));
    until("both are over", || rag.stats().in_flight() == 0).await;
    assert_eq!((first.hits(), spare.hits()), (1, 0));

    first.turn(Mode::Fail(500));
    let mut at_spare = house.connect().await;
    at_spare
        .write_all(format!("{request}abcd").as_bytes())
        .await
        .unwrap();
    until("the spare one is tried", || spare.hits() == 1).await;
    drop(at_spare);
    let spare = circuit(&house, "spare");
    until("it is over", || {
        rag.stats().in_flight() + spare.stats().in_flight() == 0
    })
    .await;
    assert_eq!(spare.stats().answers(Counted::Client), 1);
    assert_eq!(rag.stats().answers(Counted::Client), 2);
    assert_eq!(spare.breaker().snapshot().totals.failure, 0);
    assert_eq!(to_next(&house, "rag"), 0);
}

#[tokio::test]
async fn a_change_of_protocol_is_asked_of_the_first_one_only() {
    let agree = "HTTP/1.1 101 X\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n";
    let first = StandIn::start(Mode::Script(vec![send(agree), Step::SendBack])).await;
    let spare = StandIn::start(Mode::Ok).await;
    let house = House::start(&two(&first.url(), NEXT, &spare.url(), "")).await;
    let ask = "GET /rag/chat HTTP/1.1\r\nhost: h\r\nconnection: Upgrade\r\n\
        upgrade: websocket\r\n\r\n";
    let mut client = house.connect().await;
    client.write_all(ask.as_bytes()).await.unwrap();
    read_until(&mut client, "\r\n\r\n").await;
    client.write_all(b"ping").await.unwrap();
    read_until(&mut client, "ping").await;

    first.turn(Mode::Fail(503));
    let mut client = house.connect().await;
    client.write_all(ask.as_bytes()).await.unwrap();
    let answer = read_until(&mut client, "out of order").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert_eq!(spare.hits(), 0);
}

#[tokio::test]
async fn a_next_circuit_that_a_reload_took_away_is_passed_over() {
    let gate = Arc::new(tokio::sync::Notify::new());
    let fail = send("HTTP/1.1 500 X\r\ncontent-length: 4\r\n\r\nlost");
    let first = StandIn::start(Mode::Script(vec![Step::Wait(Arc::clone(&gate)), fail])).await;
    let spare = StandIn::start(Mode::Ok).await;
    let house = House::start(&two(&first.url(), NEXT, &spare.url(), "")).await;
    let mut client = house.connect().await;
    client
        .write_all(b"GET /rag/x HTTP/1.1\r\nhost: h\r\n\r\n")
        .await
        .unwrap();
    until("it is under way", || first.hits() == 1).await;
    let alone = rag(&first.url(), "");
    house.circuits.apply(&config(&alone)).unwrap();
    gate.notify_one();
    let answer = read_until(&mut client, "lost").await;
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
}
