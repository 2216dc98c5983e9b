//! reliakit-circuit: the caller asks, reports and tells the time, here around a future as for the
//! others.

use crate::asynchronous::{Asynchronous, Call, Outcome, driven};
use crate::peer::{Described, Feature, Peer, Trials};
use crate::settings::{Settings, Window};
use reliakit_circuit::{CircuitBreaker, RollingBreaker, State};
use rustix::time::{ClockId, clock_gettime};
use std::cell::RefCell;
use std::rc::Rc;

pub(crate) fn described() -> Described {
    Described {
        name: "reliakit-circuit 1.1.0",
        language: "Rust",
        promises: &[
            (Feature::Run, "README, How it works: Closed"),
            (
                Feature::CountCount,
                "README: `RollingBreaker`, \"N of the last M calls\"",
            ),
            (Feature::Wait, "README, How it works: Open"),
            (Feature::Hand("open"), "README, API: `trip`"),
            (Feature::Hand("closed"), "README, API: `reset`"),
            (Feature::Hand("reset"), "README, API: `reset`"),
        ],
        trials: Trials::Successes,
        trials_where: "README, How it works: HalfOpen",
        lazy: true,
        whole_seconds: false,
        not_promised: &[(
            "own-r16-by-hand-it-goes-on-from-there",
            "`trip`: open as of now, so that the time begins anew",
        )],
        make: Box::new(make),
    }
}

/// Its two breakers have the same methods and no trait; its window is a constant of the type.
trait Plain {
    fn allow(&mut self, now: u64) -> bool;
    fn settle(&mut self, success: bool, now: u64);
    fn trip(&mut self, now: u64);
    fn reset(&mut self);
    fn state(&self) -> State;
}

macro_rules! plain {
    ($(#[$($generic:tt)*])? $breaker:ty) => {
        impl $(<$($generic)*>)? Plain for $breaker {
            fn allow(&mut self, now: u64) -> bool {
                <$breaker>::allow(self, now)
            }
            fn settle(&mut self, success: bool, now: u64) {
                if success { self.on_success() } else { self.on_failure(now) }
            }
            fn trip(&mut self, now: u64) {
                <$breaker>::trip(self, now);
            }
            fn reset(&mut self) {
                <$breaker>::reset(self);
            }
            fn state(&self) -> State {
                <$breaker>::state(self)
            }
        }
    };
}

plain!(CircuitBreaker);
plain!(#[const N: usize] RollingBreaker<N>);

struct Breaker(Rc<RefCell<dyn Plain>>);

fn make(settings: &Settings) -> Result<Box<dyn Peer>, String> {
    let number = |n: u64| u32::try_from(n).map_err(|e| e.to_string());
    let (open, successes) = (settings.open_ns, number(settings.successes)?);
    macro_rules! rolling {
        ($count:expr, $calls:expr, [$($size:literal)*]) => {
            match $calls {
                $($size => Rc::new(RefCell::new(
                    RollingBreaker::<$size>::new($count, open).with_success_threshold(successes),
                )),)*
                other => return Err(format!("no window of {other} calls is built in")),
            }
        };
    }
    let breaker: Rc<RefCell<dyn Plain>> = match (settings.run, settings.count, settings.window) {
        (Some(run), None, _) => {
            let breaker = CircuitBreaker::new(number(run)?, open);
            Rc::new(RefCell::new(breaker.with_success_threshold(successes)))
        }
        (None, Some(count), Window::Calls(calls)) => {
            rolling!(number(count)?, calls, [1 2 3 4 5 6 7 8 9 10 16 20 32 50 64 65 100 128 1000])
        }
        _ => return Err("no such policy".to_owned()),
    };
    Ok(driven(Breaker(breaker)))
}

/// Nanoseconds: "whatever monotonic unit you choose".
fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

impl Asynchronous for Breaker {
    fn call(&self, outcome: Outcome) -> Call {
        let breaker = Rc::clone(&self.0);
        Box::pin(async move {
            if !breaker.borrow_mut().allow(now()) {
                return false;
            }
            let success = outcome.await.is_ok();
            breaker.borrow_mut().settle(success, now());
            true
        })
    }

    fn state(&self) -> &'static str {
        match self.0.borrow().state() {
            State::Closed => "closed",
            State::Open => "open",
            State::HalfOpen => "half_open",
        }
    }

    fn hand(&self, what: &str) -> Result<(), String> {
        match what {
            "open" => self.0.borrow_mut().trip(now()),
            "closed" | "reset" => self.0.borrow_mut().reset(),
            _ => return Err(format!("{what} by hand is not there")),
        }
        Ok(())
    }
}
