//! The history over HTTP.

use std::time::Duration;

use fusebox::{Author, State};
use fusebox_store::{Keeper, Memory};
use serde_json::{Value, json};

use super::asking::{Answer, Desk, fail, instant};

const OF_RAG: &str = "/api/v1/circuit-breakers/rag/events";
const ALL: &str = "/api/v1/events";

/// A desk whose keeper the test can ask to write down everything.
fn kept() -> (Desk, Keeper) {
    let mut keeper = None;
    let desk = Desk::over(|registry, admin| {
        let started = Keeper::start(registry, Memory::new()).expect("a keeper");
        keeper = Some(started.clone());
        admin.keeper(started)
    });
    (desk, keeper.expect("it was made"))
}

async fn settled(keeper: &Keeper) {
    keeper.flushed().await.expect("it is written");
}

fn list(answer: &Answer) -> Vec<Value> {
    answer.ok()["events"].as_array().expect("a list").clone()
}

fn ids(events: &[Value]) -> Vec<u64> {
    events
        .iter()
        .filter_map(|event| event["id"].as_u64())
        .collect()
}

#[tokio::test]
async fn what_happened_is_told_the_newest_first_with_cause_and_evidence() {
    let (desk, keeper) = kept();
    fail(desk.rag);
    fail(desk.rag);
    desk.clock.advance(Duration::from_secs(10));
    assert_eq!(desk.rag.state(), State::HalfOpen);
    settled(&keeper).await;
    let events = list(&desk.get(&format!("{OF_RAG}?kind=transition")).await);
    let moves: Vec<_> = events
        .iter()
        .map(|event| (&event["from"], &event["to"]))
        .collect();
    let (closed, open, half_open) = (&json!("closed"), &json!("open"), &json!("half_open"));
    assert_eq!(moves, [(open, half_open), (closed, open)]);
    let opened = &events[1];
    instant(&opened["at"]);
    assert_eq!(
        (&opened["circuit"], &opened["branch"]),
        (&json!("rag"), &json!(null))
    );
    assert_eq!(opened["cause"], "consecutive_failures");
    assert_eq!(opened["evidence"]["consecutive_failures"], 2);
    let text = opened["evidence"]["text"].as_str();
    assert!(text.is_some_and(|text| !text.is_empty()), "{opened}");
    assert_eq!(
        list(
            &desk
                .get("/api/v1/circuit-breakers/vms/events?kind=transition")
                .await
        ),
        [json!(null); 0]
    );
}

#[tokio::test]
async fn one_list_has_all_circuits_and_the_main_breaker() {
    let (desk, keeper) = kept();
    let by = Author::new("ada");
    desk.rag.reset(&by);
    desk.vms.transition(State::Open, &by).expect("it opens");
    let main = desk.rag.main().expect("a main breaker");
    main.open("stop", &by);
    settled(&keeper).await;
    let kinds = "kind=reset&kind=transition&kind=main_opened";
    let events = list(&desk.get(&format!("{ALL}?{kinds}")).await);
    let told: Vec<_> = events
        .iter()
        .map(|event| (&event["circuit"], &event["kind"], &event["by"]))
        .collect();
    let ada = &json!("ada");
    assert_eq!(told[0], (&json!(null), &json!("main_opened"), ada));
    assert_eq!(events[0]["reason"], "stop");
    assert_eq!(told[1], (&json!("vms"), &json!("transition"), ada));
    assert_eq!(told[2], (&json!("rag"), &json!("reset"), ada));
    let of_vms = list(&desk.get(&format!("{ALL}?circuit=vms&{kinds}")).await);
    assert_eq!(of_vms, events[1..2]);
}

#[tokio::test]
async fn pages_together_are_the_history() {
    let (desk, keeper) = kept();
    for _ in 0..12 {
        desk.rag.reset(&Author::new("ada"));
        desk.vms.reset(&Author::new("ada"));
    }
    settled(&keeper).await;
    let whole = list(&desk.get(&format!("{ALL}?limit=1000")).await);
    assert!(ids(&whole).is_sorted_by(|a, b| a > b));
    for limit in [1, 5, 24] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = desk.get(&format!("{ALL}?limit={limit}{cursor}")).await;
            assert!(list(&page).len() <= limit);
            seen.extend(list(&page));
            let Some(next) = page.ok()["next"].as_str().map(str::to_owned) else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, whole, "{limit}");
    }
}

