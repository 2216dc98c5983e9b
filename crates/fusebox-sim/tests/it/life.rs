//! A breaker that lives, with a tape of its life.

use fusebox::{
    Author, CircuitBreaker, Clock, Event, EventBus, HoldKind, HoldRequest, MainBreaker,
    ManualClock, OwnedPermit, Received, Settings, Settlement, State, Subscription, TapReader, Tick,
};
use fusebox_sim::export::Exported;
use fusebox_sim::tape::{Checkpoint, Tape};
use std::sync::Arc;
use std::time::Duration;

pub(crate) struct Life {
    pub(crate) clock: ManualClock,
    pub(crate) breaker: Arc<CircuitBreaker>,
    main: Arc<MainBreaker>,
    events: Subscription,
    tap: TapReader,
    pub(crate) tape: Tape,
    by: Author,
    rejected: (Tick, u64),
    in_flight: Vec<OwnedPermit>,
    /// What every event was exported as that can be.
    pub(crate) exported: Vec<(Event, Exported)>,
}

impl Life {
    pub(crate) fn new(settings: Settings, born: Tick, seed: u64) -> Self {
        let clock = ManualClock::new();
        clock.set(born);
        let events = EventBus::new(4_096);
        let breaker = CircuitBreaker::builder("life")
            .settings(settings)
            .clock(clock.clone())
            .events(Arc::clone(&events))
            .seed(seed)
            .build()
            .expect("settings that were checked");
        let breaker = Arc::new(breaker);
        let main = MainBreaker::with_clock(events, clock.clone());
        main.join(&breaker);
        let now = checkpoint(&breaker, &main);
        let snapshot = breaker.snapshot();
        Self {
            events: breaker.subscribe(),
            tap: breaker.tap(),
            tape: Tape::new(now, snapshot.generation, snapshot.since, true),
            clock,
            main,
            by: Author::new("test"),
            rejected: (born, 0),
            in_flight: Vec::new(),
            exported: Vec::new(),
            breaker,
        }
    }

    /// Brings the tape up to date.
    pub(crate) fn look(&mut self) {
        // What is due happens.
        self.breaker.state();
        let mut calls = Vec::new();
        let missed = self.tap.drain(&mut calls);
        self.tape.missed(missed);
        calls.iter().for_each(|call| self.tape.call(call));
        let (since, before) = self.rejected;
        let (now, total) = (
            self.clock.now(),
            self.breaker.snapshot().totals.rejected_total(),
        );
        self.tape.rejected(since, now, total - before);
        self.rejected = (now, total);
        while let Some(received) = self.events.try_next() {
            let Received::Event(event) = received else {
                panic!("the bus was too small");
            };
            let trip = self.tape.trip("life".to_owned(), &event);
            if let Some(exported) = trip.export() {
                self.exported.push((event.clone(), exported));
            }
            self.tape.event(&event, &self.breaker.settings());
        }
        self.tape.forget(now);
        if self.tape.wants_mark(now) {
            self.tape.mark(checkpoint(&self.breaker, &self.main));
        }
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.clock.advance(by);
        self.look();
    }

    pub(crate) fn call(&mut self, settlement: Settlement) -> bool {
        let permit = self.breaker.acquire_owned();
        let admitted = permit.is_ok();
        if let Ok(permit) = permit {
            permit.settle(settlement);
        }
        self.look();
        admitted
    }

    pub(crate) fn begin(&mut self) {
        // A test does not need more at once.
        if self.in_flight.len() < 8 {
            self.in_flight.extend(self.breaker.acquire_owned());
        }
    }

    pub(crate) fn end(&mut self, which: usize, settlement: Settlement) {
        if !self.in_flight.is_empty() {
            let which = which % self.in_flight.len();
            self.in_flight.swap_remove(which).settle(settlement);
        }
        self.look();
    }

    /// A timer looks at a call under way.
    pub(crate) fn overdue(&mut self, which: usize) {
        if !self.in_flight.is_empty() {
            let which = which % self.in_flight.len();
            self.in_flight[which].overdue();
        }
        self.look();
    }

    pub(crate) fn transition(&mut self, to: State) {
        // Refused under observe.
        let _ = self.breaker.transition(to, &self.by);
        self.look();
    }

    pub(crate) fn hold(&mut self, kind: HoldKind, for_: Option<Duration>) {
        self.breaker.hold(HoldRequest {
            kind,
            reason: "test".to_owned(),
            author: self.by.clone(),
            for_,
        });
        self.look();
    }

    pub(crate) fn release(&mut self) {
        self.breaker.release(&self.by);
        self.look();
    }

    pub(crate) fn reset(&mut self) {
        self.breaker.reset(&self.by);
        self.look();
    }

    pub(crate) fn settings(&mut self, settings: Settings) {
        let changed = self.breaker.change_settings(settings, &self.by);
        changed.expect("few changes");
        self.look();
    }

    pub(crate) fn main(&mut self, open: bool) {
        match open {
            true => self.main.open("test", &self.by),
            false => self.main.close(&self.by),
        };
        self.look();
    }
}

fn checkpoint(breaker: &CircuitBreaker, main: &MainBreaker) -> Checkpoint {
    Checkpoint {
        at: breaker.clock().now(),
        saved: breaker.save(),
        settings: breaker.settings(),
        main_open: main.is_open(),
    }
}
