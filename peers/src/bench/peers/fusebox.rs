//! Ours, with what ships by default: counters on, generations checked, permits real. `call` is what
//! the others have and what is compared with them; a permit by hand stands beside it.

use super::HOUR;
use crate::case::{Calls, Case, Row, answer, every_tenth_fails, finish, repeat};
use bytes::Bytes;
use fusebox::{Author, CallError, CircuitBreaker, Rate, State, WindowSize};
use fusebox_tower::BreakerLayer;
use http::{Request, Response};
use http_body_util::Full;
use std::borrow::Borrow;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::task::{Context, Poll};
use tower::{Layer, Service};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case(
            Row::SuccessRate,
            "defaults: 5 in a row or 50 % of 10 s; `call`",
            || calls(defaults()),
        ),
        case(Row::SuccessRate, "defaults; a permit by hand", || {
            permits(defaults())
        }),
        case(Row::SuccessRate, "50 % of 100 calls; `call`", || {
            calls(counted())
        }),
        case(
            Row::SuccessRun,
            "5 in a row, `count_calls(false)`; `call`",
            || calls(run(5, false)),
        ),
        case(Row::SuccessRun, "the same; a permit by hand", || {
            permits(run(5, false))
        }),
        case(Row::SuccessRun, "5 in a row, calls counted; `call`", || {
            calls(run(5, true))
        }),
        case(
            Row::MixedRate,
            "defaults: 5 in a row or 50 % of 10 s; `call`",
            || mixed(defaults()),
        ),
        case(Row::MixedRate, "50 % of 100 calls; `call`", || {
            mixed(counted())
        }),
        case(Row::FailureRate, "50 % of 10 s; `call`", || fails(rate())),
        case(Row::FailureRun, "in a row; `call`", || {
            fails(run(1_048_576, true))
        }),
        case(
            Row::Rejection,
            "defaults, counted by reason; `call`",
            || {
                let breaker = open();
                Box::new(move |times| {
                    let call = || breaker.call(|| Ok::<u32, ()>(1));
                    repeat(times, || matches!(call(), Err(CallError::Rejected(_))))
                })
            },
        ),
        case(Row::Async, "defaults", || asynchronous(defaults())),
        case(Row::Async, "5 in a row, `count_calls(false)`", || {
            asynchronous(run(5, false))
        }),
        case(
            Row::Tower,
            "5 in a row; a `&'static` circuit, an HTTP answer and its body",
            || {
                let circuit: &'static CircuitBreaker = Box::leak(Box::new(run(5, true)));
                tower(BreakerLayer::new(circuit).layer(Good))
            },
        ),
        Case {
            peer: "-",
            ours: false,
            ..case(Row::Tower, "a ready service alone (an HTTP answer)", || {
                tower(Good)
            })
        },
    ]
}

fn case(row: Row, how: &'static str, make: fn() -> Calls) -> Case {
    Case {
        row,
        peer: "Fusebox",
        how,
        ours: true,
        make,
    }
}

fn defaults() -> CircuitBreaker {
    CircuitBreaker::builder("defaults")
        .build()
        .expect("defaults")
}

fn half() -> Rate {
    Rate::parse("50%").expect("a rate")
}

fn counted() -> CircuitBreaker {
    let builder = CircuitBreaker::builder("counted").failure_rate(half());
    builder
        .window(WindowSize::Calls(100))
        .build()
        .expect("settings that are allowed")
}

/// The rate of failures is judged each time and there are never calls enough for it.
fn rate() -> CircuitBreaker {
    let builder = CircuitBreaker::builder("rate").failure_rate(half());
    builder
        .minimum_calls(u32::MAX)
        .build()
        .expect("settings that are allowed")
}

fn run(failures: u32, counted: bool) -> CircuitBreaker {
    let builder = CircuitBreaker::builder("run").consecutive_failures(failures);
    builder
        .count_calls(counted)
        .build()
        .expect("settings that are allowed")
}

