//! `/v1/circuit` and `/v1/circuits/{pos_id}`.

use serde_json::json;
use systems::stand_in::switches::Mode;

use super::shop::Shop;

#[tokio::test]
async fn a_reset_closes_the_circuit_and_clears_failure_count_and_last_failure() {
    let shop = Shop::open(&[("RECOVERY_TIMEOUT", "3600")]).await;
    shop.switches.turn(Mode::Fail);
    for number in 0..5 {
        shop.sell(&format!("pos-{number}"), &format!("r-{number}"))
            .await;
    }
    let open = shop.circuit_is("OPEN").await;
    assert_eq!(
        (&open["failure_count"], &open["state_changes"]),
        (&json!(5), &json!(1))
    );
    assert!(open["last_failure"].is_string() && open["last_state_change"].is_string());

    // Well again, or the retries of the five would be counted by the time that it is looked at.
    shop.switches.turn(Mode::Well);
    let (status, closed) = shop.post("/v1/circuit", r#"{"action": "reset"}"#).await;
    assert_eq!((status, &closed["state"]), (200, &json!("CLOSED")));
    assert_eq!(
        (&closed["failure_count"], &closed["last_failure"]),
        (&json!(0), &json!(null))
    );
    assert_eq!(closed["state_changes"], 2);
    for number in 0..5 {
        shop.is(&format!("r-{number}"), "sent").await;
    }
    shop.close().await;
}

#[tokio::test]
async fn a_person_can_open_and_close_the_circuit() {
    let shop = Shop::open(&[("RECOVERY_TIMEOUT", "3600")]).await;
    let (_, open) = shop.post("/v1/circuit", r#"{"action": "open"}"#).await;
    assert_eq!(open["state"], "OPEN");
    shop.sell("pos-1", "r-1").await;
    assert_eq!(shop.receipt("r-1").await["state"], "pending");
    let (_, half) = shop.post("/v1/circuit", r#"{"action": "half_open"}"#).await;
    assert_eq!(half["state"], "HALF_OPEN");
    shop.is("r-1", "sent").await;
    let (_, closed) = shop.post("/v1/circuit", r#"{"action": "close"}"#).await;
    assert_eq!(closed["state"], "CLOSED");
    for wrong in ["{", r#"{"action": "explode"}"#, "{}"] {
        let (status, problem) = shop.post("/v1/circuit", wrong).await;
        assert!((400..=422).contains(&status), "{problem}");
    }
    assert_eq!(shop.get("/v1/circuits/pos-1").await.0, 404);
    shop.close().await;
}

#[tokio::test]
async fn with_a_circuit_per_terminal_one_is_cut_off_alone() {
    let shop = Shop::open(&[
        ("OFD_CIRCUIT_PER_TERMINAL", "true"),
        ("RECOVERY_TIMEOUT", "3600"),
    ])
    .await;
    for pos_id in ["pos-1", "pos-2", "pos-3", "pos-4"] {
        shop.sell(pos_id, &format!("{pos_id}-1")).await;
        shop.is(&format!("{pos_id}-1"), "sent").await;
    }
    let (status, open) = shop
        .post("/v1/circuits/pos-1", r#"{"action": "open"}"#)
        .await;
    assert_eq!((status, &open["state"]), (200, &json!("OPEN")));
    shop.sell("pos-1", "pos-1-2").await;
    shop.sell("pos-2", "pos-2-2").await;
    shop.is("pos-2-2", "sent").await;
    assert_eq!(shop.receipt("pos-1-2").await["state"], "pending");
    assert_eq!(shop.get("/v1/circuits/pos-2").await.1["state"], "CLOSED");
    assert_eq!(shop.get("/v1/circuit").await.1["state"], "CLOSED");

    let (_, closed) = shop
        .post("/v1/circuits/pos-1", r#"{"action": "reset"}"#)
        .await;
    assert_eq!(closed["state"], "CLOSED");
    shop.close().await;
}
