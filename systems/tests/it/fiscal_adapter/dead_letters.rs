//! `/v1/dead-letters…`: what the OFD will not take waits for a person.

use serde_json::json;
use systems::stand_in::switches::{Behaviour, Mode};

use super::shop::Shop;

#[tokio::test]
async fn a_refused_receipt_waits_for_a_person_and_its_terminal_goes_on() {
    let shop = Shop::open(&[]).await;
    let wrong = r#"{"receipt_id": "r-1", "pos_id": "pos-1", "total": -1}"#;
    assert_eq!(shop.post("/v1/receipts", wrong).await.0, 202);
    shop.sell("pos-1", "r-2").await;
    shop.is("r-2", "sent").await;
    let dead = shop.is("r-1", "dead").await;
    assert_eq!(dead["ofd"]["detail"], "total: below 0");

    let (_, list) = shop.get("/v1/dead-letters").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&list["items"][0]["receipt_id"], &list["next"]),
        (&json!("r-1"), &json!(null))
    );
    let (status, letter) = shop.get("/v1/dead-letters/r-1").await;
    assert_eq!((status, &letter["reason"]), (200, &json!("refused")));
    assert_eq!(letter["receipt"]["total"], -1);
    assert_eq!(letter["history"].as_array().unwrap().len(), 1);
    assert_eq!(shop.get("/v1/dead-letters/r-2").await.0, 404);
    assert_eq!(shop.get("/v1/circuit").await.1["state"], "CLOSED");
    shop.close().await;
}

#[tokio::test]
async fn a_retried_dead_letter_is_sent_and_a_discarded_one_is_gone() {
    let shop = Shop::open(&[]).await;
    shop.switches.turn(Behaviour {
        times: Some(2),
        ..Mode::Refuse.into()
    });
    for id in ["r-1", "r-2"] {
        shop.sell("pos-1", id).await;
        shop.is(id, "dead").await;
    }
    let (status, retried) = shop.post("/v1/dead-letters/r-1/retry", "").await;
    assert_eq!(status, 200, "{retried}");
    shop.is("r-1", "sent").await;
    assert_eq!(shop.post("/v1/dead-letters/r-1/retry", "").await.0, 404);

    let (status, discarded) = shop.post("/v1/dead-letters/r-2/discard", "").await;
    assert_eq!((status, &discarded["state"]), (200, &json!("discarded")));
    assert_eq!(shop.get("/v1/receipts/r-2").await.0, 404);
    assert_eq!(shop.get("/v1/dead-letters").await.1["items"], json!([]));
    let ids: Vec<_> = shop
        .ofd
        .documents()
        .into_iter()
        .map(|kept| kept.receipt_id)
        .collect();
    assert_eq!(ids, ["r-1"]);
    shop.close().await;
}

#[tokio::test]
async fn a_receipt_that_used_up_its_tries_is_a_dead_letter() {
    let shop = Shop::open(&[("MAX_TRIES", "3")]).await;
    shop.switches.turn(Behaviour {
        times: Some(3),
        ..Mode::Fail.into()
    });
    shop.sell("pos-1", "r-1").await;
    shop.sell("pos-1", "r-2").await;
    let dead = shop.is("r-1", "dead").await;
    assert_eq!((&dead["tries"], &dead["ofd"]), (&json!(3), &json!(null)));
    let (_, letter) = shop.get("/v1/dead-letters/r-1").await;
    assert_eq!(letter["reason"], "attempts");
    shop.is("r-2", "sent").await;
    shop.close().await;
}
