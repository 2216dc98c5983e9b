//! Circuits from environment variables: what the program names is the default, what the variables
//! say wins, and what they say wrongly is told before anything starts.
//!
//! ```sh
//! cargo run -p fusebox --example environment
//! ```
#![allow(clippy::print_stdout)] // an example shows what it does

use fusebox::Registry;
use fusebox::environment::{Service, Variables};
use std::error::Error;
use std::time::Duration;

/// The circuits of this program, with its own defaults.
fn services() -> [Service; 2] {
    [
        Service::prefix("BCS").circuits(["orchestrator.conductor_client"]),
        Service::prefix("KAFKA")
            .consecutive_failures(10)
            .open_for(Duration::from_secs(30))
            .circuits(["orchestrator.kafka_publisher"]),
    ]
}

fn main() -> Result<(), Box<dyn Error>> {
    // A program calls `registry.configure(services())`, which reads its own environment.
    let variables = Variables::from_iter([
        ("BCS_CIRCUIT_BREAKER_FAILURE_THRESHOLD", "3"),
        ("KAFKA_CIRCUIT_BREAKER_ENABLED", "false"),
    ]);
    let registry = Registry::new();
    registry.configure_from(&variables, services())?;

    let conductor = registry.find("orchestrator.conductor_client")?.settings();
    assert_eq!(conductor.consecutive_failures(), Some(3)); // the variable
    assert_eq!(conductor.open_for(), Duration::from_secs(60)); // the default
    let kafka = registry.find("orchestrator.kafka_publisher")?;
    assert_eq!(kafka.settings().consecutive_failures(), Some(10)); // the program
    println!("held: {:?}", kafka.snapshot().hold.map(|hold| hold.reason));

    // Mistakes name the variable, the value and what is allowed; nothing is changed by them.
    let mistakes = [
        ("BCS_CIRCUIT_BREAKER_FAILURE_THRESHOLD", "none"),
        ("BCS_CIRCUIT_BREAKER_FAILURE_TRESHOLD", "3"),
    ];
    for mistake in mistakes {
        let error = registry
            .configure_from(&Variables::from_iter([mistake]), services())
            .err();
        let error = error.ok_or("it is refused")?.to_string();
        println!("{error}");
        assert!(error.contains(mistake.0));
    }
    assert_eq!(
        registry.find("orchestrator.conductor_client")?.settings(),
        conductor
    );
    Ok(())
}
