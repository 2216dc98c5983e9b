//! What is measured: a row of the table, and one breaker in it.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// A row: one thing that is asked of every breaker that can do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    SuccessRate,
    SuccessRun,
    MixedRate,
    FailureRate,
    FailureRun,
    Rejection,
    Async,
    Tower,
}

impl Row {
    pub(crate) const ALL: [Row; 8] = [
        Row::SuccessRate,
        Row::SuccessRun,
        Row::MixedRate,
        Row::FailureRate,
        Row::FailureRun,
        Row::Rejection,
        Row::Async,
        Row::Tower,
    ];

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Row::SuccessRate => "Admit + success, closed, a failure rate over a window",
            Row::SuccessRun => "Admit + success, closed, failures in a row",
            Row::MixedRate => {
                "Admit + outcome, closed, every tenth a failure, a failure rate over a window"
            }
            Row::FailureRate => "Admit + failure, closed, a failure rate over a window",
            Row::FailureRun => "Admit + failure, closed, failures in a row",
            Row::Rejection => "Rejection while open",
            Row::Async => "Async call of a ready future, closed, failures in a row",
            Row::Tower => "Tower layer around a ready service, failures in a row",
        }
    }

    /// The goal of the design for one thread and for two, in ns.
    pub(crate) const fn goal(self) -> (&'static str, &'static str) {
        match self {
            Row::SuccessRate => ("8", "10"),
            Row::SuccessRun => ("2", "3"),
            // The design names none.
            Row::MixedRate => ("-", "-"),
            Row::FailureRate | Row::FailureRun => ("20", "120"),
            Row::Rejection => ("8", "8"),
            Row::Async => ("10", "12"),
            Row::Tower => ("15", "-"),
        }
    }
}

/// Makes so many calls, and says how many had the answer that the row is about.
pub(crate) type Calls = Box<dyn Fn(u64) -> u64 + Send + Sync>;

/// One breaker in one row.
pub(crate) struct Case {
    pub(crate) row: Row,
    pub(crate) peer: &'static str,
    /// Which of its ways this is.
    pub(crate) how: &'static str,
    /// Ours is compared with the best of the others.
    pub(crate) ours: bool,
    pub(crate) make: fn() -> Calls,
}

/// Calls `one` so many times; the answers are counted, so none can be left out by the compiler.
pub(crate) fn repeat(times: u64, mut one: impl FnMut() -> bool) -> u64 {
    (0..times).map(|_| u64::from(black_box(one()))).sum()
}

/// The same where every tenth call is to fail.
pub(crate) fn every_tenth_fails(times: u64, mut one: impl FnMut(bool) -> bool) -> u64 {
    let mut until = 0;
    repeat(times, || {
        until = if until == 0 { 9 } else { until - 1 };
        one(until == 0)
    })
}

/// What a call ends with that is to fail, or not.
pub(crate) fn answer(fails: bool) -> Result<u32, u32> {
    if black_box(fails) { Err(1) } else { Ok(1) }
}

/// Polls to the end without a runtime. A future that waits for a lock is polled again at once: that
/// is faster than any runtime, which would park the thread.
pub(crate) fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::hint::spin_loop();
    }
}
