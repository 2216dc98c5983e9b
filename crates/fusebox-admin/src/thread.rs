//! The one background thread of an admin interface: what has to happen without a request.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use fusebox::Registry;
use fusebox_store::{EventFeed, Fed};

use crate::activity::Activity;
use crate::recorder::Recorder;
use crate::stream::Feed;
use crate::{Phase, Readiness};

/// How often it looks: due transitions are late by this much at most.
const TICK: Duration = Duration::from_millis(100);
/// The same as a number.
pub(crate) const TICKS_PER_SECOND: u32 = 10;

/// Kept by every clone of the router; the thread ends when the last one is gone.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    _alive: Arc<Sender<()>>,
}

/// What the thread looks after.
pub(crate) struct Duties {
    pub(crate) registry: Registry,
    pub(crate) readiness: Readiness,
    pub(crate) feed: Feed,
    /// The history as it is kept.
    pub(crate) history: Option<EventFeed>,
    pub(crate) recorder: Option<Recorder>,
    pub(crate) activity: Activity,
}

/// Starts the thread.
///
/// # Errors
/// The system gives no thread.
pub(crate) fn start(duties: Duties) -> io::Result<Running> {
    started(duties).map(|(running, _)| running)
}

fn started(duties: Duties) -> io::Result<(Running, JoinHandle<()>)> {
    let (alive, gone) = channel();
    let thread = std::thread::Builder::new().name("fusebox-admin".to_owned());
    let thread = thread.spawn(move || run(duties, &gone))?;
    let alive = Arc::new(alive);
    Ok((Running { _alive: alive }, thread))
}

fn run(mut duties: Duties, gone: &Receiver<()>) {
    // Nothing is ever sent: the channel only tells that its other end is gone.
    while gone.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        duties.tick();
    }
}

impl Duties {
    fn tick(&mut self) {
        for circuit in self.registry.circuits() {
            // Who reads a state makes what is due happen (R7), and so the event that tells it.
            let _ = circuit.state();
        }
        self.registry.settle_overrides();
        if let Some(recorder) = &self.recorder {
            recorder.tick();
        }
        self.activity.tick(&self.registry);
        self.feed.tick();
        while let Some(fed) = self.history.as_mut().and_then(EventFeed::try_next) {
            match fed {
                Fed::Event(event) => self.feed.tell(&event),
                Fed::Missed(_) => self.feed.restart(),
            }
        }
        if self.readiness.phase() == Phase::Draining {
            self.feed.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusebox::{Author, FailureClass, ManualClock, Received, State};

    fn duties(registry: &Registry) -> Duties {
        Duties {
            registry: registry.clone(),
            readiness: Readiness::starting(),
            feed: Feed::new(registry),
            history: None,
            recorder: None,
            activity: Activity::default(),
        }
    }

    #[test]
    fn it_ends_when_the_last_clone_is_gone() {
        let (running, thread) = started(duties(&Registry::new())).expect("a thread");
        let clone = running.clone();
        drop(running);
        let (_alive, never) = channel::<()>();
        // Two ticks and more.
        assert!(never.recv_timeout(Duration::from_millis(250)).is_err());
        assert!(!thread.is_finished());
        drop(clone);
        for _ in 0..1000 {
            if thread.is_finished() {
                return thread.join().expect("it did not panic");
            }
            assert!(never.recv_timeout(Duration::from_millis(10)).is_err());
        }
        panic!("it still runs after 10 s");
    }

    #[test]
    fn a_tick_makes_happen_what_is_due() {
        let clock = ManualClock::new();
        let registry = Registry::builder().clock(clock.clone()).build();
        let rag = registry.circuit("rag").expect("a circuit");
        rag.transition(State::Open, &Author::new("test"))
            .expect("it opens");
        let mut events = registry.subscribe();
        clock.advance(Duration::from_secs(60));
        assert_eq!(events.try_next(), None, "nobody has looked");
        duties(&registry).tick();
        assert!(matches!(events.try_next(), Some(Received::Event(_))));
        rag.acquire().expect("a trial").failure(FailureClass::Other);
    }
}
