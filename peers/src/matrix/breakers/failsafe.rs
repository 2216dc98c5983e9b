//! failsafe: its state shows through its `Instrument` alone.

use crate::asynchronous::{Asynchronous, Call, Outcome, driven};
use crate::peer::{Described, Feature, Peer, REFUSED, Trials};
use crate::settings::Settings;
use failsafe::futures::CircuitBreaker;
use failsafe::{Config, Error, Instrument, StateMachine, backoff, failure_policy};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

pub(crate) fn described() -> Described {
    Described {
        name: "failsafe 1.3.0",
        language: "Rust",
        promises: &[
            (Feature::Run, "`failure_policy::consecutive_failures`"),
            (
                Feature::Wait,
                "`StateMachine`: \"access is blocked for a time duration\"",
            ),
            (Feature::Backoff, "`backoff::exponential`"),
            (Feature::Hand("reset"), "`StateMachine::reset`"),
        ],
        trials: Trials::One,
        trials_where: "`StateMachine`: a failure on the next call opens, otherwise it closes",
        lazy: true,
        whole_seconds: false,
        not_promised: &[(
            "own-r16-reset-of-a-closed-circuit",
            "`StateMachine::reset`: to closed; of counts it says nothing",
        )],
        make: Box::new(make),
    }
}

type Policy = failure_policy::ConsecutiveFailures<Box<dyn Backoff>>;

/// A stream of open times that can be cloned, as the policy asks.
trait Backoff: Iterator<Item = Duration> + Send + Sync {
    fn boxed(&self) -> Box<dyn Backoff>;
}

impl<I: Iterator<Item = Duration> + Send + Sync + Clone + 'static> Backoff for I {
    fn boxed(&self) -> Box<dyn Backoff> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Backoff> {
    fn clone(&self) -> Self {
        (**self).boxed()
    }
}

struct Seen(Arc<AtomicU8>);

impl Instrument for Seen {
    fn on_call_rejected(&self) {}
    fn on_open(&self) {
        self.0.store(1, Ordering::Relaxed);
    }
    fn on_half_open(&self) {
        self.0.store(2, Ordering::Relaxed);
    }
    fn on_closed(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

struct Breaker {
    breaker: StateMachine<Policy, Seen>,
    state: Arc<AtomicU8>,
}

fn make(settings: &Settings) -> Result<Box<dyn Peer>, String> {
    let failures = u32::try_from(settings.run.ok_or("no run")?).map_err(|e| e.to_string())?;
    let open = Duration::from_nanos(settings.open_ns);
    let backoff: Box<dyn Backoff> = if settings.backoff == 1.0 {
        Box::new(backoff::constant(open))
    } else if open.as_secs() == 0 {
        // It panics.
        return Err(format!("{REFUSED}: a backoff from less than a second"));
    } else {
        Box::new(backoff::exponential(
            open,
            Duration::from_nanos(settings.open_max_ns),
        ))
    };
    let state = Arc::new(AtomicU8::new(0));
    let policy = failure_policy::consecutive_failures(failures, backoff);
    let config = Config::new()
        .failure_policy(policy)
        .instrument(Seen(Arc::clone(&state)));
    Ok(driven(Breaker {
        breaker: config.build(),
        state,
    }))
}

impl Asynchronous for Breaker {
    fn call(&self, outcome: Outcome) -> Call {
        let breaker = self.breaker.clone();
        Box::pin(async move { !matches!(breaker.call(outcome).await, Err(Error::Rejected)) })
    }

    fn state(&self) -> &'static str {
        ["closed", "open", "half_open"][usize::from(self.state.load(Ordering::Relaxed))]
    }

    fn hand(&self, what: &str) -> Result<(), String> {
        match what {
            "reset" => self.breaker.reset(),
            _ => return Err(format!("{what} by hand is not there")),
        }
        Ok(())
    }
}
