//! Under the main breaker (R18).

use super::CircuitBreaker;
use super::locked::Locked;
use crate::main_breaker::MainBreaker;
use crate::sync::Ordering;
use crate::word::State;
use std::sync::Arc;

impl CircuitBreaker {
    /// Whether an automatic opening of this circuit opens the main breaker above it too.
    pub fn trips_main(&self) -> bool {
        self.trips_main.load(Ordering::Relaxed)
    }

    /// Changes [`trips_main`](Self::trips_main) for the openings to come.
    pub fn set_trips_main(&self, trips_main: bool) {
        // Relaxed: a switch that guards no data.
        self.trips_main.store(trips_main, Ordering::Relaxed);
    }

    /// The main breaker above this circuit, if there is one.
    pub fn main(&self) -> Option<&Arc<MainBreaker>> {
        self.main.get()
    }

    /// `false`: it is under one already.
    pub(crate) fn come_under(&self, main: &Arc<MainBreaker>) -> bool {
        self.main.set(Arc::clone(main)).is_ok()
    }

    /// The main breaker has opened or closed. Whether readers have to be woken, once the main
    /// breaker's lock is given back.
    pub(crate) fn set_main(&self, open: bool) -> bool {
        let (_, after) = self.locked_only(|locked| locked.set_main(open));
        // An opening that was due and would trip the main breaker finds it open, or was overtaken
        // by the hand that closes it.
        after.told
    }
}

impl Locked<'_> {
    fn set_main(&mut self, open: bool) {
        let breaker = self.breaker;
        let ramp = self.settings().ramp;
        let word = self.word();
        let closed = word.state() == State::Closed && word.hold().is_none();
        if !open && closed && !ramp.is_zero() {
            breaker.ramp.begin(self.now, ramp);
            breaker.word.begin_ramp();
        }
        breaker.word.set_main(open);
    }
}
