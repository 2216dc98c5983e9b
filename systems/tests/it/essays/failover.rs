//! AI providers: their wire formats, their troubles, and who is asked next.

use std::time::Duration;

use fusebox::State;
use systems::stand_in::ai_providers::Stream;
use systems::stand_in::essay_services::KEY;
use systems::stand_in::switches::Mode;

use super::rig::Rig;

const NAMES: [&str; 4] = ["anthropic", "openai", "google", "openrouter"];
/// Circuits that never open here.
const PATIENT: (&str, &str) = ("API_CIRCUIT_BREAKER_FAILURE_THRESHOLD", "1000");

fn circuit(name: &str) -> String {
    format!("cj_assessment.{name}_provider")
}

#[tokio::test]
async fn whatever_ails_the_first_providers_the_next_one_answers_in_its_own_format() {
    let rig = Rig::new(&[PATIENT]).await;
    let troubles = [
        Stream::Breaks,
        Stream::Stops,
        Stream::Stalls,
        Stream::Errs,
        Stream::Empty,
        Stream::Limited,
    ];
    for trouble in troubles {
        for (place, name) in NAMES.into_iter().enumerate() {
            let answer = rig.assess("e1").await;
            assert_eq!(answer.status, 200, "{trouble:?} {name}: {answer:?}");
            assert_eq!(answer.body["provider"], name, "{trouble:?}");
            // The whole text, also the letter that the stream cuts in half.
            let text = answer.body["assessment"].as_str().unwrap();
            assert!(text.starts_with("A good essay of "), "{text}");
            assert!(text.ends_with(" bytes, naïve."), "{text}");
            rig.services.providers[place].turn(trouble);
        }
        let answer = rig.assess("e1").await;
        assert_eq!(answer.status, 503, "{trouble:?}: {answer:?}");
        assert!(!answer.body.to_string().contains("secret"), "{answer:?}");
        for provider in &rig.services.providers {
            provider.turn(Stream::Well);
        }
    }
    let fallbacks = rig.circuit(&circuit("anthropic")).fallbacks();
    assert_eq!(fallbacks, [("next", 18)]);
    let failures = NAMES.map(|name| rig.circuit(&circuit(name)).snapshot().totals.failure);
    assert_eq!(failures, [24, 18, 12, 6]);
}

#[tokio::test]
async fn a_provider_that_is_away_or_hangs_or_fails_is_passed_over() {
    for mode in [Mode::Drop, Mode::Hang, Mode::Fail] {
        let rig = Rig::new(&[]).await;
        rig.services.providers[0].stand_in.switches.turn(mode);
        for _ in 0..4 {
            assert_eq!(
                rig.assess("e1").await.body["provider"],
                "openai",
                "{mode:?}"
            );
        }
        let reached = rig.services.providers[0].stand_in.switches.calls();
        assert_eq!(
            reached, 3,
            "{mode:?}: the fourth call finds an open circuit"
        );
    }
}

#[tokio::test]
async fn a_rate_limit_is_a_failure_and_opens_the_circuit_for_its_time() {
    let rig = Rig::new(&[]).await;
    rig.services.providers[0].turn(Stream::Limited);
    let anthropic = rig.circuit(&circuit("anthropic"));
    for _ in 0..3 {
        assert_eq!(anthropic.state(), State::Closed);
        assert_eq!(rig.assess("e1").await.body["provider"], "openai");
    }
    assert_eq!(anthropic.state(), State::Open);
    // The 7 s of `Retry-After` are over long before the 120 s that the settings name.
    let wait = anthropic.snapshot().retry_after.unwrap();
    assert_eq!(wait, Duration::from_secs(120));
    rig.services.providers[0].turn(Stream::Well);
    rig.clock.advance(Duration::from_secs(119));
    assert_eq!(rig.assess("e1").await.body["provider"], "openai");
    rig.clock.advance(Duration::from_secs(1));
    for _ in 0..2 {
        assert_eq!(rig.assess("e1").await.body["provider"], "anthropic");
    }
    assert_eq!(anthropic.state(), State::Closed);
}

