//! `key = expression`: the call's branch (R19).

use super::{Error, now, told};
use crate::stand::breaker;
use fusebox::{BranchSettings, CircuitBreaker, Rejection};
use std::sync::{Arc, Mutex};

fn keyed() -> Arc<CircuitBreaker> {
    let branches = BranchSettings::builder().build().unwrap();
    breaker(|b| b.consecutive_failures(1).branches(branches)).0
}

fn failures_of(breaker: &CircuitBreaker, key: &str) -> Option<u64> {
    breaker.branch(key).map(|branch| branch.totals.failure)
}

struct Request {
    terminal: String,
}

#[fusebox::breaker(breaker, key = &request.terminal)]
fn send(breaker: &CircuitBreaker, request: Request) -> Result<String, Error> {
    if request.terminal == "dead" {
        return Err(Error::Down);
    }
    Ok(request.terminal)
}

fn to(terminal: &str) -> Request {
    Request {
        terminal: terminal.to_owned(),
    }
}

#[test]
fn one_dead_key_is_rejected_alone() {
    let breaker = keyed();
    for terminal in ["pos-1", "pos-2", "pos-3"] {
        assert_eq!(send(&breaker, to(terminal)), Ok(terminal.to_owned()));
    }
    assert_eq!(send(&breaker, to("dead")), Err(Error::Down));
    assert!(matches!(
        send(&breaker, to("dead")),
        Err(Error::Rejected(_))
    ));
    assert_eq!(send(&breaker, to("pos-1")), Ok("pos-1".to_owned()));
    assert_eq!(failures_of(&breaker, "dead"), Some(1));
    assert_eq!(told(&breaker), (4, 1));
}

#[test]
fn a_key_may_be_made_for_the_call() {
    #[fusebox::breaker(breaker, key = format!("pos-{number}"), fallback = none)]
    async fn send(breaker: &CircuitBreaker, number: u32) -> Result<u32, Error> {
        Err(Error::Down)
    }
    async fn none(_: &CircuitBreaker, number: u32, _: Rejection) -> Result<u32, Error> {
        Ok(number)
    }
    let breaker = keyed();
    assert_eq!(now(send(&breaker, 1)), Err(Error::Down));
    assert_eq!(now(send(&breaker, 1)), Ok(1));
    assert_eq!(failures_of(&breaker, "pos-1"), Some(1));
}

#[test]
fn a_key_may_come_from_a_pattern_or_the_receiver() {
    struct Client {
        terminal: &'static str,
        breaker: Arc<CircuitBreaker>,
    }
    impl Client {
        #[fusebox::breaker(self.breaker, key = self.terminal)]
        fn send(&mut self) -> Result<(), Error> {
            self.terminal = "moved";
            Ok(())
        }
    }
    #[fusebox::breaker(breaker, key = terminal)]
    fn send(breaker: &CircuitBreaker, Request { terminal }: Request) -> Result<String, Error> {
        Ok(terminal)
    }
    let breaker = keyed();
    assert_eq!(send(&breaker, to("pos-1")), Ok("pos-1".to_owned()));
    let mut client = Client {
        terminal: "pos-2",
        breaker: Arc::clone(&breaker),
    };
    assert_eq!(client.send(), Ok(()));
    assert_eq!(breaker.branches().known, 2);
    assert!(breaker.branch("pos-2").is_some());
}

/// A key behind a lock: what locks it must not be held while the body runs.
struct Locked {
    tenant: Mutex<String>,
    breaker: Arc<CircuitBreaker>,
}

impl Locked {
    #[fusebox::breaker(self.breaker, key = self.tenant.lock().unwrap().as_str())]
    fn borrowed(&self) -> Result<bool, Error> {
        Ok(self.tenant.try_lock().is_ok())
    }

    #[fusebox::breaker(self.breaker, key = self.tenant.lock().unwrap().clone())]
    async fn cloned(&self) -> Result<bool, Error> {
        std::future::ready(()).await;
        Ok(self.tenant.try_lock().is_ok())
    }

    #[fusebox::breaker(
        self.breaker,
        key = self.tenant.lock().unwrap().as_str(),
        fallback = Self::is_free,
    )]
    fn rejected(&self) -> Result<bool, Error> {
        Ok(false)
    }

    fn is_free(&self, _: Rejection) -> Result<bool, Error> {
        Ok(self.tenant.try_lock().is_ok())
    }
}

#[test]
fn what_the_key_is_read_from_is_let_go_before_the_body() {
    let locked = Locked {
        tenant: Mutex::new("pos-1".to_owned()),
        breaker: keyed(),
    };
    assert_eq!(locked.borrowed(), Ok(true));
    assert_eq!(now(locked.cloned()), Ok(true));
    super::open(&locked.breaker);
    assert_eq!(locked.rejected(), Ok(true));
    assert!(locked.breaker.branch("pos-1").is_some());
}

#[test]
fn on_a_circuit_without_branches_a_key_has_no_effect() {
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(1));
    assert_eq!(send(&breaker, to("pos-1")), Ok("pos-1".to_owned()));
    assert_eq!(send(&breaker, to("dead")), Err(Error::Down));
    assert_eq!(told(&breaker), (1, 1));
    let rejected = send(&breaker, to("pos-1"));
    assert!(matches!(rejected, Err(Error::Rejected(_))));
    assert_eq!(breaker.branches().known, 0);
}
