//! The registry: circuits by name, changed and switched while they run.

mod all_or_nothing;
mod events;
mod install;
mod live;
mod look_up;
mod main_breaker;
mod named;
mod overrides;
mod parked;
mod shown;
mod switch;
mod traffic;

use fusebox::{
    CircuitBreaker, Definition, Event, EventKind, FailureClass, HoldKind, ManualClock, Received,
    Registry, Settings, State, Subscription,
};

/// A private registry on a clock moved by hand.
fn registry() -> (Registry, ManualClock) {
    let clock = ManualClock::new();
    (Registry::builder().clock(clock.clone()).build(), clock)
}

/// Opens after so many failures in a row.
fn failures(consecutive: u32) -> Settings {
    let jitter = crate::stand::percent("0%");
    let settings = Settings::builder()
        .consecutive_failures(consecutive)
        .jitter(jitter);
    settings.build().unwrap()
}

fn rag(consecutive: u32) -> Definition {
    Definition::new("rag").settings(failures(consecutive))
}

fn fail(circuit: &CircuitBreaker, times: u32) {
    for _ in 0..times {
        circuit.acquire().unwrap().failure(FailureClass::Connect);
    }
}

fn open(circuit: &CircuitBreaker) {
    circuit
        .transition(State::Open, &crate::stand::tester())
        .unwrap();
}

fn held(circuit: &CircuitBreaker) -> Option<HoldKind> {
    circuit.snapshot().hold.map(|hold| hold.kind)
}

fn told(subscription: &mut Subscription) -> Vec<Event> {
    std::iter::from_fn(|| subscription.try_next())
        .map(|received| match received {
            Received::Event(event) => event,
            Received::Missed(missed) => panic!("{missed} events missed"),
        })
        .collect()
}

/// The registry's own events as `added rag`, in order.
fn own_events(subscription: &mut Subscription) -> Vec<String> {
    let word = |event: &Event| {
        let what = match &event.kind {
            EventKind::Added {
                defaulted: true, ..
            } => "defaulted",
            EventKind::Added { .. } => "added",
            EventKind::Replaced { .. } => "replaced",
            EventKind::Removed { .. } => "removed",
            _ => return None,
        };
        Some(format!("{what} {}", event.circuit))
    };
    told(subscription).iter().filter_map(word).collect()
}
