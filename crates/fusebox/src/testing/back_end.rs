//! A back end that does what a script says.

use super::Step;
use crate::clock::ManualClock;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A back end that takes one [`Step`] of its script for each call. Clones share the script.
///
/// A call beyond the end of the script panics, which fails the test that did not expect it;
/// [`then_repeat_last`](Self::then_repeat_last) and [`then`](Self::then) say otherwise.
///
/// ```
/// use fusebox::testing::{BackEnd, ManualClock, Step};
/// use fusebox::Clock;
/// use std::time::Duration;
/// let clock = ManualClock::new();
/// let slow = Step::ok(200).takes(Duration::from_secs(3));
/// let back_end = BackEnd::new(&clock, [slow, Step::err("reset")]).then_repeat_last();
/// assert_eq!(back_end.call(), Ok(200));
/// assert_eq!(clock.now().as_nanos(), 3_000_000_000);
/// assert_eq!((back_end.call(), back_end.call()), (Err("reset"), Err("reset")));
/// assert_eq!(back_end.calls(), 3);
/// ```
pub struct BackEnd<T, E> {
    shared: Arc<Shared<T, E>>,
}

struct Shared<T, E> {
    clock: ManualClock,
    script: Mutex<Script<T, E>>,
}

struct Script<T, E> {
    /// The steps to come; none of them has 0 `times`.
    steps: VecDeque<Step<T, E>>,
    end: End<T, E>,
    length: usize,
    calls: usize,
    /// The calls that hang, the longest one first.
    hanging: VecDeque<Arc<Gate>>,
}

/// What happens to a call after the last step.
enum End<T, E> {
    Panic,
    RepeatLast,
    Step(Step<T, E>),
}

/// Where one call hangs.
#[derive(Default)]
struct Gate(Mutex<(bool, Option<Waker>)>);

impl<T, E> BackEnd<T, E> {
    /// A back end that follows these steps. A step that takes time moves this clock: give the
    /// breaker a clone of it.
    pub fn new(clock: &ManualClock, steps: impl IntoIterator<Item = Step<T, E>>) -> Self {
        let steps: VecDeque<_> = steps.into_iter().filter(|step| step.times > 0).collect();
        let script = Script {
            end: End::Panic,
            length: steps.iter().map(|step| step.times).sum(),
            steps,
            calls: 0,
            hanging: VecDeque::new(),
        };
        let shared = Shared {
            clock: clock.clone(),
            script: Mutex::new(script),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// At its end the script goes on with its last step.
    #[must_use]
    pub fn then_repeat_last(self) -> Self {
        self.lock().end = End::RepeatLast;
        self
    }

    /// At its end the script goes on with this step for ever, such as an error that says that
    /// the script is over.
    #[must_use]
    pub fn then(self, step: Step<T, E>) -> Self {
        self.lock().end = End::Step(step);
        self
    }

    /// Makes a call.
    ///
    /// # Errors
    /// Those of the script.
    ///
    /// # Panics
    /// The script is over, or this call would hang: only [`call_async`](Self::call_async) can.
    #[track_caller]
    pub fn call(&self) -> Result<T, E> {
        let step = self.next_step();
        if step.hangs {
            let number = self.calls();
            panic!("call {number} hangs by its script: make it with `call_async`");
        }
        self.finish(&step)
    }

    /// Makes a call, which takes its step when first polled. The future owns its part of the
    /// back end: it can be spawned.
    ///
    /// # Errors
    /// Those of the script.
    ///
    /// # Panics
    /// The script is over.
    ///
    /// # Cancel safety
    /// A dropped call has taken its step, and does not hang any more.
    pub fn call_async(&self) -> impl Future<Output = Result<T, E>> + use<T, E> {
        let back_end = self.clone();
        async move {
            let step = back_end.next_step();
            if step.hangs {
                Hanging::at(&back_end).await;
            }
            back_end.finish(&step)
        }
    }

    /// Lets the call go on that has hung for longest.
    ///
    /// # Panics
    /// No call hangs.
    #[track_caller]
    pub fn release(&self) {
        // Not in the condition: the lock would live on while the waker runs.
        let gate = self.lock().hanging.pop_front();
        match gate {
            Some(gate) => gate.open(),
            None => panic!("no call hangs: {} were made", self.calls()),
        }
    }

    /// How many calls reached the back end.
    pub fn calls(&self) -> usize {
        self.lock().calls
    }

    /// How many calls hang now.
    pub fn hanging(&self) -> usize {
        self.lock().hanging.len()
    }

    #[track_caller]
    fn next_step(&self) -> Step<T, E> {
        let mut script = self.lock();
        script.calls += 1;
        match script.take() {
            Some(step) => step,
            None => panic!(
                "the script is over: it has {} steps, and this is call {}",
                script.length, script.calls
            ),
        }
    }

    /// Outside the lock: the answer is the test's own code and may call the back end.
    fn finish(&self, step: &Step<T, E>) -> Result<T, E> {
        self.shared.clock.advance(step.takes);
        step.answer()
    }

    fn lock(&self) -> MutexGuard<'_, Script<T, E>> {
        let script = self.shared.script.lock();
        script.unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, E> Script<T, E> {
    fn take(&mut self) -> Option<Step<T, E>> {
        let Some(next) = self.steps.front_mut() else {
            return match &self.end {
                End::Step(step) => Some(step.clone()),
                End::Panic | End::RepeatLast => None,
            };
        };
        let step = next.clone();
        next.times -= 1;
        if next.times == 0 {
            self.steps.pop_front();
        }
        if self.steps.is_empty() && matches!(self.end, End::RepeatLast) {
            self.end = End::Step(step.clone());
        }
        Some(step)
    }
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, (bool, Option<Waker>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) {
        let mut gate = self.lock();
        gate.0 = true;
        let waker = gate.1.take();
        drop(gate);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Waits at a gate, and takes it out of the script when dropped.
struct Hanging<T, E> {
    back_end: BackEnd<T, E>,
    gate: Arc<Gate>,
}

impl<T, E> Hanging<T, E> {
    fn at(back_end: &BackEnd<T, E>) -> Self {
        let gate = Arc::<Gate>::default();
        back_end.lock().hanging.push_back(Arc::clone(&gate));
        Self {
            back_end: back_end.clone(),
            gate,
        }
    }
}

impl<T, E> Future for Hanging<T, E> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut gate = self.gate.lock();
        if gate.0 {
            return Poll::Ready(());
        }
        gate.1 = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl<T, E> Drop for Hanging<T, E> {
    fn drop(&mut self) {
        let mut script = self.back_end.lock();
        script.hanging.retain(|gate| !Arc::ptr_eq(gate, &self.gate));
    }
}

impl<T, E> Clone for BackEnd<T, E> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T, E> fmt::Debug for BackEnd<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let script = self.lock();
        f.debug_struct("BackEnd")
            .field("calls", &script.calls)
            .field("hanging", &script.hanging.len())
            .field("steps", &script.steps)
            .finish_non_exhaustive()
    }
}
