//! The process's own registry, installed: in a process that the test starts, as there is one.

use super::failures;
use fusebox::{FailureClass, ManualClock, Named, Registry, RegistryError, Source, State};
use std::process::Command;

static RAG: Named = Named::new("rag");
const CHILD: &str = "FUSEBOX_TEST_INSTALLS";

/// Runs a test of this program alone, in a process of its own.
fn alone(test: &str, work: impl FnOnce()) {
    if std::env::var_os(CHILD).is_some() {
        return work();
    }
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("registry::install::{test}")])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success() && output.contains("1 passed"),
        "{output}"
    );
}

#[test]
fn named_circuits_have_the_installed_registrys_clock_defaults_and_service() {
    let test = "named_circuits_have_the_installed_registrys_clock_defaults_and_service";
    alone(test, || {
        let clock = ManualClock::new();
        let builder = Registry::builder()
            .clock(clock.clone())
            .service("orchestrator");
        let installed = builder.defaults(failures(2)).install().unwrap();
        assert!(std::ptr::eq(installed, fusebox::registry()));
        for _ in 0..2 {
            RAG.acquire().unwrap().failure(FailureClass::Connect);
        }
        assert_eq!(RAG.state(), State::Open);
        clock.advance(RAG.settings().open_for());
        assert_eq!(RAG.state(), State::HalfOpen);
        let mut services = Vec::new();
        fusebox::registry().read(&mut |reading| services.push(reading.service.to_owned()));
        assert_eq!(services, ["orchestrator"]);
        assert_eq!(
            Registry::builder().install().unwrap_err(),
            RegistryError::InUse
        );
    });
}

#[test]
fn a_registry_that_was_used_cannot_be_installed_any_more() {
    alone(
        "a_registry_that_was_used_cannot_be_installed_any_more",
        || {
            RAG.acquire().unwrap().success();
            assert_eq!(
                Registry::builder().install().unwrap_err(),
                RegistryError::InUse
            );
            assert_eq!(fusebox::registry().names(), ["rag"]);
        },
    );
}

#[test]
fn a_misspelt_constant_is_served_and_listed_also_when_sealed() {
    alone(
        "a_misspelt_constant_is_served_and_listed_also_when_sealed",
        || {
            static MISSPELT: Named = Named::new("rga");
            fusebox::registry().add(super::rag(3)).unwrap();
            fusebox::registry().seal();
            MISSPELT.acquire().unwrap().success();
            assert_eq!(fusebox::registry().defaulted(), ["rga"]);
        },
    );
}
