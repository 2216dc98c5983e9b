//! What the environment says: the team's defaults, and every mistake with its variable.

use std::time::Duration;

use fusebox::{Rate, Registry};
use systems::agent_orchestrator::addresses;
use systems::stand_in::agent_services::AgentServices;

use super::rig::{Rig, start};
use crate::folder::Folder;

#[tokio::test]
async fn the_defaults_are_the_teams_and_have_no_backoff_and_no_jitter() {
    let rig = Rig::new().await;
    for (name, failures, timeout, priority, recovery) in [
        ("rag_service", 5, 30.0, 1, 60.0),
        ("rule_generation_service", 3, 20.0, 2, 60.0),
        ("notifier_service", 4, 15.0, 1, 30.0),
        ("vms_service", 6, 25.0, 3, 60.0),
        ("prediction_service", 4, 20.0, 2, 60.0),
    ] {
        let configuration = &rig.health(name).await["configuration"];
        assert_eq!(configuration["fail_max"], failures, "{name}");
        assert_eq!(configuration["timeout"], timeout, "{name}");
        assert_eq!(configuration["priority"], priority, "{name}");
        assert_eq!(configuration["recovery_timeout"], recovery, "{name}");
        assert_eq!(configuration["fallback_enabled"], true, "{name}");
        let settings = rig.circuit(name).settings();
        assert_eq!(settings.open_for_max(), settings.open_for(), "{name}");
        assert_eq!(settings.jitter(), Rate::ZERO, "{name}");
        assert_eq!(settings.half_open_successes(), 1, "{name}");
    }
}

#[tokio::test]
async fn every_circuit_has_its_variables() {
    let rig = Rig::with(&[
        ("CIRCUIT_BREAKER_RAG_FAIL_MAX", "7"),
        ("CIRCUIT_BREAKER_RULE_GENERATION_FAIL_MAX", "8"),
        ("CIRCUIT_BREAKER_NOTIFIER_RECOVERY_TIMEOUT", "45"),
        ("CIRCUIT_BREAKER_VMS_RECOVERY_TIMEOUT", "2.5"),
        ("CIRCUIT_BREAKER_PREDICTION_FAIL_MAX", "1"),
        ("PREDICTION_TIMEOUT", "3"),
    ])
    .await;
    let settings = |name: &str| rig.circuit(name).settings();
    assert_eq!(settings("rag_service").consecutive_failures(), Some(7));
    let rules = settings("rule_generation_service");
    assert_eq!(rules.consecutive_failures(), Some(8));
    assert_eq!(
        settings("notifier_service").open_for(),
        Duration::from_secs(45)
    );
    assert_eq!(
        settings("vms_service").open_for(),
        Duration::from_millis(2500)
    );
    assert_eq!(
        settings("prediction_service").consecutive_failures(),
        Some(1)
    );
    let prediction = rig.health("prediction_service").await;
    assert_eq!(prediction["configuration"]["timeout"], 3.0);
}

#[tokio::test]
async fn a_wrong_variable_is_told_with_its_name_and_no_secret() {
    let services = AgentServices::start().await.unwrap();
    for (name, value) in [
        ("CIRCUIT_BREAKER_RAG_FAIL_MAX", "many"),
        ("CIRCUIT_BREAKER_NOTIFIER_FAIL_MAX", "0"),
        ("CIRCUIT_BREAKER_RAG_MAX_FAIL", "5"),
        ("CIRCUIT_BREAKER_VMS_RECOVERY_TIMEOUT", "soon"),
        ("CIRCUIT_BREAKER_RAG_TIMEOUT", "3"),
        ("RAG_TIMEOUT", "0"),
        ("REDIS_URL", "http://:s3cret@cache"),
        ("REDIS_URL", "redis://:s3cret@cache/none"),
        ("REDIS_CIRCUIT_BREAKER_TTL", "0"),
        ("ENVIRONMENT", "prod"),
    ] {
        let (folder, registry) = (Folder::new(), Registry::new());
        let variables = [("REDIS_URL", "redis://127.0.0.1:1"), (name, value)];
        let addresses = services.addresses().unwrap();
        let started = start(addresses, &folder, &registry, &variables).await;
        let error = started.unwrap_err().to_string();
        assert!(error.contains(name), "{name}: {error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
}

#[test]
fn addresses_are_given_for_all_services_or_for_none() {
    let none = Vec::<(&str, &str)>::new();
    assert_eq!(addresses(&none.into_iter().collect()), Ok(None));
    let one = [("RAG_SERVICE_URL", "http://rag:80")];
    let error = addresses(&one.into_iter().collect()).unwrap_err();
    assert_eq!(error.variable(), "RULE_GENERATION_SERVICE_URL");
    let names = ["RAG", "RULE_GENERATION", "NOTIFIER", "VMS", "PREDICTION"];
    let all = names.map(|name| (format!("{name}_SERVICE_URL"), format!("http://{name}:80")));
    let all = addresses(&all.into_iter().collect()).unwrap().unwrap();
    assert_eq!(all[2].host(), Some("NOTIFIER"));
}
