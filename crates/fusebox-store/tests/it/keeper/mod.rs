//! The keeper between a registry and a storage.

mod audit;
mod away;
mod bounds;
mod double;
mod history;
mod overrides;
mod restart;
mod start;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use fusebox::{
    Author, CircuitBreaker, Clock, Definition, FailureClass, ManualClock, Rate, Registry, Settings,
    SystemClock,
};
use fusebox_store::{
    EventQuery, EventRecord, Keeper, KeeperBuilder, Memory, Storage, from_unix_millis,
};

/// Longer than anything here takes.
pub(crate) const SOON: Duration = Duration::from_secs(30);

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Waits for it, within a bound.
pub(crate) fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let until = SystemClock.now().saturating_add(SOON);
    while !is() {
        assert!(SystemClock.now() < until, "{what}: not within {SOON:?}");
        std::thread::yield_now();
    }
}

pub(crate) fn ada() -> Author {
    Author::new("ada")
}

/// The wall clock, which goes on while no process runs.
#[derive(Clone)]
pub(crate) struct Wall(Arc<AtomicI64>);

/// One life of a process.
pub(crate) struct Life {
    pub(crate) clock: ManualClock,
    pub(crate) wall: Wall,
    pub(crate) registry: Registry,
    pub(crate) keeper: Keeper,
}

impl Wall {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_767_225_600_000)))
    }

    pub(crate) fn now(&self) -> SystemTime {
        from_unix_millis(self.0.load(Ordering::SeqCst))
    }

    pub(crate) fn pass(&self, time: Duration) {
        let millis = i64::try_from(time.as_millis()).expect("is short");
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    pub(crate) fn set_back(&self, time: Duration) {
        let millis = i64::try_from(time.as_millis()).expect("is short");
        self.0.fetch_sub(millis, Ordering::SeqCst);
    }

    pub(crate) fn builder(&self) -> KeeperBuilder {
        let wall = self.clone();
        Keeper::builder().wall(move || wall.now())
    }

    /// A process starts with these circuits; each start has a clock of its own.
    pub(crate) fn start(&self, storage: impl Storage, circuits: Vec<Definition>) -> Life {
        self.start_with(self.builder(), storage, circuits)
    }

    pub(crate) fn start_with(
        &self,
        builder: KeeperBuilder,
        storage: impl Storage,
        circuits: Vec<Definition>,
    ) -> Life {
        let clock = ManualClock::new();
        // Not the origin: what was before the start has to lie somewhere.
        clock.advance(secs(1_000_000));
        let registry = Registry::builder().clock(clock.clone()).build();
        registry.apply(circuits, &ada()).expect("are circuits");
        let keeper = builder.start(&registry, storage).expect("starts");
        Life {
            clock,
            wall: self.clone(),
            registry,
            keeper,
        }
    }
}

impl Life {
    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.wall.pass(time);
    }

    pub(crate) fn circuit(&self, name: &str) -> &'static CircuitBreaker {
        self.registry.get(name).expect("is there")
    }

    /// Waits until everything that was told is kept.
    pub(crate) fn flush(&self) {
        self.keeper.flushed().wait(SOON).expect("is kept");
    }

    pub(crate) fn stop(self) {
        self.keeper.close().expect("is kept");
    }

    /// The history, oldest first.
    pub(crate) fn history(&self) -> Vec<EventRecord> {
        self.flush();
        let query = EventQuery {
            limit: 1_000,
            ..EventQuery::default()
        };
        let mut rows = self.keeper.events(query).wait(SOON).expect("reads").items;
        rows.reverse();
        rows
    }

    pub(crate) fn rows_of(&self, kind: &str) -> Vec<EventRecord> {
        let mut rows = self.history();
        rows.retain(|row| row.kind == kind);
        rows
    }
}

/// Opens at the second failure in a row, for exactly a minute at first.
pub(crate) fn settings() -> Settings {
    Settings::builder()
        .consecutive_failures(2)
        .open_for(secs(60))
        .open_for_max(secs(3600))
        .jitter(Rate::parse("0%").expect("is a rate"))
        .half_open_successes(1)
        .build()
        .expect("are settings")
}

pub(crate) fn rag() -> Definition {
    Definition::new("rag").settings(settings())
}

pub(crate) fn fail(circuit: &CircuitBreaker) {
    let permit = circuit.acquire().expect("admits");
    permit.failure(FailureClass::Timeout);
}

pub(crate) fn trip(circuit: &CircuitBreaker) {
    fail(circuit);
    fail(circuit);
}

pub(crate) fn memory() -> Memory {
    Memory::new()
}
