//! A registry of circuits that have seen every kind of outcome: what a long scrape is made of.

use std::time::Duration;

use fusebox::{
    Author, CircuitBreaker, Definition, FailureClass, ManualClock, Outcome, Registry, Settings,
    Settlement, State,
};

/// So many circuits, each with calls of all outcomes, transitions, fallbacks and a window.
pub(crate) fn busy_registry(circuits: usize) -> Registry {
    let clock = ManualClock::new();
    let builder = Registry::builder().service("orchestrator").clock(clock);
    let registry = builder.circuits_max(circuits).build();
    let settings = Settings::builder().minimum_calls(4).build();
    let settings = settings.expect("settings that are right");
    for number in 0..circuits {
        let name = format!("batch_orchestrator.client_{number:03}");
        let definition = Definition::new(name).settings(settings.clone());
        make_busy(registry.add(definition).expect("there is room"));
    }
    registry
}

fn make_busy(circuit: &CircuitBreaker) {
    let by = Author::new("test");
    for state in [State::HalfOpen, State::Open, State::Closed] {
        circuit.transition(state, &by).expect("not observed");
    }
    let outcomes = [
        Outcome::Success,
        Outcome::Success,
        Outcome::Success,
        Outcome::Failure(FailureClass::Connect),
        Outcome::Success,
        Outcome::Failure(FailureClass::Status),
        Outcome::Ignored,
    ];
    for (outcome, milliseconds) in outcomes.into_iter().zip(1..) {
        let settlement = Settlement::new(outcome).took(Duration::from_millis(milliseconds));
        circuit.acquire().expect("closed").settle(settlement);
    }
    circuit.fell_back("static");
    circuit.fell_back("last_good");
}