#[tokio::test]
async fn one_event_is_found_by_its_number() {
    let (desk, keeper) = kept();
    desk.rag.reset(&Author::new("ada"));
    desk.rag.reset(&Author::new("bob"));
    settled(&keeper).await;
    let events = list(&desk.get(&format!("{OF_RAG}?kind=reset")).await);
    for event in &events {
        assert_eq!(
            desk.get(&format!("{ALL}/{}", event["id"])).await.ok(),
            *event
        );
    }
    let newest = events[0]["id"].as_u64().expect("a number");
    for id in [
        &(newest + 100).to_string(),
        "0",
        "-1",
        "+1",
        "x",
        "%ff",
        &u64::MAX.to_string(),
    ] {
        desk.get(&format!("{ALL}/{id}")).await.problem(404);
        desk.get(&format!("{ALL}/{id}/replay")).await.problem(404);
    }
}

#[tokio::test]
async fn a_replay_is_given_back_as_it_was_attached() {
    let (desk, keeper) = kept();
    desk.vms
        .transition(State::Open, &Author::new("ada"))
        .expect("it opens");
    let generation = desk.vms.snapshot().generation;
    settled(&keeper).await;
    let path = "/api/v1/circuit-breakers/vms/events?kind=transition";
    let id = ids(&list(&desk.get(path).await))[0];
    let text = r#"{"id": "x", "steps": []}"#;
    keeper.attach_replay("vms", generation, text.to_owned());
    settled(&keeper).await;
    assert_eq!(list(&desk.get(path).await)[0]["has_replay"], true);
    let replay = desk.get(&format!("{ALL}/{id}/replay")).await;
    assert_eq!((replay.status.as_u16(), replay.text.as_str()), (200, text));
    // A reset has none.
    desk.vms.reset(&Author::new("ada"));
    settled(&keeper).await;
    let reset = ids(&list(&desk.get(&format!("{ALL}?kind=reset")).await))[0];
    let detail = desk
        .get(&format!("{ALL}/{reset}/replay"))
        .await
        .problem(404);
    assert!(detail.contains("no calls were recorded"), "{detail}");
}

#[tokio::test]
async fn what_is_wrong_in_the_query_is_refused() {
    let (desk, _keeper) = kept();
    for query in [
        "limit=0",
        "limit=1001",
        "cursor=x",
        "cursor=-1",
        "cursor=99999999999999999999",
        "kind=opened",
        "kinds=reset",
        "branch=a&branch=b",
    ] {
        desk.get(&format!("{ALL}?{query}")).await.problem(422);
        desk.get(&format!("{OF_RAG}?{query}")).await.problem(422);
    }
    desk.get(&format!("{OF_RAG}?circuit=vms"))
        .await
        .problem(422);
    desk.get("/api/v1/circuit-breakers/none/events")
        .await
        .problem(404);
}

#[tokio::test]
async fn a_history_that_cannot_be_read_is_503_and_everything_else_goes_on() {
    let (desk, keeper) = kept();
    keeper.close().expect("it ends");
    for path in [ALL, OF_RAG, "/api/v1/events/1", "/api/v1/events/1/replay"] {
        let answer = desk.get(path).await;
        answer.problem(503);
        assert_eq!(answer.headers["retry-after"], "5");
    }
    desk.get("/api/v1/circuit-breakers/rag").await.ok();
}

#[tokio::test]
async fn a_row_of_the_history_is_in_the_stream_once_it_is_kept() {
    let (desk, _keeper) = kept();
    let mut following = super::stream::follow_all(&desk).await;
    desk.rag.reset(&Author::new("ada"));
    let told = following.next_of("event").await;
    assert_eq!(told.data["kind"], "reset");
    assert_eq!(told.data["by"], "ada");
    let id = told.data["id"].as_u64().expect("a number");
    assert_eq!(desk.get(&format!("{ALL}/{id}")).await.ok(), told.data);
}

#[tokio::test]
async fn without_a_keeper_of_the_host_s_the_history_is_kept_in_memory() {
    let desk = Desk::new();
    desk.rag.reset(&Author::new("ada"));
    let begun = tokio::time::Instant::now();
    while list(&desk.get(&format!("{OF_RAG}?kind=reset")).await).is_empty() {
        assert!(begun.elapsed().as_secs() < 20, "the reset does not come");
        tokio::task::yield_now().await;
    }
}
