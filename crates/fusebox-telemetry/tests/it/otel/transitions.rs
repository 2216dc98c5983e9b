//! What a tracer provider gets of transitions.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, SystemTime};

use fusebox::{Author, BranchSettings, CircuitBreaker, FailureClass, ManualClock, State};
use fusebox_telemetry::otel::{TransitionSpans, call_attributes};
use opentelemetry::trace::{SpanId, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};

use crate::hosts::{breaker, built, secs};

fn provider() -> (SdkTracerProvider, InMemorySpanExporter) {
    let exporter = InMemorySpanExporter::default();
    let builder = SdkTracerProvider::builder().with_simple_exporter(exporter.clone());
    (builder.build(), exporter)
}

fn finished(exporter: &InMemorySpanExporter) -> Vec<SpanData> {
    exporter.get_finished_spans().expect("nobody panicked")
}

fn fail_twice(breaker: &CircuitBreaker) {
    for _ in 0..2 {
        let call = breaker.acquire().expect("closed");
        call.failure(FailureClass::Connect);
    }
}

fn of<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    let found = attributes.iter().find(|found| found.key.as_str() == key);
    found.map(|found| &found.value)
}

#[test]
fn a_transition_is_a_span_of_its_own_at_its_instant() {
    let clock = ManualClock::new();
    let rag = built(breaker("rag", &clock));
    let (provider, exporter) = provider();
    let mut spans = TransitionSpans::new(&provider, rag.subscribe()).clock(clock.clone());
    fail_twice(&rag);
    clock.advance(secs(5));
    let before = SystemTime::now();
    // What is current where the event is read is not the call that failed.
    provider.tracer("other").in_span("current", |_| {
        assert_eq!(spans.drain(), 1);
    });
    let after = SystemTime::now();

    let finished = finished(&exporter);
    let span = finished
        .iter()
        .find(|span| span.name == "fusebox.transition");
    let span = span.expect("the span of the transition");
    assert_eq!(span.parent_span_id, SpanId::INVALID);
    assert_eq!(span.instrumentation_scope.name(), "fusebox");
    assert!((before - secs(5)..=after - secs(5)).contains(&span.start_time));
    assert_eq!(span.end_time, span.start_time);
    let event = &span.events.events[0];
    assert_eq!(
        (event.name.as_ref(), event.timestamp),
        ("fusebox.transition", span.start_time)
    );
    for attributes in [&span.attributes, &event.attributes] {
        assert_eq!(of(attributes, "fusebox.circuit"), Some(&"rag".into()));
        assert_eq!(of(attributes, "fusebox.state"), Some(&"open".into()));
        let decision = Some(&"consecutive_failures".into());
        assert_eq!(of(attributes, "fusebox.decision"), decision);
        assert_eq!(of(attributes, "fusebox.branch"), None);
    }
    let evidence = |name: &str| of(&event.attributes, &format!("fusebox.evidence.{name}"));
    assert_eq!(evidence("consecutive_failures"), Some(&2.into()));
    assert_eq!(evidence("class"), Some(&"connect".into()));
    assert_eq!(evidence("open_for"), Some(&10.0.into()));
}

#[test]
fn a_branch_is_told_without_its_key() {
    let clock = ManualClock::new();
    let rag = built(breaker("rag", &clock));
    let branches = BranchSettings::builder().build().expect("the defaults");
    rag.set_branches(Some(branches), &Author::new("test"));
    let (provider, exporter) = provider();
    let mut spans = TransitionSpans::new(&provider, rag.subscribe()).clock(clock);
    // Others are well, so the circuit itself stays closed.
    for key in ["tenant-1", "tenant-2", "tenant-3"] {
        rag.acquire_key(key).expect("closed").success();
    }
    for _ in 0..2 {
        let call = rag.acquire_key("tenant-17").expect("closed");
        call.failure(FailureClass::Status);
    }
    assert_eq!(spans.drain(), 1);
    let finished = finished(&exporter);
    assert_eq!(
        of(&finished[0].attributes, "fusebox.branch"),
        Some(&true.into())
    );
    assert!(!format!("{finished:?}").contains("tenant-"));
}

#[test]
fn missed_events_are_told_as_missed() {
    let bus = fusebox::EventBus::new(2);
    let by = Author::new("test");
    let rag = built(breaker("rag", &ManualClock::new()).events(Arc::clone(&bus)));
    let (provider, exporter) = provider();
    let mut spans = TransitionSpans::new(&provider, rag.subscribe()).clock(ManualClock::new());
    for state in [State::Open, State::HalfOpen, State::Open, State::Closed] {
        rag.transition(state, &by).expect("not observed");
    }
    assert_eq!(spans.drain(), 3);
    let finished = finished(&exporter);
    assert_eq!(finished[0].name, "fusebox.missed");
    assert_eq!(
        of(&finished[0].attributes, "fusebox.missed"),
        Some(&2.into())
    );
    assert_eq!(
        of(&finished[2].attributes, "fusebox.state"),
        Some(&"closed".into())
    );
}

#[test]
fn other_events_make_no_span() {
    let rag = built(breaker("rag", &ManualClock::new()));
    let (provider, exporter) = provider();
    let mut spans = TransitionSpans::new(&provider, rag.subscribe());
    rag.reset(&Author::new("test"));
    assert_eq!((spans.drain(), finished(&exporter).len()), (0, 0));
}

#[test]
fn a_running_task_tells_each_transition_as_it_comes() {
    let rag = built(breaker("rag", &ManualClock::new()));
    let (provider, exporter) = provider();
    let mut spans = TransitionSpans::new(&provider, rag.subscribe());
    let go = |state| rag.transition(state, &Author::new("test"));
    {
        let mut running = pin!(spans.run());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(running.as_mut().poll(&mut cx).is_pending());
        for (state, seen) in [(State::Open, 1), (State::Closed, 2)] {
            go(state).expect("not observed");
            assert!(running.as_mut().poll(&mut cx).is_pending());
            assert_eq!(finished(&exporter).len(), seen);
        }
    }
    // Stopped, it has lost nothing.
    go(State::Open).expect("not observed");
    assert_eq!((spans.drain(), finished(&exporter).len()), (1, 3));
}

#[test]
fn the_span_of_a_call_gets_what_the_call_was_told() {
    let clock = ManualClock::new();
    let rag = built(breaker("rag", &clock));
    let (provider, exporter) = provider();
    let tracer = provider.tracer("caller");
    let call = || {
        tracer.in_span("call", |cx| {
            let told = rag.acquire();
            cx.span()
                .set_attributes(call_attributes(&rag, told.as_ref().err()));
            told.map(fusebox::PermitOf::success).is_ok()
        })
    };
    assert!(call());
    fail_twice(&rag);
    clock.advance(Duration::from_millis(1));
    assert!(!call());
    let finished = finished(&exporter);
    let words = |span: &SpanData| {
        let names = ["circuit", "state", "decision", "reason"];
        names.map(|name| {
            let value = of(&span.attributes, &format!("fusebox.{name}"));
            value.map(|value| value.as_str().into_owned())
        })
    };
    let told = |words: [&str; 4]| words.map(|word| (!word.is_empty()).then(|| word.to_owned()));
    assert_eq!(words(&finished[0]), told(["rag", "closed", "admitted", ""]));
    assert_eq!(
        words(&finished[1]),
        told(["rag", "open", "rejected", "open"])
    );
}
