//! Circuits by name: defined in one place from settings, used anywhere, changed while they run,
//! and switched off when in doubt.
//!
//! ```sh
//! cargo run -p fusebox --example registry
//! ```
#![allow(clippy::print_stdout)] // an example shows what it does

use fusebox::{Author, Definition, HoldKind, Named, RegistryError, Settings, State, Value};
use std::error::Error;

/// Used deep inside the program, where no handle was passed down to.
static RAG: Named = Named::new("rag");

fn main() -> Result<(), Box<dyn Error>> {
    let registry = fusebox::registry(); // the process's own; Registry::new() for a private one
    let deploy = Author::new("deploy");

    // At the start, from whatever the settings were read from.
    let careful = Settings::from_entries([
        ("consecutive_failures", Value::Integer(3)),
        ("open_for", Value::Text("30s")),
    ])?;
    let definitions = vec![
        Definition::new("rag").settings(careful).priority(1),
        Definition::new("notifier").fallback_enabled(false),
    ];
    let changes = registry.apply(definitions, &deploy)?;
    println!("added {:?}", changes.added);

    for _ in 0..3 {
        let _ = RAG.call(|| Err::<(), _>("connection refused"));
    }
    assert_eq!(RAG.state(), State::Open);

    // A name that nobody defined, as it would come from a command line.
    let Err(error) = registry.find("notifyer") else {
        return Err("there is no such circuit".into());
    };
    println!("{error}");
    assert!(
        matches!(error, RegistryError::UnknownCircuit { nearest: Some(name), .. }
        if name == "notifier")
    );

    // Other settings, live: state and counts stay.
    let patient = Settings::builder().consecutive_failures(10).build()?;
    registry.define(Definition::new("rag").settings(patient).priority(1))?;
    assert_eq!(RAG.settings().consecutive_failures(), Some(10));
    assert_eq!(RAG.state(), State::Open);

    // Everything off: all calls pass, nothing is recorded. And on again.
    registry.set_enabled(false, &Author::new("ada"));
    assert!(RAG.call(|| Ok::<_, &str>(())).is_ok());
    let hold = RAG.snapshot().hold.ok_or("it is held")?;
    assert_eq!(hold.kind, HoldKind::Disabled);
    registry.set_enabled(true, &Author::new("ada"));

    for circuit in registry.circuits() {
        println!("{}: {}", circuit.name(), circuit.state().as_str());
    }
    assert_eq!(registry.names(), ["notifier", "rag"]);
    Ok(())
}