fn open() -> CircuitBreaker {
    let builder = CircuitBreaker::builder("open").open_for(HOUR);
    let open = builder.build().expect("settings that are allowed");
    open.transition(State::Open, &Author::system())
        .expect("nothing holds it");
    open
}

fn calls<B>(breaker: B) -> Calls
where
    B: Borrow<CircuitBreaker> + Send + Sync + 'static,
{
    Box::new(move |times| {
        let breaker = breaker.borrow();
        repeat(times, || {
            breaker.call(|| Ok::<u32, ()>(black_box(1))).is_ok()
        })
    })
}

fn permits<B>(breaker: B) -> Calls
where
    B: Borrow<CircuitBreaker> + Send + Sync + 'static,
{
    Box::new(move |times| {
        let breaker = breaker.borrow();
        repeat(times, || match breaker.acquire() {
            Ok(permit) => black_box(permit.success()) == fusebox::Settled::Recorded,
            Err(_) => false,
        })
    })
}

fn mixed<B>(breaker: B) -> Calls
where
    B: Borrow<CircuitBreaker> + Send + Sync + 'static,
{
    Box::new(move |times| {
        let breaker = breaker.borrow();
        let call = |fails| breaker.call(|| answer(fails));
        every_tenth_fails(times, |fails| {
            !matches!(call(fails), Err(CallError::Rejected(_)))
        })
    })
}

/// The longest run that can be set ends after a million failures: then it begins anew, which is
/// part of the figure (two transitions in a million calls).
fn fails<B>(breaker: B) -> Calls
where
    B: Borrow<CircuitBreaker> + Send + Sync + 'static,
{
    Box::new(move |times| {
        let breaker = breaker.borrow();
        repeat(times, || {
            loop {
                match breaker.call(|| Err::<u32, u32>(black_box(1))) {
                    Err(CallError::Failed(_)) => break true,
                    Err(CallError::Rejected(_)) => breaker.reset(&Author::system()),
                    Ok(_) => break false,
                }
            }
        })
    })
}

fn asynchronous<B>(breaker: B) -> Calls
where
    B: Borrow<CircuitBreaker> + Send + Sync + 'static,
{
    Box::new(move |times| {
        let breaker = breaker.borrow();
        let call = || breaker.call_async(ready(Ok::<u32, ()>(black_box(1))));
        repeat(times, || finish(call()).is_ok())
    })
}

/// Answers at once.
#[derive(Clone)]
struct Good;

impl Service<Request<()>> for Good {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(Full::new(Bytes::new()))))
    }
}

fn tower<S>(service: S) -> Calls
where
    S: Service<Request<()>> + Clone + Send + Sync + 'static,
{
    Box::new(move |times| {
        let mut service = service.clone();
        let mut context = Context::from_waker(std::task::Waker::noop());
        repeat(times, || {
            service.poll_ready(&mut context).is_ready()
                && finish(service.call(black_box(Request::new(())))).is_ok()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn calls_are_recorded_and_the_breaker_stays_closed() {
        type Make = fn(Arc<CircuitBreaker>) -> Calls;
        let succeeds: [Make; 3] = [calls, permits, asynchronous];
        for make in succeeds {
            let breaker = Arc::new(defaults());
            assert_eq!(make(Arc::clone(&breaker))(100), 100);
            assert_eq!(breaker.state(), State::Closed);
            let totals = breaker.snapshot().totals;
            assert_eq!((totals.success, totals.failure), (100, 0));
        }
        for set_up in [rate(), run(1_048_576, true)] {
            let breaker = Arc::new(set_up);
            assert_eq!(fails(Arc::clone(&breaker))(100), 100);
            assert_eq!(breaker.state(), State::Closed);
            let totals = breaker.snapshot().totals;
            assert_eq!((totals.success, totals.failure), (0, 100));
        }
        assert_eq!(open().state(), State::Open);
    }
}
