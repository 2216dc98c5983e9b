//! `GET /v1/health`, the admin interface and the metrics.

use serde_json::json;
use systems::stand_in::switches::Mode;

use super::shop::Shop;
use crate::wait::until;

#[tokio::test]
async fn health_has_the_teams_shape_to_the_letter() {
    let shop = Shop::open(&[]).await;
    let (status, health) = shop.get("/v1/health").await;
    let expected = json!({
        "status": "healthy",
        "components": {
            "buffer": {"status": "healthy", "percent_full": 0.0, "dlq_size": 0, "pending": 0},
            "circuit_breaker": {
                "state": "CLOSED", "failure_count": 0, "success_count": 0, "last_failure": null
            },
            "database": {"status": "healthy", "type": "SQLite", "mode": "WAL"},
        },
        "version": env!("CARGO_PKG_VERSION"),
    });
    assert_eq!((status, health), (200, expected));
    shop.close().await;
}

#[tokio::test]
async fn an_outage_of_the_ofd_is_shown_and_is_no_illness() {
    let shop = Shop::open(&[("RECOVERY_TIMEOUT", "3600"), ("BUFFER_MAX", "100")]).await;
    shop.switches.turn(Mode::Fail);
    for number in 0..5 {
        shop.sell(&format!("pos-{number}"), &format!("r-{number}"))
            .await;
    }
    shop.circuit_is("OPEN").await;
    let (status, health) = shop.get("/v1/health").await;
    assert_eq!((status, &health["status"]), (200, &json!("healthy")));
    let (buffer, circuit) = (
        &health["components"]["buffer"],
        &health["components"]["circuit_breaker"],
    );
    assert_eq!(
        (&buffer["pending"], &buffer["percent_full"]),
        (&json!(5), &json!(5.0))
    );
    assert_eq!(
        (&circuit["state"], &circuit["failure_count"]),
        (&json!("OPEN"), &json!(5))
    );
    assert!(circuit["last_failure"].as_str().unwrap().contains('T'));
    shop.close().await;
}

#[tokio::test]
async fn the_buffer_is_a_sqlite_file_in_wal_mode() {
    let shop = Shop::open(&[]).await;
    shop.sell("pos-1", "r-1").await;
    shop.is("r-1", "sent").await;
    let file = std::fs::read(shop.folder.path().join("adapter/receipts.db")).unwrap();
    assert_eq!(&file[..16], b"SQLite format 3\0");
    // "File format write version" and "read version": 2 is WAL.
    assert_eq!(file[18..20], [2, 2]);
    shop.close().await;
}

#[tokio::test]
async fn the_admin_interface_and_the_metrics_are_there() {
    let shop = Shop::open(&[]).await;
    shop.sell("pos-1", "r-1").await;
    shop.is("r-1", "sent").await;
    let (status, circuit) = shop.get("/fusebox/api/v1/circuit-breakers/ofd").await;
    assert_eq!((status, &circuit["state"]), (200, &json!("closed")));
    let (status, queue) = shop.get("/fusebox/api/v1/queues/receipts").await;
    assert_eq!(status, 200, "{queue}");
    until(async || {
        let (_, metrics) = shop.get("/fusebox/metrics").await;
        metrics.as_str().is_some_and(|text| {
            text.contains("circuit_name=\"ofd\"")
                && text.contains("fusebox_queue_delivered_total{queue=\"receipts\"} 1\n")
                && text.contains("fusebox_queue_drain_rate{queue=\"receipts\"} ")
        })
    })
    .await;
    shop.close().await;
}
