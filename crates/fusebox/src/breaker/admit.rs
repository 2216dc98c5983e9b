//! Admission (R1, R7, R8, R15, R17).

use super::CircuitBreaker;
use super::locked::Locked;
use super::ramp::Share;
use crate::clock::Tick;
use crate::permit::{Admission, Ticket, TicketKind};
use crate::rejection::{Reason, Rejection};
use crate::sync::Ordering;
use crate::word::{HoldKind, State, Word};

/// What to say to a call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Decision {
    Admit(TicketKind),
    Reject(Rejection),
    /// Something is due, or a trial place may be free: decide under the lock.
    Lock,
}

impl CircuitBreaker {
    #[inline]
    pub(crate) fn admit(&self) -> Result<Ticket, Rejection> {
        let word = self.word.load();
        let admission = if word.is_plain() {
            Admission::granted(&self.ticket(word, TicketKind::COUNTED))
        } else {
            self.admit_otherwise()
        };
        admission.result()
    }

    #[inline]
    fn ticket(&self, word: Word, kind: TicketKind) -> Ticket {
        Ticket::new(word.generation(), kind, self.started())
    }

    /// Everything but plainly closed. Lock-free unless something is due or a trial place may be
    /// free. Never inlined: it would make the plain path save registers.
    #[inline(never)]
    fn admit_otherwise(&self) -> Admission {
        let (word, until, now) = self.read_state();
        match self.decide(word, until, now) {
            Decision::Admit(kind) => Admission::granted(&self.ticket(word, kind)),
            Decision::Reject(rejection) => Admission::refused(self.rejected(rejection)),
            Decision::Lock => self.admit_under_lock(),
        }
    }

    /// Never inlined: it would make a rejection save registers.
    #[inline(never)]
    fn admit_under_lock(&self) -> Admission {
        match self.locked(Locked::admit) {
            Ok(ticket) => Admission::granted(&ticket),
            Err(rejection) => Admission::refused(rejection),
        }
    }

    /// The rejection of a call, counted, if every call is rejected now; a ramp rejects only some.
    pub(crate) fn certain_rejection(&self) -> Option<Rejection> {
        let (word, until, now) = self.read_state();
        if word.is_plain() || word.is_ramping() {
            return None;
        }
        match self.decide(word, until, now) {
            Decision::Reject(rejection) => Some(self.rejected(rejection)),
            Decision::Admit(_) | Decision::Lock => None,
        }
    }

    /// The word, the instant until which it alone decides, and the time: all of one generation,
    /// or they do not belong together.
    fn read_state(&self) -> (Word, Tick, Tick) {
        loop {
            let word = self.word.load();
            let until = Tick::from_nanos(self.until.load(Ordering::Acquire));
            let now = self.clock.coarse();
            if self.word.load().generation() == word.generation() {
                return (word, until, now);
            }
        }
    }

    /// The decision by the word and the instant until which it alone decides.
    pub(super) fn decide(&self, word: Word, until: Tick, now: Tick) -> Decision {
        let reject = |reason| {
            let published = Tick::from_nanos(self.published.load(Ordering::Relaxed));
            Decision::Reject(Rejection::until(until, now.max(published), reason))
        };
        if word.is_under_main() {
            return Decision::Reject(Rejection::new(Reason::Main));
        }
        if until < Tick::NEVER && now >= until {
            return Decision::Lock;
        }
        match (word.hold(), word.state()) {
            (Some(HoldKind::ForcedOpen), _) => reject(Reason::ForcedOpen),
            (Some(HoldKind::Disabled), _) => Decision::Admit(TicketKind::UNCOUNTED),
            (None, State::Open) => reject(Reason::Open),
            (None, State::HalfOpen) => reject(Reason::HalfOpen),
            (None, State::Closed) if word.is_ramping() => match self.ramp.admit(now) {
                Share::Admit => Decision::Admit(TicketKind::COUNTED),
                Share::Reject => Decision::Reject(Rejection::new(Reason::Ramp)),
                Share::Over => {
                    self.word.end_ramp(word);
                    Decision::Admit(TicketKind::COUNTED)
                }
            },
            (Some(HoldKind::Observe), _) | (None, State::Closed) => {
                Decision::Admit(TicketKind::COUNTED)
            }
        }
    }

    /// Counts a rejection.
    fn rejected(&self, rejection: Rejection) -> Rejection {
        self.ledger.rejected(rejection.reason());
        rejection
    }
}

