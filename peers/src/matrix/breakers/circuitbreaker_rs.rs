//! circuitbreaker-rs: its rate is one over its whole life, which no window of ours is.

use crate::asynchronous::{Asynchronous, Call, Failed, Outcome, driven};
use crate::peer::{Described, Feature, Peer, Trials};
use crate::settings::Settings;
use circuitbreaker_rs::{BreakerError, CircuitBreaker, DefaultPolicy, State};
use std::time::Duration;

pub(crate) fn described() -> Described {
    Described {
        name: "circuitbreaker-rs 0.1.1",
        language: "Rust",
        promises: &[
            (
                Feature::Run,
                "README, Advanced Configuration: `consecutive_failures`",
            ),
            (
                Feature::Wait,
                "README, What is a Circuit Breaker: Open, Half-Open",
            ),
            (
                Feature::Limit,
                "README: `probe_interval(3)`, \"allow 3 test requests when half-open\"",
            ),
            (Feature::Hand("open"), "`CircuitBreaker::force_open`"),
            (Feature::Hand("closed"), "`CircuitBreaker::force_closed`"),
        ],
        trials: Trials::Limited,
        trials_where: "README: `probe_interval`, `consecutive_successes`",
        lazy: true,
        whole_seconds: false,
        not_promised: &[],
        make: Box::new(make),
    }
}

struct Breaker(CircuitBreaker<DefaultPolicy, Failed>);

fn make(settings: &Settings) -> Result<Box<dyn Peer>, String> {
    let builder = CircuitBreaker::<DefaultPolicy, Failed>::builder()
        .failure_threshold(2.0)
        .consecutive_failures(settings.run.ok_or("no run")?)
        .consecutive_successes(settings.successes)
        .probe_interval(u32::try_from(settings.calls).map_err(|e| e.to_string())?)
        .cooldown(Duration::from_nanos(settings.open_ns));
    Ok(driven(Breaker(builder.build())))
}

impl Asynchronous for Breaker {
    fn call(&self, outcome: Outcome) -> Call {
        let breaker = self.0.clone();
        Box::pin(async move {
            !matches!(
                breaker.call_async(|| outcome).await,
                Err(BreakerError::Open)
            )
        })
    }

    fn state(&self) -> &'static str {
        match self.0.current_state() {
            State::Closed => "closed",
            State::Open => "open",
            State::HalfOpen => "half_open",
        }
    }

    fn hand(&self, what: &str) -> Result<(), String> {
        match what {
            "open" => self.0.force_open(),
            "closed" => self.0.force_closed(),
            _ => return Err(format!("{what} by hand is not there")),
        };
        Ok(())
    }
}
