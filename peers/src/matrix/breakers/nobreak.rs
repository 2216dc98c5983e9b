//! nobreak.

use crate::asynchronous::{Asynchronous, Call, Outcome, driven};
use crate::peer::{Described, Feature, Peer, Trials};
use crate::settings::Settings;
use nobreak::{CircuitBreaker, CircuitError, CircuitState};
use std::rc::Rc;
use std::time::Duration;

pub(crate) fn described() -> Described {
    Described {
        name: "nobreak 0.1.0",
        language: "Rust",
        promises: &[
            (
                Feature::Run,
                "README, Configuration: `with_failure_threshold`",
            ),
            (Feature::Wait, "README, Circuit states: Open"),
        ],
        trials: Trials::Successes,
        trials_where: "README, Circuit states: Half-open",
        lazy: false,
        whole_seconds: false,
        not_promised: &[],
        make: Box::new(make),
    }
}

struct Breaker(Rc<CircuitBreaker>);

fn make(settings: &Settings) -> Result<Box<dyn Peer>, String> {
    let builder = nobreak::builder()
        .with_failure_threshold(settings.run.ok_or("no run")? as usize)
        .with_success_threshold(settings.successes as usize)
        .with_open_duration(Duration::from_nanos(settings.open_ns));
    Ok(driven(Breaker(Rc::new(builder.build()))))
}

impl Asynchronous for Breaker {
    fn call(&self, outcome: Outcome) -> Call {
        let breaker = Rc::clone(&self.0);
        Box::pin(async move {
            !matches!(
                breaker.call_async(|| outcome).await,
                Err(CircuitError::Open)
            )
        })
    }

    fn state(&self) -> &'static str {
        match self.0.state() {
            CircuitState::Closed => "closed",
            CircuitState::Open => "open",
            CircuitState::HalfOpen => "half_open",
        }
    }
}