impl Locked<'_> {
    /// Admission under the lock, with everything done that is due.
    fn admit(&mut self) -> Result<Ticket, Rejection> {
        let breaker = self.breaker;
        let word = self.word();
        let until = Tick::from_nanos(breaker.until.load(Ordering::Acquire));
        match breaker.decide(word, until, self.now) {
            Decision::Admit(kind) => Ok(breaker.ticket(word, kind)),
            Decision::Reject(rejection) => Err(breaker.rejected(rejection)),
            // Nothing is due any more: half-open with a free place.
            Decision::Lock => {
                let timeout = breaker.plans.current().settings.half_open_timeout;
                let number = self.machine.trials.begin(self.now.saturating_add(timeout));
                self.publish_until();
                Ok(Ticket::new(
                    word.generation(),
                    TicketKind::of_trial(number),
                    self.now,
                ))
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::event::Author;
    use crate::outcome::FailureClass;
    use crate::sync::{Arc, lock};
    use std::sync::mpsc::RecvTimeoutError;
    use std::time::Duration;

    /// A clock whose coarse reading is 4 ms old.
    #[derive(Debug)]
    struct Lagging;

    impl Clock for Lagging {
        fn now(&self) -> Tick {
            Tick::from_nanos(1_000_000_000)
        }

        fn coarse(&self) -> Tick {
            Tick::from_nanos(996_000_000)
        }
    }

    #[test]
    fn no_wait_is_told_that_is_longer_than_the_opening() {
        let minute = Duration::from_secs(60);
        let builder = CircuitBreaker::builder("lagging").open_for(minute);
        let breaker = builder.clock(Lagging).build().unwrap();
        breaker.transition(State::Open, &Author::system()).unwrap();
        let rejection = breaker.acquire().unwrap_err();
        assert_eq!(rejection.retry_after(), Some(minute));
    }

    /// What `call` is told while another thread has the circuit's lock; an error: it waits for it.
    fn beside_the_lock(
        breaker: &Arc<CircuitBreaker>,
        call: impl FnOnce(&CircuitBreaker) -> Option<Reason> + Send + 'static,
    ) -> Result<Option<Reason>, RecvTimeoutError> {
        let held = lock(&breaker.machine);
        let (tell, told) = std::sync::mpsc::channel();
        let calling = Arc::clone(breaker);
        std::thread::spawn(move || tell.send(call(&calling)));
        let told = told.recv_timeout(Duration::from_secs(60));
        drop(held);
        told
    }

    /// [recloser: a spin lock; failsafe, nobreak, `circuit_breaker`, circuitbreaker-rs: a mutex;
    /// tower-resilience, do-over: a mutex that parks the thread of the runtime]
    #[test]
    fn closed_calls_and_rejections_need_no_lock() {
        let builder = CircuitBreaker::builder("lock").ramp(Duration::from_secs(60));
        let builder = builder.clock(crate::clock::ManualClock::new());
        let breaker = Arc::new(builder.half_open_successes(1).build().unwrap());
        let rejected = |by| {
            // A ramp rejects nine of ten.
            let ask = |breaker: &CircuitBreaker| (0..20).find_map(|_| breaker.acquire().err());
            let told = beside_the_lock(&breaker, move |breaker| Some(ask(breaker)?.reason()));
            assert_eq!(told, Ok(Some(by)));
        };
        let settled = beside_the_lock(&breaker, |breaker| {
            breaker.acquire().unwrap().success();
            breaker.acquire().unwrap().ignore();
            breaker.acquire().unwrap().failure(FailureClass::Other);
            None
        });
        assert_eq!(settled, Ok(None));
        let by = Author::system();
        breaker.transition(State::Open, &by).unwrap();
        rejected(Reason::Open);
        breaker.transition(State::HalfOpen, &by).unwrap();
        let trial = breaker.acquire_owned().unwrap();
        rejected(Reason::HalfOpen);
        trial.success();
        rejected(Reason::Ramp);
        breaker.hold(crate::event::HoldRequest {
            kind: HoldKind::ForcedOpen,
            reason: "a test".to_owned(),
            author: by,
            for_: None,
        });
        rejected(Reason::ForcedOpen);
        let main = crate::main_breaker::MainBreaker::new(crate::event::EventBus::new(1));
        main.join(&breaker);
        main.open("a test", &Author::system());
        rejected(Reason::Main);
    }

    #[test]
    fn the_end_of_time_does_not_open_the_way_into_a_circuit_that_only_a_hand_closes() {
        let clock = crate::clock::ManualClock::new();
        let builder = CircuitBreaker::builder("manual").recovery(crate::Recovery::Manual);
        let breaker = builder.clock(clock.clone()).build().unwrap();
        breaker.transition(State::Open, &Author::system()).unwrap();
        clock.set(Tick::NEVER);
        let rejection = breaker.acquire().unwrap_err();
        assert_eq!(rejection.reason(), Reason::Open);
        assert_eq!(breaker.snapshot().in_flight, 0);
    }
}
