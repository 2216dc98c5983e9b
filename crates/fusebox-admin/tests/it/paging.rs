//! Lists in pages.

use fusebox::{Author, Definition};
use serde_json::{Value, json};

use super::asking::Desk;

const LIST: &str = "/api/v1/circuit-breakers";

fn names(page: &Value) -> Vec<&str> {
    let circuits = page["circuits"].as_array().expect("a list");
    circuits
        .iter()
        .filter_map(|circuit| circuit["name"].as_str())
        .collect()
}

#[tokio::test]
async fn pages_together_are_the_list() {
    let desk = Desk::new();
    for number in 0..20 {
        let name = format!("c{number:02}");
        desk.registry.add(Definition::new(name)).expect("a circuit");
    }
    let whole = desk.get(LIST).await.ok();
    for limit in [1, 7, 21, 22, 1000] {
        let mut seen = Vec::new();
        let mut path = format!("{LIST}?limit={limit}");
        loop {
            let page = desk.get(&path).await.ok();
            assert!(names(&page).len() <= limit);
            seen.extend(names(&page).iter().map(|name| (*name).to_owned()));
            let Some(next) = page["next"].as_str() else {
                break;
            };
            path = format!("{LIST}?limit={limit}&cursor={next}");
        }
        assert_eq!(seen, names(&whole), "{limit}");
    }
}

#[tokio::test]
async fn a_cursor_of_a_circuit_that_is_gone_goes_on_after_it() {
    let desk = Desk::new();
    let page = desk.get(&format!("{LIST}?limit=1")).await.ok();
    assert_eq!((names(&page), &page["next"]), (vec!["rag"], &json!("rag")));
    desk.registry.remove("rag", &Author::new("test"));
    let page = desk.get(&format!("{LIST}?limit=1&cursor=rag")).await.ok();
    assert_eq!((names(&page), &page["next"]), (vec!["vms"], &json!(null)));
    let end = desk.get(&format!("{LIST}?cursor=zzz")).await.ok();
    assert_eq!(end, json!({"circuits": [], "next": null}));
}

#[tokio::test]
async fn a_limit_outside_its_bounds_and_a_name_that_is_not_known_are_refused() {
    let desk = Desk::new();
    for query in [
        "limit=0",
        "limit=1001",
        "limit=x",
        "limit=1&limit=1",
        "max=3",
        "cursor=%zz",
    ] {
        desk.get(&format!("{LIST}?{query}")).await.problem(422);
    }
}

#[tokio::test]
async fn the_tag_of_a_circuit_follows_its_settings_and_not_its_traffic() {
    use fusebox::{OverrideRequest, SettingsChange};
    let desk = Desk::new();
    let path = format!("{LIST}/rag");
    let first = desk.get(&path).await.headers["etag"].clone();
    super::asking::fail(desk.rag);
    super::asking::fail(desk.rag);
    assert_eq!(desk.get(&path).await.headers["etag"], first);
    let change = SettingsChange::new().set("open_for", fusebox::Value::Text("20s"));
    let request = OverrideRequest {
        change,
        reason: "slow today".to_owned(),
        author: Author::new("ada"),
        for_: Some(std::time::Duration::from_secs(60)),
        age: None,
    };
    let again = request.clone();
    desk.registry
        .set_override("rag", request)
        .expect("an override");
    let overridden = desk.get(&path).await;
    assert_ne!(overridden.headers["etag"], first);
    let over = &overridden.ok()["override"];
    assert_eq!(over["settings"], json!({"open_for": "20s"}));
    assert_eq!(
        (&over["reason"], &over["author"]),
        (&json!("slow today"), &json!("ada"))
    );
    assert_eq!(
        super::asking::between(&over["since"], &over["until"]),
        60_000
    );

    // Another override is another tag, also with the same settings.
    desk.clock.advance(std::time::Duration::from_secs(1));
    desk.registry
        .set_override("rag", again)
        .expect("an override");
    let (before, after) = (overridden.headers["etag"].clone(), desk.get(&path).await);
    assert_ne!(after.headers["etag"], before);

    // The thread ends it when its time is over.
    desk.clock.advance(std::time::Duration::from_secs(60));
    let begun = tokio::time::Instant::now();
    while desk.get(&path).await.headers["etag"] != first {
        assert!(begun.elapsed().as_secs() < 20, "the override does not end");
        tokio::task::yield_now().await;
    }
}