#[tokio::test]
async fn with_all_circuits_open_nobody_is_called_and_the_caller_is_told_when_to_come_back() {
    let rig = Rig::new(&[]).await;
    for name in NAMES {
        rig.open(&circuit(name));
    }
    let answer = rig.assess("e1").await;
    assert_eq!((answer.status, answer.retry_after()), (503, Some("120")));
    let asked = rig
        .services
        .providers
        .iter()
        .map(|one| one.stand_in.switches.calls());
    assert_eq!(asked.sum::<u64>(), 0);
}

#[tokio::test]
async fn with_all_circuits_open_the_wait_is_for_the_first_that_may_be_asked() {
    let rig = Rig::new(&[]).await;
    rig.open(&circuit("openai"));
    rig.clock.advance(Duration::from_secs(50));
    for name in ["anthropic", "google", "openrouter"] {
        rig.open(&circuit(name));
    }
    let answer = rig.assess("e1").await;
    assert_eq!((answer.status, answer.retry_after()), (503, Some("70")));
}

#[tokio::test]
async fn an_essay_that_every_provider_refuses_opens_no_circuit() {
    let rig = Rig::new(&[]).await;
    for trouble in [Stream::Refused, Stream::Filtered, Stream::TooLong] {
        for provider in &rig.services.providers {
            provider.turn(trouble);
        }
        // More than open a circuit.
        for _ in 0..4 {
            let answer = rig.assess("e1").await;
            assert_eq!(answer.status, 422, "{trouble:?}: {answer:?}");
        }
        for (name, provider) in NAMES.into_iter().zip(&rig.services.providers) {
            let seen = rig.circuit(&circuit(name)).snapshot();
            let told = (seen.state, seen.totals.failure);
            assert_eq!(told, (State::Closed, 0), "{trouble:?} {name}");
            provider.turn(Stream::Well);
        }
        assert_eq!(rig.assess("e1").await.body["provider"], "anthropic");
    }
}

#[tokio::test]
async fn what_one_provider_refuses_another_one_may_take() {
    let rig = Rig::new(&[]).await;
    for trouble in [Stream::Refused, Stream::Filtered, Stream::TooLong] {
        rig.services.providers[0].turn(trouble);
        for _ in 0..4 {
            let answer = rig.assess("e1").await;
            assert_eq!(answer.body["provider"], "openai", "{trouble:?}: {answer:?}");
        }
    }
    let anthropic = rig.circuit(&circuit("anthropic"));
    assert_eq!(anthropic.state(), State::Closed);
    // Where the others are away, nobody knows whether they would have taken it.
    for provider in &rig.services.providers[1..] {
        provider.turn(Stream::Errs);
    }
    assert_eq!(rig.assess("e1").await.status, 503);
}

#[tokio::test]
async fn a_key_that_counts_no_more_is_no_fault_of_the_essay() {
    let rig = Rig::new(&[]).await;
    for provider in &rig.services.providers {
        provider.turn(Stream::KeyRevoked);
    }
    for _ in 0..3 {
        assert_eq!(rig.assess("e1").await.status, 503);
    }
    for name in NAMES {
        assert_eq!(rig.circuit(&circuit(name)).state(), State::Open, "{name}");
    }
}

#[tokio::test]
async fn failover_can_be_switched_off_alone() {
    let first = circuit("anthropic");
    let rig = Rig::new(&[("FALLBACKS_OFF", &first)]).await;
    rig.services.providers[0].turn(Stream::Errs);
    assert_eq!(rig.assess("e1").await.status, 503);
    assert_eq!(rig.services.providers[1].stand_in.switches.calls(), 0);
}

#[tokio::test]
async fn a_key_shows_itself_to_nobody() {
    let rig = Rig::new(&[]).await;
    let shown = format!("{:?}", rig.services.addresses().unwrap());
    assert!(!shown.contains(KEY), "{shown}");
}
