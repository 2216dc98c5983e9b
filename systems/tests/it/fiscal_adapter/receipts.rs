//! `POST /v1/receipts` and `GET /v1/receipts/{id}`.

use serde_json::json;
use systems::stand_in::switches::Mode;

use super::shop::Shop;

#[tokio::test]
async fn a_receipt_is_answered_at_once_and_found_with_the_ofds_answer_later() {
    let shop = Shop::open(&[]).await;
    let body = r#"{"receipt_id": "r-1", "pos_id": "pos-1", "items": [], "total": 1.10}"#;
    let (status, answer) = shop.post("/v1/receipts", body).await;
    let buffered = json!({"receipt_id": "r-1", "pos_id": "pos-1", "status": "buffered"});
    assert_eq!((status, answer), (202, buffered));

    let sent = shop.is("r-1", "sent").await;
    assert_eq!(
        (&sent["receipt_id"], &sent["pos_id"]),
        (&json!("r-1"), &json!("pos-1"))
    );
    let ofd = &sent["ofd"];
    assert_eq!(
        (&ofd["fiscal_doc_number"], &ofd["status"]),
        (&json!(1), &json!("accepted"))
    );
    assert!(ofd["fiscal_doc_datetime"].is_string() && ofd["fiscal_sign"].is_string());
    assert_eq!(shop.get("/v1/receipts/r-2").await.0, 404);
    shop.close().await;
}

#[tokio::test]
async fn a_hanging_ofd_delays_no_receipt() {
    let shop = Shop::open(&[("OFD_TIMEOUT", "300ms")]).await;
    shop.switches.turn(Mode::Hang);
    for number in 0..20 {
        shop.sell("pos-1", &format!("r-{number}")).await;
    }
    shop.switches.turn(Mode::Well);
    shop.is("r-19", "sent").await;
    shop.close().await;
}

#[tokio::test]
async fn a_repeated_receipt_is_answered_the_same_and_another_one_with_its_id_is_refused() {
    let shop = Shop::open(&[]).await;
    let receipt = r#"{"receipt_id": "r-1", "pos_id": "pos-1", "total": 1}"#;
    let first = shop.post("/v1/receipts", receipt).await;
    assert_eq!(shop.post("/v1/receipts", receipt).await, first);
    shop.is("r-1", "sent").await;
    assert_eq!(shop.post("/v1/receipts", receipt).await, first);

    for other in [
        r#"{"receipt_id": "r-1", "pos_id": "pos-1", "total": 2}"#,
        r#"{"receipt_id": "r-1", "pos_id": "pos-2", "total": 1}"#,
    ] {
        let (status, problem) = shop.post("/v1/receipts", other).await;
        assert_eq!((status, &problem["status"]), (409, &json!(409)));
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("another content"), "{detail}");
    }
    let documents = shop.ofd.documents();
    assert_eq!((documents.len(), documents[0].repeats), (1, 0));
    shop.close().await;
}

#[tokio::test]
async fn what_is_no_receipt_is_refused_and_told_why() {
    let shop = Shop::open(&[]).await;
    let large = format!(
        r#"{{"receipt_id": "r", "pos_id": "p", "x": "{}"}}"#,
        "x".repeat(300_000)
    );
    for (body, status, word) in [
        ("{", 400, "EOF"),
        (r#"{"receipt_id": "r-1"}"#, 422, "pos_id"),
        (r#"{"receipt_id": "r 1", "pos_id": "p"}"#, 422, "receipt_id"),
        (r#"{"receipt_id": "r-1", "pos_id": ""}"#, 422, "pos_id"),
        (large.as_str(), 413, "length limit"),
    ] {
        let (found, problem) = shop.post("/v1/receipts", body).await;
        assert_eq!(found, status, "{problem}");
        assert!(
            problem["detail"].as_str().unwrap().contains(word),
            "{problem}"
        );
    }
    shop.close().await;
}

#[tokio::test]
async fn a_page_that_is_no_document_does_not_count_as_the_ofds_answer() {
    let shop = Shop::open(&[]).await;
    shop.switches.turn(systems::stand_in::switches::Behaviour {
        status: 200,
        times: Some(3),
        ..Mode::Fail.into()
    });
    shop.sell("pos-1", "r-1").await;
    let sent = shop.is("r-1", "sent").await;
    assert_eq!(
        (&sent["tries"], &sent["ofd"]["status"]),
        (&json!(4), &json!("accepted"))
    );
    shop.close().await;
}

#[tokio::test]
async fn a_full_buffer_takes_no_receipt_and_says_so() {
    let shop = Shop::open(&[("BUFFER_MAX", "2")]).await;
    shop.switches.turn(Mode::Fail);
    shop.sell("pos-1", "r-1").await;
    shop.sell("pos-1", "r-2").await;
    let body = r#"{"receipt_id": "r-3", "pos_id": "pos-1"}"#;
    let (status, problem) = shop.post("/v1/receipts", body).await;
    assert_eq!(
        (status, &problem["title"]),
        (503, &json!("The buffer is full"))
    );
    let (status, health) = shop.get("/v1/health").await;
    assert_eq!((status, &health["status"]), (503, &json!("unhealthy")));
    assert_eq!(health["components"]["buffer"]["percent_full"], 100.0);

    shop.switches.turn(Mode::Well);
    shop.is("r-2", "sent").await;
    assert_eq!(shop.post("/v1/receipts", body).await.0, 202);
    shop.close().await;
}
