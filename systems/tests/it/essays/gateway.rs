//! The gateway.

use std::time::Duration;

use fusebox::{State, Totals};
use systems::stand_in::switches::Mode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::rig::{CONDUCTOR, Rig};
use crate::http::call;

#[tokio::test]
async fn calls_are_passed_on_to_every_service_with_method_path_and_body() {
    let rig = Rig::new(&[]).await;
    let url = |path: &str| format!("{}/api/{path}", rig.platform.url());
    let body = r#"{"essay_id": "e1"}"#;
    for (method, path, body, status) in [
        ("POST", "batch_orchestrator/v1/batches/b1/pipeline", "", 200),
        ("POST", "spell_checker/v1/essays/e1/spellcheck", "", 200),
        ("POST", "cj_assessment/v1/assessments", body, 200),
        ("GET", "batch_conductor/v1/batches/b1/pipeline", "", 200),
        ("GET", "content/v1/essays/e1?draft=no", "", 200),
        ("GET", "content/v1/essays/unknown", "", 404),
        ("GET", "nobody/v1/essays", "", 404),
        ("POST", "cj_assessment/v1/assessments", "{}", 422),
    ] {
        let answer = call(method, &url(path), body).await.unwrap();
        assert_eq!(answer.status, status, "{path}: {answer:?}");
    }
    let circuit = rig.circuit("api_gateway.content_client");
    let totals = circuit.snapshot().totals;
    assert_eq!((totals.success, totals.failure), (1, 0));
}

#[tokio::test]
async fn a_service_that_is_down_is_cut_off_and_the_others_are_not() {
    let mut rig = Rig::new(&[]).await;
    rig.services.content.crash().await;
    let path = "/api/content/v1/essays/e1";
    for status in [502, 502, 502, 502, 502, 503] {
        assert_eq!(rig.get(path).await.status, status);
    }
    let answer = rig.get(path).await;
    assert_eq!((answer.status, answer.retry_after()), (503, Some("60")));
    assert_eq!(
        rig.get("/api/batch_conductor/v1/batches/b1/pipeline")
            .await
            .status,
        200
    );

    rig.services.content.come_back().await.unwrap();
    rig.clock.advance(Duration::from_secs(60));
    for _ in 0..2 {
        assert_eq!(rig.get(path).await.status, 200);
    }
    assert_eq!(
        rig.circuit("api_gateway.content_client").state(),
        State::Closed
    );
}

#[tokio::test]
async fn a_service_that_answers_for_its_own_open_circuit_is_not_cut_off() {
    let rig = Rig::new(&[("FALLBACKS_OFF", CONDUCTOR)]).await;
    rig.services.conductor.switches.turn(Mode::Drop);
    rig.open(CONDUCTOR);
    let url = format!("{}/api/batch_orchestrator", rig.platform.url());
    for _ in 0..9 {
        let answer = super::rig::resolve(&url, "b1").await;
        assert_eq!((answer.status, answer.retry_after()), (503, Some("60")));
    }
    let gateway = rig.circuit("api_gateway.batch_orchestrator_client");
    assert_eq!(gateway.state(), State::Closed);
    assert_eq!(gateway.snapshot().totals.failure, 0);
}

/// What is wrong with a body is its sender's fault: no service is cut off for it.
#[tokio::test]
async fn a_body_that_cannot_be_read_is_no_failure_of_the_service() {
    let rig = Rig::new(&[]).await;
    let address = rig.platform.url().replace("http://", "");
    let broken = "POST /api/cj_assessment/v1/assessments HTTP/1.1\r\nhost: a\r\n\
                  connection: close\r\ntransfer-encoding: chunked\r\n\r\nno length\r\n";
    for _ in 0..6 {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(broken.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    let large = "x".repeat(1 << 20);
    let url = format!("{}/api/cj_assessment/v1/assessments", rig.platform.url());
    assert_eq!(call("POST", &url, &large).await.unwrap().status, 413);
    let totals = rig.circuit("api_gateway.cj_assessment_client").snapshot();
    assert_eq!(
        (totals.state, totals.totals),
        (State::Closed, Totals::default())
    );
}
