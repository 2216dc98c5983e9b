//! What the environment says.

use std::time::Duration;

use fusebox::environment::Variables;
use fusebox::{HoldKind, Rate, Registry};
use systems::essay_platform::{Addresses, EssayPlatform};
use systems::stand_in::essay_services::EssayServices;

use super::rig::{CONDUCTOR, KAFKA, Rig};

const AI: &str = "cj_assessment.openai_provider";

#[tokio::test]
async fn without_variables_the_circuits_are_the_teams() {
    let rig = Rig::new(&[]).await;
    let expected = [
        "api_gateway.batch_conductor_client",
        "api_gateway.batch_orchestrator_client",
        "api_gateway.cj_assessment_client",
        "api_gateway.content_client",
        "api_gateway.spell_checker_client",
        CONDUCTOR,
        "cj_assessment.anthropic_provider",
        "cj_assessment.content_client",
        "cj_assessment.google_provider",
        AI,
        "cj_assessment.openrouter_provider",
        KAFKA,
        "spell_checker.content_client",
    ];
    assert_eq!(rig.registry.names(), expected);
    for (name, failures, seconds) in [(CONDUCTOR, 5, 60), (AI, 3, 120), (KAFKA, 10, 30)] {
        let settings = rig.circuit(name).settings();
        assert_eq!(settings.consecutive_failures(), Some(failures), "{name}");
        assert_eq!(settings.open_for(), Duration::from_secs(seconds), "{name}");
        assert_eq!(settings.half_open_successes(), 2, "{name}");
        // No backoff and no jitter.
        assert_eq!(settings.open_for_max(), settings.open_for(), "{name}");
        assert_eq!(settings.jitter(), Rate::ZERO, "{name}");
    }
}

#[tokio::test]
async fn every_variable_means_what_it_says() {
    let rig = Rig::new(&[
        ("BCS_CIRCUIT_BREAKER_FAILURE_THRESHOLD", "7"),
        ("BCS_CIRCUIT_BREAKER_RECOVERY_TIMEOUT", "2.5"),
        ("BCS_CIRCUIT_BREAKER_SUCCESS_THRESHOLD", "3"),
        ("API_CIRCUIT_BREAKER_FAILURE_THRESHOLD", "4"),
        ("API_CIRCUIT_BREAKER_RECOVERY_TIMEOUT", "5"),
        ("KAFKA_CIRCUIT_BREAKER_FAILURE_THRESHOLD", "12"),
        ("KAFKA_CIRCUIT_BREAKER_RECOVERY_TIMEOUT", "6"),
    ])
    .await;
    for (name, failures, millis) in [(CONDUCTOR, 7, 2_500), (AI, 4, 5_000), (KAFKA, 12, 6_000)] {
        let settings = rig.circuit(name).settings();
        assert_eq!(settings.consecutive_failures(), Some(failures), "{name}");
        assert_eq!(settings.open_for(), Duration::from_millis(millis), "{name}");
    }
    assert_eq!(rig.circuit(CONDUCTOR).settings().half_open_successes(), 3);
}

fn is_off(rig: &Rig, name: &str) -> bool {
    let hold = rig.circuit(name).snapshot().hold;
    hold.is_some_and(|hold| hold.kind == HoldKind::Disabled)
}

#[tokio::test]
async fn breakers_are_switched_off_all_together_by_group_or_alone() {
    for (variable, value, off) in [
        ("BCS_CIRCUIT_BREAKER_ENABLED", "false", [true, false, false]),
        ("API_CIRCUIT_BREAKER_ENABLED", "false", [false, true, false]),
        ("CIRCUITS_OFF", CONDUCTOR, [true, false, false]),
        ("CIRCUITS_OFF", AI, [false, true, false]),
    ] {
        let rig = Rig::new(&[(variable, value)]).await;
        let found = [CONDUCTOR, AI, KAFKA].map(|name| is_off(&rig, name));
        assert_eq!(found, off, "{variable} = {value}");
    }
    let services = EssayServices::start().await.unwrap();
    let off = [("CIRCUIT_BREAKER_ENABLED", "false")];
    let rig = Rig::over(services, crate::folder::Folder::new(), &off).await;
    assert!(rig.registry.names().iter().all(|name| is_off(&rig, name)));
}

#[tokio::test]
async fn a_wrong_variable_is_told_with_its_name_and_no_key_is_shown() {
    let services = EssayServices::start().await.unwrap();
    for (name, value) in [
        ("CALLS_MAX", "0"),
        ("AI_TIMEOUT", "soon"),
        ("KAFKA_FALLBACK_QUEUE_SIZE", "none"),
        ("BCS_CIRCUIT_BREAKER_FAILURE_TRESHOLD", "5"),
        ("CIRCUITS_OFF", "cj_assessment.openai"),
        ("FALLBACKS_OFF", "nobody"),
    ] {
        let folder = crate::folder::Folder::new();
        let set = [("DATA_DIR", folder.path().to_str().unwrap()), (name, value)];
        let addresses = services.addresses().unwrap();
        let (variables, registry) = (Variables::from_iter(set), Registry::new());
        let started =
            EssayPlatform::start(([127, 0, 0, 1], 0).into(), &variables, addresses, &registry);
        let error = started.await.err().unwrap().to_string();
        let told = error.contains(name) || error.contains(value);
        assert!(told, "{name}: {error}");
    }

    let mut set = vec![("CONDUCTOR_URL", "http://conductor")];
    let error = Addresses::read(&set.iter().copied().collect()).unwrap_err();
    assert!(error.to_string().contains("CONTENT_URL"), "{error}");
    for name in [
        "CONTENT_URL",
        "ANTHROPIC_URL",
        "OPENAI_URL",
        "GOOGLE_URL",
        "OPENROUTER_URL",
    ] {
        set.push((name, "http://some/v1/"));
    }
    set.push(("ANTHROPIC_API_KEY", "a secret with blanks"));
    let error = Addresses::read(&set.iter().copied().collect())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("ANTHROPIC_API_KEY") && !error.contains("secret"),
        "{error}"
    );
    set.pop();
    set.extend(
        [
            "ANTHROPIC_API_KEY",
            "OPENAI_API_KEY",
            "GOOGLE_API_KEY",
            "OPENROUTER_API_KEY",
        ]
        .map(|name| (name, "key")),
    );
    let read = |set: &[(&str, &str)]| Addresses::read(&set.iter().copied().collect());
    let found = read(&set).unwrap().unwrap().providers;
    assert_eq!(found[0].0, "http://some/v1");
    set.push(("GOOGLE_URL", "ftp://google"));
    assert!(read(&set).unwrap_err().to_string().contains("GOOGLE_URL"));
    assert!(
        Addresses::read(&Variables::from_iter::<[(&str, &str); 0]>([]))
            .unwrap()
            .is_none()
    );
}
