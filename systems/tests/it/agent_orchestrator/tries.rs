//! Calls are tried again: bounded, inside the time-out, and not once the circuit is open.

use std::time::Duration;

use fusebox::State;
use systems::stand_in::switches::{Behaviour, Mode};

use super::rig::{Rig, step};
use crate::wait::timed;

fn times(mode: Mode, times: u32) -> Behaviour {
    Behaviour {
        times: Some(times),
        ..mode.into()
    }
}

#[tokio::test]
async fn a_call_that_fails_twice_is_answered_by_its_third_try() {
    let rig = Rig::new().await;
    for mode in [Mode::Fail, Mode::Drop] {
        rig.services.rag.switches.turn(times(mode, 2));
        let before = rig.services.rag.switches.calls();
        let answer = rig.orchestrate().await;
        assert_eq!(step(&answer, "rag")["status"], "success", "{mode:?}");
        assert_eq!(answer["fallback_used"], false);
        assert_eq!(rig.services.rag.switches.calls() - before, 3, "{mode:?}");
    }
}

#[tokio::test]
async fn there_are_three_tries_and_each_of_them_counts() {
    let rig = Rig::new().await;
    rig.services.rag.switches.turn(Mode::Fail);
    let answer = rig.orchestrate().await;
    assert_eq!(step(&answer, "rag")["status"], "fallback");
    assert_eq!(rig.services.rag.switches.calls(), 3);
    let circuit = rig.circuit("rag_service").snapshot();
    assert_eq!((circuit.state, circuit.totals.failure), (State::Closed, 3));
}

#[tokio::test]
async fn the_opening_of_the_circuit_ends_the_tries() {
    let rig = Rig::new().await;
    rig.services.rag.switches.turn(Mode::Fail);
    rig.orchestrate().await;
    // Five in a row open it: the second call has two tries left of its three.
    let answer = rig.orchestrate().await;
    assert_eq!(answer["circuits"]["rag_service"], "open");
    assert_eq!(rig.services.rag.switches.calls(), 5);
    rig.orchestrate().await;
    assert_eq!(rig.services.rag.switches.calls(), 5);
}

#[tokio::test]
async fn tries_and_their_waits_stay_inside_the_time_out() {
    let rig = Rig::with(&[("RAG_TIMEOUT", "0.4")]).await;
    // The first try fails at once; the second hangs, and the time-out ends it.
    rig.services.rag.switches.turn(times(Mode::Fail, 1));
    let hang = async {
        while rig.services.rag.switches.calls() == 0 {
            tokio::task::yield_now().await;
        }
        rig.services.rag.switches.turn(Mode::Hang);
    };
    let ((answer, ()), took) = timed(async { tokio::join!(rig.orchestrate(), hang) }).await;
    assert_eq!(step(&answer, "rag")["status"], "fallback");
    assert!(took >= Duration::from_millis(350), "{took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn a_time_out_counts_as_a_failure_and_gives_the_fallback() {
    let rig = Rig::with(&[("RAG_TIMEOUT", "0.2")]).await;
    rig.services.rag.switches.turn(Mode::Hang);
    let (answer, took) = timed(rig.orchestrate()).await;
    assert_eq!(step(&answer, "rag")["status"], "fallback");
    assert!(took < Duration::from_secs(2), "{took:?}");
    let totals = rig.circuit("rag_service").snapshot().totals;
    assert_eq!(totals.failures(fusebox::FailureClass::Timeout), 1);
}

#[tokio::test]
async fn a_service_that_answers_nonsense_has_failed() {
    use axum::Router;
    use axum::routing::post;
    use systems::hosting::Hosted;

    for said in ["<html>log in</html>", "null", "[]", "{\"a\": 1", "\u{0}"] {
        let nonsense = Router::new().route("/query", post(async move || said));
        let listen = ([127, 0, 0, 1], 0).into();
        let nonsense = Hosted::start(listen, nonsense).await.unwrap();
        let rig = Rig::with_rag_at(&nonsense.url()).await;
        let answer = rig.orchestrate().await;
        assert_eq!(step(&answer, "rag")["status"], "fallback", "{said}");
        assert!(!answer.to_string().contains("html"), "{answer}");
        let totals = rig.circuit("rag_service").snapshot().totals;
        assert_eq!(totals.failures(fusebox::FailureClass::Other), 3, "{said}");
    }
}
