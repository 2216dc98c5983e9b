//! tower-resilience-circuitbreaker: the call is a request to a service.

use crate::asynchronous::{Asynchronous, Call, Failed, Outcome, driven};
use crate::peer::{Described, Feature, Peer, Trials};
use crate::settings::{Settings, Window};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tower::{Layer, Service};
use tower_resilience_circuitbreaker::{
    CircuitBreaker, CircuitBreakerError, CircuitBreakerHandle, CircuitBreakerLayer, CircuitState,
    DefaultClassifier, SlidingWindowType,
};

pub(crate) fn described() -> Described {
    Described {
        name: "tower-resilience-circuitbreaker 0.14.0",
        language: "Rust",
        promises: &[
            (
                Feature::Run,
                "crate documentation, Failure Models: ConsecutiveFailures",
            ),
            (
                Feature::CountRate,
                "crate documentation, Failure Models: SlidingWindow",
            ),
            (
                Feature::TimeRate,
                "crate documentation, Time-Based Sliding Window",
            ),
            (Feature::Slow, "crate documentation, Slow Call Detection"),
            (
                Feature::SuccessJudges,
                "crate documentation, Failure Models: \"`failure_count / total_count >= \
                 failure_rate_threshold`\"",
            ),
            (Feature::Wait, "`wait_duration_in_open`"),
            (Feature::Limit, "`permitted_calls_in_half_open`"),
            (
                Feature::Leave,
                "CHANGELOG: dropping a half-open probe's future returns its slot",
            ),
            (
                Feature::Hand("open"),
                "crate documentation, Deterministic Shared Control",
            ),
            (
                Feature::Hand("closed"),
                "crate documentation, Deterministic Shared Control",
            ),
            (
                Feature::Hand("reset"),
                "crate documentation, Deterministic Shared Control",
            ),
        ],
        trials: Trials::Quota,
        trials_where: "`permitted_calls_in_half_open`",
        lazy: true,
        whole_seconds: false,
        not_promised: &[],
        make: Box::new(make),
    }
}

/// The request is the outcome that it waits for.
#[derive(Clone)]
struct Waits;

impl Service<Outcome> for Waits {
    type Response = ();
    type Error = Failed;
    type Future = Outcome;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, outcome: Outcome) -> Outcome {
        outcome
    }
}

struct Breaker {
    service: CircuitBreaker<Waits, DefaultClassifier>,
    handle: CircuitBreakerHandle,
}

fn make(settings: &Settings) -> Result<Box<dyn Peer>, String> {
    let mut builder = CircuitBreakerLayer::builder()
        .wait_duration_in_open(Duration::from_nanos(settings.open_ns))
        .permitted_calls_in_half_open(settings.successes as usize)
        // Only slow calls are named: failures alone never open.
        .failure_rate_threshold(settings.rate.unwrap_or(1.0))
        .minimum_number_of_calls(settings.minimum as usize);
    builder = match settings.window {
        Window::Calls(calls) => builder.sliding_window_size(calls as usize),
        Window::Time(ns) => builder
            .sliding_window_type(SlidingWindowType::TimeBased)
            .sliding_window_duration(Duration::from_nanos(ns)),
    };
    if let Some((rate, ns)) = settings.slow {
        builder = builder.slow_call_duration_threshold(Duration::from_nanos(ns));
        builder = builder.slow_call_rate_threshold(rate);
    }
    if let Some(run) = settings.run {
        builder = builder.consecutive_failures(run as usize);
    }
    let (layer, handle) = builder.build_with_handle().map_err(|e| e.to_string())?;
    Ok(driven(Breaker {
        service: layer.layer(Waits),
        handle,
    }))
}

impl Asynchronous for Breaker {
    fn call(&self, outcome: Outcome) -> Call {
        let mut service = self.service.clone();
        Box::pin(async move {
            let ready = std::future::poll_fn(|context| service.poll_ready(context)).await;
            let answer = match ready {
                Ok(()) => service.call(outcome).await,
                Err(error) => Err(error),
            };
            !matches!(answer, Err(CircuitBreakerError::OpenCircuit))
        })
    }

    fn state(&self) -> &'static str {
        match self.service.state_sync() {
            CircuitState::Closed => "closed",
            CircuitState::Open => "open",
            CircuitState::HalfOpen => "half_open",
        }
    }

    fn hand(&self, what: &str) -> Result<(), String> {
        match what {
            "open" => at_once(self.handle.force_open()),
            "closed" => at_once(self.handle.force_closed()),
            "reset" => at_once(self.handle.reset()),
            _ => Err(format!("{what} by hand is not there")),
        }
    }
}

/// Nobody else holds its lock here.
fn at_once(future: impl Future<Output = ()>) -> Result<(), String> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(()) => Ok(()),
        Poll::Pending => Err("its lock is taken".to_owned()),
    }
}
