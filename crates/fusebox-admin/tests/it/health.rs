//! Live, ready, healthy.

use axum::http::header;
use fusebox::{Author, HoldKind, HoldRequest};
use serde_json::json;

use super::asking::{Desk, fail, instant};

fn hold(kind: HoldKind) -> HoldRequest {
    HoldRequest {
        kind,
        reason: "drill".to_owned(),
        author: Author::new("test"),
        for_: None,
    }
}

#[tokio::test]
async fn readiness_follows_the_process_and_never_the_circuits() {
    let desk = Desk::new();
    for breaker in [desk.rag, desk.vms] {
        fail(breaker);
        fail(breaker);
    }
    let starting = desk.get("/readyz").await;
    assert_eq!(
        (starting.status.as_u16(), starting.text.as_str()),
        (503, "starting\n")
    );
    desk.readiness.set_ready();
    let ready = desk.get("/readyz").await;
    assert_eq!(
        (ready.status.as_u16(), ready.text.as_str()),
        (200, "ready\n")
    );
    desk.readiness.set_draining();
    let draining = desk.get("/readyz").await;
    assert_eq!(
        (draining.status.as_u16(), draining.text.as_str()),
        (503, "draining\n")
    );
    let alive = desk.get("/livez").await;
    assert_eq!((alive.status.as_u16(), alive.text.as_str()), (200, "ok\n"));
}

#[tokio::test]
async fn readiness_tells_what_it_asked_when_verbose() {
    let desk = Desk::new();
    fail(desk.rag);
    fail(desk.rag);
    desk.readiness.set_ready();
    let expected = "[+] settings read\n[+] listeners open\n[+] not shutting down\n\
                    [+] 1 of 2 circuits open (never fails readiness)\nready\n";
    for path in [
        "/readyz?verbose",
        "/readyz?verbose=1",
        "/readyz?a=b&verbose",
    ] {
        assert_eq!(desk.get(path).await.text, expected, "{path}");
    }
    desk.readiness.set_draining();
    let draining = desk.get("/readyz?verbose").await;
    assert_eq!(draining.status, 503);
    assert!(
        draining.text.contains("[-] not shutting down\n"),
        "{}",
        draining.text
    );
}

#[tokio::test]
async fn health_passes_while_no_critical_circuit_is_open() {
    let desk = Desk::new();
    fail(desk.vms);
    fail(desk.vms);
    let answer = desk.get("/health").await;
    assert_eq!(
        answer.header(header::CONTENT_TYPE),
        "application/health+json"
    );
    let health = answer.ok();
    assert_eq!(health["status"], "pass");
    assert_eq!(health["output"], json!(null));
    instant(&health["time"]);
    let vms = json!({
        "name": "vms", "status": "pass", "state": "open", "hold": null, "priority": 3
    });
    assert_eq!(health["circuits"][1], vms);
}

#[tokio::test]
async fn an_open_circuit_of_priority_1_is_a_warning_and_still_200() {
    let desk = Desk::new();
    fail(desk.rag);
    fail(desk.rag);
    let health = desk.get("/health").await.ok();
    assert_eq!(health["status"], "warn");
    assert!(
        health["output"]
            .as_str()
            .is_some_and(|output| output.contains("rag"))
    );
    let states: Vec<_> = health["circuits"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|circuit| (circuit["name"].clone(), circuit["status"].clone()))
        .collect();
    assert_eq!(
        states,
        [(json!("rag"), json!("warn")), (json!("vms"), json!("pass"))]
    );
}

#[tokio::test]
async fn health_goes_by_the_state_that_callers_feel() {
    let desk = Desk::new();
    desk.rag.hold(hold(HoldKind::ForcedOpen));
    let health = desk.get("/health").await.ok();
    assert_eq!(health["status"], "warn");
    assert_eq!(health["circuits"][0]["state"], "open");
    assert_eq!(health["circuits"][0]["hold"], "forced_open");

    desk.rag.release(&Author::new("test"));
    desk.rag.reset(&Author::new("test"));
    fail(desk.rag);
    fail(desk.rag);
    desk.rag.hold(hold(HoldKind::Disabled));
    let health = desk.get("/health").await.ok();
    assert_eq!(health["status"], "pass");
    assert_eq!(health["circuits"][0]["state"], "closed");
}

#[tokio::test]
async fn an_open_main_breaker_is_a_warning_whatever_the_circuits_say() {
    let desk = Desk::new();
    let main = desk.rag.main().expect("a main breaker");
    main.open("invoice dispute", &Author::new("test"));
    let health = desk.get("/health").await.ok();
    assert_eq!(
        (&health["status"], &health["main"]),
        (&json!("warn"), &json!("open"))
    );
    assert_eq!(
        health["output"],
        "the main breaker is open: invoice dispute"
    );
    assert_eq!(health["circuits"][1]["state"], "open");

    main.close(&Author::new("test"));
    let health = desk.get("/health").await.ok();
    assert_eq!(
        (&health["status"], &health["main"]),
        (&json!("pass"), &json!("closed"))
    );
    assert_eq!(health["output"], json!(null));
}
