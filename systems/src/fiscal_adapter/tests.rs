//! The circuit to the OFD as the team reads it, in groups: states, transitions, metrics, recovery.
//! The fifth group, integration, needs a server: `tests/it/fiscal_adapter/integration.rs`.

use std::time::Duration;

use fusebox::testing::ManualClock;
use fusebox::{Author, CircuitBreaker, FailureClass, Reason, Registry};
use fusebox_store::parse_rfc3339;
use serde_json::Value;

use super::Settings;
use super::circuit::{define, view};

const SECOND: Duration = Duration::from_secs(1);

/// The team's circuit with its defaults, its clock moved by the test.
struct Till {
    circuit: &'static CircuitBreaker,
    clock: ManualClock,
}

impl Till {
    fn new() -> Self {
        Self::with([])
    }

    fn with<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let settings = Settings::from_environment(&variables.into_iter().collect()).unwrap();
        let clock = ManualClock::new();
        let registry = Registry::builder().clock(clock.clone()).build();
        let circuit = define(&registry, &settings).unwrap();
        Self { circuit, clock }
    }

    fn fails(&self, times: u32) {
        for _ in 0..times {
            self.circuit
                .acquire()
                .unwrap()
                .failure(FailureClass::Connect);
        }
    }

    fn succeeds(&self) {
        self.circuit.acquire().unwrap().success();
    }

    fn view(&self) -> Value {
        view(&self.circuit.snapshot())
    }

    fn state(&self) -> String {
        self.view()["state"].as_str().unwrap().to_owned()
    }
}

mod states {
    use super::*;

    #[test]
    fn it_is_closed_at_first_and_passes_calls() {
        let till = Till::new();
        assert_eq!(till.state(), "CLOSED");
        till.succeeds();
        assert_eq!(till.state(), "CLOSED");
    }

    #[test]
    fn it_is_open_after_five_failures_and_passes_nothing() {
        let till = Till::new();
        till.fails(5);
        assert_eq!(till.state(), "OPEN");
        let rejection = till.circuit.acquire().unwrap_err();
        assert_eq!(rejection.reason(), Reason::Open);
    }

    #[test]
    fn it_is_half_open_after_sixty_seconds_and_passes_one_trial() {
        let till = Till::new();
        till.fails(5);
        till.clock.advance(60 * SECOND);
        assert_eq!(till.state(), "HALF_OPEN");
        let trial = till.circuit.acquire().unwrap();
        assert!(trial.is_trial() && till.circuit.acquire().is_err());
    }

    #[test]
    fn it_is_closed_again_after_two_successful_trials() {
        let till = Till::new();
        till.fails(5);
        till.clock.advance(60 * SECOND);
        till.succeeds();
        assert_eq!(till.state(), "HALF_OPEN");
        till.succeeds();
        assert_eq!(till.state(), "CLOSED");
    }
}

mod transitions {
    use super::*;

    #[test]
    fn a_success_begins_the_count_of_failures_anew() {
        let till = Till::new();
        till.fails(4);
        till.succeeds();
        till.fails(4);
        assert_eq!(till.state(), "CLOSED");
        till.fails(1);
        assert_eq!(till.state(), "OPEN");
    }

    #[test]
    fn it_stays_open_to_the_end_of_its_sixty_seconds() {
        let till = Till::new();
        till.fails(5);
        till.clock.advance(60 * SECOND - Duration::from_millis(1));
        assert_eq!(till.state(), "OPEN");
        till.clock.advance(Duration::from_millis(1));
        assert_eq!(till.state(), "HALF_OPEN");
    }

    #[test]
    fn a_failed_trial_opens_it_again_for_as_long_as_before() {
        let till = Till::new();
        till.fails(5);
        for _ in 0..3 {
            till.clock.advance(60 * SECOND);
            assert_eq!(till.state(), "HALF_OPEN");
            till.fails(1);
            assert_eq!(till.state(), "OPEN");
            assert_eq!(till.circuit.snapshot().retry_after, Some(60 * SECOND));
        }
    }

    #[test]
    fn it_opens_longer_each_time_only_where_that_is_asked_for() {
        let till = Till::with([("RECOVERY_BACKOFF", "2"), ("RECOVERY_TIMEOUT_MAX", "100")]);
        till.fails(5);
        for (wait, next) in [(60, 100), (100, 100)] {
            till.clock.advance(wait * SECOND);
            till.fails(1);
            let left = till.circuit.snapshot().retry_after;
            assert_eq!(left, Some(next * SECOND));
        }
    }
}

mod metrics {
    use super::*;

    #[test]
    fn failures_successes_and_the_last_failure_are_readable() {
        let till = Till::new();
        let view = till.view();
        assert_eq!(view["last_failure"], Value::Null);
        assert_eq!(
            (&view["failure_count"], &view["success_count"]),
            (&0.into(), &0.into())
        );
        till.succeeds();
        till.fails(5);
        let view = till.view();
        assert_eq!(
            (&view["failure_count"], &view["success_count"]),
            (&5.into(), &1.into())
        );
        assert!(parse_rfc3339(view["last_failure"].as_str().unwrap()).is_ok());
    }

    #[test]
    fn state_changes_are_counted_and_the_last_one_is_dated() {
        let till = Till::new();
        let changed = || parse_rfc3339(till.view()["last_state_change"].as_str().unwrap()).unwrap();
        till.fails(5);
        assert_eq!(till.view()["state_changes"], 1);
        till.clock.advance(60 * SECOND);
        till.succeeds();
        till.succeeds();
        assert_eq!(till.view()["state_changes"], 3);
        let closed = changed();
        till.clock.advance(3600 * SECOND);
        // An hour later by the circuit's clock, none by the wall's: the change lies an hour back.
        assert!(changed() < closed);
    }
}

mod recovery {
    use super::*;

    #[test]
    fn a_reset_closes_and_clears_failure_count_and_last_failure() {
        let till = Till::new();
        till.fails(5);
        till.circuit.reset(&Author::new("operator"));
        let view = till.view();
        assert_eq!(
            (&view["state"], &view["failure_count"]),
            (&"CLOSED".into(), &0.into())
        );
        assert_eq!(view["last_failure"], Value::Null);
        till.fails(4);
        assert_eq!(till.state(), "CLOSED");
    }

    #[test]
    fn an_outage_of_one_terminal_ends_for_it_and_never_was_one_for_the_others() {
        let till = Till::with([("OFD_CIRCUIT_PER_TERMINAL", "true")]);
        let call = |pos_id: &str| till.circuit.acquire_key(pos_id);
        for pos_id in ["pos-2", "pos-3", "pos-4"] {
            call(pos_id).unwrap().success();
        }
        for _ in 0..5 {
            call("pos-1").unwrap().failure(FailureClass::Timeout);
        }
        assert!(call("pos-1").is_err());
        call("pos-2").unwrap().success();
        till.clock.advance(60 * SECOND);
        for _ in 0..2 {
            call("pos-1").unwrap().success();
        }
        assert_eq!(
            till.circuit.branch("pos-1").unwrap().state.as_str(),
            "closed"
        );
    }
}
