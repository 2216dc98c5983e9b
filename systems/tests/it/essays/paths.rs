//! Each path: its answer, its fallback, and what counts.

use std::time::Duration;

use fusebox::State;
use fusebox::testing::Transitions;
use serde_json::json;
use systems::stand_in::switches::Mode;

use super::rig::{CHECKED, CONDUCTOR, Rig};

#[tokio::test]
async fn a_pipeline_is_the_conductors_and_the_default_one_while_it_is_away() {
    let mut rig = Rig::new(&[]).await;
    let answer = rig.resolve("b1").await;
    assert_eq!(answer.status, 200);
    let steps = json!(["spell_check", "readability", "assessment"]);
    let expected = json!({
        "batch_id": "b1", "pipeline": steps, "source": "conductor", "event": "queued",
    });
    assert_eq!(answer.body, expected);

    let mut transitions = Transitions::watch(rig.circuit(CONDUCTOR));
    rig.services.conductor.crash().await;
    for _ in 0..8 {
        let answer = rig.resolve("b1").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.body["source"], "default");
        assert_eq!(
            answer.body["pipeline"],
            json!(["spell_check", "assessment"])
        );
    }
    transitions.assert([(State::Closed, State::Open)]);
    let fallbacks = rig.circuit(CONDUCTOR).fallbacks();
    assert_eq!(fallbacks, [("default_pipeline", 8)]);

    // Back: after 60 s, two successful trials.
    rig.services.conductor.come_back().await.unwrap();
    assert_eq!(rig.resolve("b1").await.body["source"], "default");
    rig.clock.advance(Duration::from_secs(60));
    for _ in 0..2 {
        assert_eq!(rig.resolve("b1").await.body["source"], "conductor");
    }
    transitions.assert([
        (State::Open, State::HalfOpen),
        (State::HalfOpen, State::Closed),
    ]);
}

#[tokio::test]
async fn every_kind_of_http_client_error_counts_and_what_is_not_there_passes_uncounted() {
    let rig = Rig::new(&[]).await;
    let failures = || rig.circuit(CONDUCTOR).snapshot().totals.failure;
    for (number, mode) in (1..).zip([Mode::Fail, Mode::Drop, Mode::Hang]) {
        rig.services.conductor.switches.turn(mode);
        assert_eq!(
            rig.resolve("b1").await.body["source"],
            "default",
            "{mode:?}"
        );
        assert_eq!(failures(), number, "{mode:?}");
    }
    rig.services.conductor.switches.turn(Mode::Well);
    for _ in 0..9 {
        assert_eq!(rig.resolve("unknown-1").await.status, 404);
    }
    let totals = rig.circuit(CONDUCTOR).snapshot().totals;
    assert_eq!((totals.failure, totals.success), (3, 0));
    // So two more failures, however many answers were in between, make five in a row.
    rig.services.conductor.switches.turn(Mode::Drop);
    rig.resolve("b1").await;
    assert_eq!(rig.circuit(CONDUCTOR).state(), State::Closed);
    rig.resolve("b1").await;
    assert_eq!(rig.circuit(CONDUCTOR).state(), State::Open);
}

#[tokio::test]
async fn a_fallback_that_is_switched_off_leaves_the_error_to_the_caller() {
    let rig = Rig::new(&[("FALLBACKS_OFF", CONDUCTOR)]).await;
    rig.services.conductor.switches.turn(Mode::Drop);
    for call in 1..=6 {
        let answer = rig.resolve("b1").await;
        assert_eq!(answer.status, 503, "call {call}");
        assert_eq!(
            answer.retry_after(),
            (call == 6).then_some("60"),
            "call {call}"
        );
    }
    // Another circuit's stays.
    assert_eq!(rig.spell_check("e1").await.status, 200);
    rig.services.content.switches.turn(Mode::Drop);
    assert_eq!(rig.spell_check("e1").await.status, 200);
}

#[tokio::test]
async fn an_essay_is_checked_with_the_text_as_it_was_read_while_content_is_away() {
    let rig = Rig::new(&[]).await;
    let well = rig.spell_check("e1").await;
    let corrections = json!([
        { "word": "recieve", "correction": "receive" },
        { "word": "untill", "correction": "until" },
    ]);
    assert_eq!(well.body["corrections"], corrections);
    rig.services.content.switches.turn(Mode::Hang);
    for _ in 0..7 {
        let answer = rig.spell_check("e1").await;
        assert_eq!((answer.status, &answer.body), (200, &well.body));
    }
    assert_eq!(rig.circuit(CHECKED).state(), State::Open);
    assert_eq!(rig.circuit(CHECKED).fallbacks(), [("last_text", 7)]);
    // An essay that nobody has read cannot be checked.
    let answer = rig.spell_check("e2").await;
    assert_eq!((answer.status, answer.retry_after()), (503, Some("60")));
    // The assessment reads through a circuit of its own.
    let assessed = rig.circuit("cj_assessment.content_client");
    assert_eq!(assessed.state(), State::Closed);
}

#[tokio::test]
async fn what_is_wrong_is_told_to_the_caller_and_reaches_nobody() {
    let rig = Rig::new(&[]).await;
    let (conductor, content) = (
        &rig.services.conductor.switches,
        &rig.services.content.switches,
    );
    assert_eq!(rig.resolve("b%2F..%2Fx").await.status, 422);
    assert_eq!(rig.spell_check("a%20b").await.status, 422);
    assert_eq!((conductor.calls(), content.calls()), (0, 0));
    assert_eq!(rig.spell_check("unknown").await.status, 404);
    assert_eq!(rig.assess("unknown").await.status, 404);
    // Too long for any provider: none is asked, and none is to blame.
    assert_eq!(rig.assess("long").await.status, 413);
    let asked = rig
        .services
        .providers
        .iter()
        .map(|one| one.stand_in.switches.calls());
    assert_eq!(asked.sum::<u64>(), 0);
}

#[tokio::test]
async fn the_metrics_have_the_standard_names() {
    let rig = Rig::new(&[]).await;
    rig.services.conductor.switches.turn(Mode::Drop);
    for _ in 0..6 {
        rig.resolve("b1").await;
    }
    let metrics = rig.get("/fusebox/metrics").await.body;
    let metrics = metrics.as_str().unwrap();
    let labels = format!("service_name=\"batch_orchestrator\",circuit_name=\"{CONDUCTOR}\"");
    for line in [
        format!("circuit_breaker_state{{{labels}}} 1"),
        format!("circuit_breaker_calls_total{{{labels},result=\"failure\"}} 5"),
        format!("circuit_breaker_calls_total{{{labels},result=\"blocked\"}} 1"),
        format!("circuit_breaker_fallback_total{{{labels},fallback_type=\"default_pipeline\"}} 6"),
        "circuit_breaker_recovery_attempts_total".to_owned(),
        "fusebox_queue_depth".to_owned(),
    ] {
        assert!(metrics.contains(&line), "{line}\n{metrics}");
    }
}
