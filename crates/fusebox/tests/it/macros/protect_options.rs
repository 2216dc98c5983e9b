//! `#[breaker(…)]` on the methods of a protected trait.

use super::{Error, now, open, told};
use crate::stand::breaker;
use fusebox::{BranchSettings, CircuitBreaker, Outcome, Rejection, only_errors};
use std::sync::Arc;

fn is_down(error: &Error) -> bool {
    *error == Error::Down
}

fn never_wrong(_: Result<&u32, &Error>) -> Outcome {
    Outcome::Success
}

fn last_known<C: Provider>(provider: &mut C, _: u32, _: Rejection) -> Result<u32, Error> {
    Ok(provider.last())
}

async fn empty<C>(_: &C, text: String, rejection: Rejection) -> Result<String, Error> {
    Ok(format!("{text}: {}", rejection.reason().as_str()))
}

#[fusebox::protect]
trait Provider {
    #[breaker(classify = only_errors(is_down))]
    fn strict(&self, error: Error) -> Result<(), Error>;

    #[breaker(classify = never_wrong)]
    async fn lenient(&self) -> Result<u32, Error>;

    #[breaker(fallback = last_known)]
    fn ask(&mut self, number: u32) -> Result<u32, Error>;

    #[fusebox::breaker(fallback = empty::<Self>)]
    async fn explain(&self, text: String) -> Result<String, Error>;

    #[breaker(key = format!("pos-{terminal}"), fallback = Self::not_sent)]
    fn send(&self, terminal: u8) -> Result<&'static str, Error>;

    #[breaker(skip)]
    fn not_sent(&self, terminal: u8, _: Rejection) -> Result<&'static str, Error>;

    #[breaker(skip)]
    fn last(&self) -> u32;
}

#[derive(Default)]
struct Inner {
    last: u32,
}

impl Provider for Inner {
    fn strict(&self, error: Error) -> Result<(), Error> {
        Err(error)
    }

    async fn lenient(&self) -> Result<u32, Error> {
        Err(Error::Down)
    }

    fn ask(&mut self, number: u32) -> Result<u32, Error> {
        self.last = number;
        Ok(number)
    }

    async fn explain(&self, text: String) -> Result<String, Error> {
        Ok(text)
    }

    fn send(&self, terminal: u8) -> Result<&'static str, Error> {
        if terminal == 0 {
            return Err(Error::Down);
        }
        Ok("sent")
    }

    fn not_sent(&self, _: u8, _: Rejection) -> Result<&'static str, Error> {
        Ok("kept")
    }

    fn last(&self) -> u32 {
        self.last
    }
}

fn provider() -> (
    ProtectedProvider<Inner, Arc<CircuitBreaker>>,
    Arc<CircuitBreaker>,
) {
    let branches = BranchSettings::builder().build().unwrap();
    let (breaker, _clock) = breaker(|b| b.consecutive_failures(1).branches(branches));
    let provider = ProtectedProvider::new(Inner::default(), Arc::clone(&breaker));
    (provider, breaker)
}

#[test]
fn a_method_has_a_classifier_of_its_own() {
    let (provider, breaker) = provider();
    assert_eq!(provider.strict(Error::NotANumber), Err(Error::NotANumber));
    assert_eq!(told(&breaker), (0, 0));
    assert_eq!(now(provider.lenient()), Err(Error::Down));
    assert_eq!(told(&breaker), (1, 0));
    assert_eq!(provider.strict(Error::Down), Err(Error::Down));
    assert_eq!(told(&breaker), (1, 1));
}

#[test]
fn a_method_has_a_fallback_of_its_own_that_gets_the_wrapper() {
    let (mut provider, breaker) = provider();
    assert_eq!(provider.ask(7), Ok(7));
    open(&breaker);
    assert_eq!(provider.ask(8), Ok(7));
    assert_eq!(
        now(provider.explain("why".to_owned())),
        Ok("why: open".to_owned())
    );
    assert_eq!(breaker.fallbacks(), [("function", 2)]);
    breaker.set_fallback_enabled(false);
    assert!(matches!(provider.ask(8), Err(Error::Rejected(_))));
}

#[test]
fn a_fallback_may_use_up_the_wrapper_and_is_counted_when_it_answered() {
    #[fusebox::protect]
    trait Session {
        #[breaker(fallback = kept)]
        fn finish(self, number: u32) -> Result<u32, Error>;
    }
    fn kept<S: Session>(session: S, number: u32, _: Rejection) -> Result<u32, Error> {
        drop(session);
        if number == 0 {
            Err(Error::Down)
        } else {
            Ok(number)
        }
    }
    impl Session for u8 {
        fn finish(self, _: u32) -> Result<u32, Error> {
            Ok(self.into())
        }
    }
    let (breaker, _clock) = breaker(|b| b);
    open(&breaker);
    let session = ProtectedSession::new(7, breaker);
    let breaker = Arc::clone(ProtectedSession::breaker(&session));
    assert_eq!(session.clone().finish(0), Err(Error::Down));
    assert_eq!(breaker.fallbacks(), []);
    assert_eq!(session.finish(2), Ok(2));
    assert_eq!(breaker.fallbacks(), [("function", 1)]);
}

#[test]
fn a_method_has_a_key_of_its_own() {
    let (provider, breaker) = provider();
    for terminal in 1..=3 {
        assert_eq!(provider.send(terminal), Ok("sent"));
    }
    assert_eq!(provider.send(0), Err(Error::Down));
    assert_eq!(provider.send(0), Ok("kept"));
    assert_eq!(provider.send(1), Ok("sent"));
    assert_eq!(breaker.branches().known, 4);
}
