//! The process's own environment: of a process that the test starts, so that it is known.

use fusebox::environment::Service;
use fusebox::{HoldKind, Registry};
use std::process::Command;

const TEST: &str = "environment::process::a_program_reads_its_own_environment";
const THRESHOLD: &str = "FUSEBOX_CHILD_CIRCUIT_BREAKER_FAILURE_THRESHOLD";

#[test]
fn a_program_reads_its_own_environment() {
    if std::env::var_os(THRESHOLD).is_some() {
        return be_the_program();
    }
    let program = std::env::current_exe().unwrap();
    let run = Command::new(program)
        .args(["--exact", TEST])
        .env_clear()
        .env(THRESHOLD, "9")
        .env("CIRCUIT_BREAKER_ENABLED", "false")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success() && output.contains("1 passed"),
        "{output}"
    );
}

fn be_the_program() {
    let registry = Registry::new();
    registry
        .configure([Service::prefix("fusebox-child")])
        .unwrap();
    let circuit = registry.find("fusebox-child").unwrap();
    assert_eq!(circuit.settings().consecutive_failures(), Some(9));
    let hold = circuit.snapshot().hold.unwrap();
    assert_eq!(
        (hold.kind, hold.reason.as_str()),
        (HoldKind::Disabled, "switched off by environment")
    );
}
