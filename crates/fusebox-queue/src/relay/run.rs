//! The relay's loop: looks at the breaker, leases what may go, sends it off, waits.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use fusebox::{CircuitBreaker, Handle, Keyed, PermitOf, Reason, Rejection, Subscription};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::WRITE_DOWN_WITHIN;
use super::builder::Set;
use super::delivery::AnySink;
use super::gate::{Gate, LOOK_AGAIN, Rejected, WAIT_MIN};
use super::live_calls::LiveCalls;
use super::pace::Pacer;
use super::settle::Backoff;
use super::stats::{RelayWatch, Waits};
use super::task::{Shared, Told};
use super::verdict::Kind;
use crate::QueueError;
use crate::clock::{millis, millis_of};
use crate::message::{Leased, Leases};
use crate::queue::{Changes, Queue};

/// Messages that were sent and are not written down yet, at most, beside those being sent: a slow
/// disk does not idle the sink, and a hanging one does not fill the memory.
const UNWRITTEN_MAX: usize = 1024;
/// Without news it is looked again after so long: for leases that ended, clocks that jumped.
const IDLE_MAX: Duration = Duration::from_secs(5);
/// A circuit that ramps rejects some calls: so long after one the next is tried.
const RAMP_WAIT: Duration = Duration::from_millis(100);

pub(super) struct Run<H> {
    shared: Arc<Shared>,
    handle: H,
    told: mpsc::UnboundedReceiver<Told>,
    tasks: JoinSet<()>,
    /// Messages that the sink has.
    sending: usize,
    pacer: Pacer,
    live: LiveCalls,
    /// The breaker let nothing pass, or trials only, when it was looked at last.
    was_shut: bool,
    changes: Changes,
    backoff: Backoff,
    begun: Instant,
}

/// What to wait for, apart from news of deliveries and the end.
struct Wait {
    shown: Waits,
    until: Option<Instant>,
    events: Option<Subscription>,
    changes: bool,
}

impl Wait {
    fn until(shown: Waits, until: Instant) -> Self {
        Self {
            shown,
            until: Some(until),
            events: None,
            changes: false,
        }
    }
}

enum Step {
    Again,
    Wait(Wait),
    /// The queues are closed.
    End,
}

impl<H> Run<H>
where
    H: Handle + Clone + Send + Sync + 'static,
{
    pub(super) fn new(
        queue: Queue,
        handle: H,
        sink: Arc<dyn AnySink>,
        set: Set,
        watch: RelayWatch,
    ) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        let breaker: &CircuitBreaker = &handle;
        let live = LiveCalls::new(breaker, watch.counts(), Duration::ZERO);
        let changes = queue.changed();
        let shared = Shared {
            queue,
            sink,
            set,
            watch,
            told: tell,
            break_off: watch::Sender::new(false),
        };
        Self {
            shared: Arc::new(shared),
            handle,
            told,
            tasks: JoinSet::new(),
            sending: 0,
            pacer: Pacer::new(set.pace, Duration::ZERO),
            live,
            was_shut: false,
            changes,
            backoff: Backoff::default(),
            begun: Instant::now(),
        }
    }

    /// Delivers until it is asked to stop or the queues are closed, and ends what is under way.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow_and_update() {
            self.hear_all();
            match self.step().await {
                Step::Again => {}
                Step::Wait(wait) => {
                    self.show(wait.shown);
                    self.wait(wait, &mut stop).await;
                }
                Step::End => break,
            }
        }
        self.show(Waits::Stopping);
        self.end().await;
    }

    async fn step(&mut self) -> Step {
        if self.shared.watch.counts().unwritten.load(Relaxed) > 0 {
            return Step::Wait(Wait::until(Waits::Storage, self.in_(LOOK_AGAIN)));
        }
        // Before the look, so that no event falls between both.
        let events = self.handle.subscribe();
        let now = self.now();
        let may_go = match Gate::of(&self.handle) {
            Gate::Shut {
                reason,
                retry_after,
                look_in,
            } => {
                self.is_shut(now);
                let shown = Waits::Circuit {
                    reason,
                    retry_after,
                };
                return Step::Wait(Wait {
                    shown,
                    until: look_in.map(|wait| self.in_(wait)),
                    events: Some(events),
                    changes: false,
                });
            }
            Gate::Trial => {
                self.is_shut(now);
                if self.sending > 0 {
                    return Step::Wait(Wait {
                        events: Some(events),
                        ..Wait::until(Waits::Trial, self.in_(LOOK_AGAIN))
                    });
                }
                // Paced too: trials that are throttled end nothing and follow each other.
                self.take(now, 1)
            }
            Gate::Open => self.pace(now),
        };
        let may_go = match may_go {
            Ok(may_go) => may_go,
            Err(wait) => return Step::Wait(wait),
        };
        self.lease(may_go).await
    }

    /// How many may go now, or what to wait for.
    fn pace(&mut self, now: Duration) -> Result<usize, Wait> {
        if std::mem::take(&mut self.was_shut) {
            self.pacer.restart(now);
        }
        let (breaker, counts) = (&*self.handle, self.shared.watch.counts());
        if let Some((span, ended)) = self.live.ended(breaker, counts, now) {
            self.pacer.ended(now, span, ended);
        }
        let room = self.shared.set.parallel.saturating_sub(self.sending);
        let unwritten = self.tasks.len().saturating_sub(self.sending);
        let room = room.min(UNWRITTEN_MAX.saturating_sub(unwritten));
        if room == 0 {
            return Err(Wait::until(Waits::Parallel, self.in_(LOOK_AGAIN)));
        }
        self.take(now, room)
    }

    fn take(&mut self, now: Duration, room: usize) -> Result<usize, Wait> {
        match self.pacer.take(now, room) {
            0 => {
                let wait = self.pacer.wait(now).max(Duration::from_millis(1));
                Err(Wait::until(Waits::Pace, self.in_(wait)))
            }
            may_go => Ok(may_go),
        }
    }

    /// What happens while nothing but trials passes tells the pace nothing.
    fn is_shut(&mut self, now: Duration) {
        self.was_shut = true;
        let counts = self.shared.watch.counts();
        self.live.forget(&self.handle, counts, now);
    }

    async fn lease(&mut self, max: usize) -> Step {
        let lasts = self.shared.set.lease_for();
        let leases = match self.shared.queue.lease(max, lasts).await {
            Ok(leases) => leases,
            Err(QueueError::Closed) => return Step::End,
            Err(error) => {
                self.shared.watch.storage_failed(&error);
                self.pacer.give_back(max);
                let wait = self.backoff.next();
                return Step::Wait(Wait::until(Waits::Storage, self.in_(wait)));
            }
        };
        self.backoff = Backoff::default();
        self.shared.watch.storage_is_well();
        if leases.leased.is_empty() {
            self.pacer.give_back(max);
            return Step::Wait(self.idle(&leases));
        }
        let (mut sent, mut wait) = (0, None);
        for leased in leases.leased {
            match self.send_off(leased) {
                None => sent += 1,
                Some(until) => wait = wait.max(until),
            }
        }
        self.pacer.give_back(max - sent);
        match wait {
            Some(until) => Step::Wait(Wait::until(Waits::Pace, until)),
            None => Step::Again,
        }
    }

    fn idle(&self, leases: &Leases) -> Wait {
        let queue = &self.shared.queue;
        let shown = if queue.is_paused() {
            Waits::Paused
        } else {
            Waits::Idle
        };
        // What is due already waits for something else, of which there will be news.
        let left = leases.next_due.map(|due| millis(due) - queue.now());
        let left = left.and_then(|left| u64::try_from(left).ok());
        let left = left.filter(|left| *left > 0).map(Duration::from_millis);
        Wait {
            changes: true,
            ..Wait::until(shown, self.in_(left.unwrap_or(IDLE_MAX).min(IDLE_MAX)))
        }
    }

    /// Sends a message off if the breaker lets it; else puts it off, and tells how long to lease
    /// nothing.
    fn send_off(&mut self, leased: Leased) -> Option<Option<Instant>> {
        let key = self.shared.set.branch(&leased);
        let rejection = match CircuitBreaker::acquire_key_from(self.handle.clone(), key) {
            Ok(permit) => {
                self.carry(leased, permit);
                return None;
            }
            Err(rejection) => rejection,
        };
        let (due, wait) = match Rejected::by(&self.handle, rejection, key) {
            Rejected::Branch(wait) => {
                let due = self.shared.queue.now().saturating_add(millis_of(wait));
                (Some(due), None)
            }
            Rejected::Circuit => (None, Some(self.in_(circuit_wait(rejection)))),
        };
        let put_off = Arc::clone(&self.shared).put_off(leased, due);
        self.tasks.spawn(put_off);
        Some(wait)
    }

    fn carry(&mut self, leased: Leased, permit: PermitOf<Keyed<H>>) {
        self.sending += 1;
        self.shared.watch.counts().in_flight.fetch_add(1, Relaxed);
        self.tasks
            .spawn(Arc::clone(&self.shared).carry(leased, permit));
    }

    async fn wait(&mut self, wait: Wait, stop: &mut watch::Receiver<bool>) {
        let Wait {
            until,
            mut events,
            changes,
            ..
        } = wait;
        let event = async {
            match &mut events {
                // Also one that was missed: it is looked anew in any case.
                Some(events) => drop(events.next().await),
                None => pending().await,
            }
        };
        let time = async {
            match until {
                Some(until) => sleep_until(until).await,
                None => pending().await,
            }
        };
        tokio::select! {
            // Told to stop, or nobody is left who could tell.
            _ = stop.changed() => {}
            told = self.told.recv() => self.hear(told),
            _ = self.changes.next(), if changes => {}
            () = event => {}
            () = time => {}
        }
    }

    fn hear_all(&mut self) {
        while let Ok(told) = self.told.try_recv() {
            self.hear(Some(told));
        }
        while self.tasks.try_join_next().is_some() {}
    }

    /// The sink has ended with a message.
    fn hear(&mut self, told: Option<Told>) {
        let Some(told) = told else {
            return;
        };
        self.sending = self.sending.saturating_sub(1);
        let now = self.now();
        let sent_at = told.sent_at.saturating_duration_since(self.begun);
        match told.kind {
            // That trials and calls of before fail says no more than that the circuit is open.
            Kind::Failed | Kind::Exhausted | Kind::Panicked if self.was_shut => {}
            Kind::Delivered | Kind::Refused => self.pacer.good(),
            Kind::Failed | Kind::Exhausted | Kind::Panicked => self.pacer.failed(sent_at, now),
            Kind::Throttled => self.pacer.throttled(sent_at, now),
            Kind::BrokenOff => {}
        }
        if let Some(rest) = told.rest {
            let most = self.shared.queue.settings().retry_after_max;
            self.pacer.rest(now + rest.min(most));
        }
    }

    /// Waits for what is under way; what is not done in time is given back.
    async fn end(&mut self) {
        let deadline = Instant::now() + self.shared.set.drain_for;
        if self.all_done_by(deadline).await {
            return;
        }
        self.shared.break_off.send_replace(true);
        let all_done = self.all_done_by(deadline + WRITE_DOWN_WITHIN).await;
        if !all_done {
            let left = self.tasks.len();
            tracing::warn!(left, "leases are left behind: they will count as crashes");
        }
    }

    async fn all_done_by(&mut self, deadline: Instant) -> bool {
        let all = async { while self.tasks.join_next().await.is_some() {} };
        timeout_at(deadline, all).await.is_ok()
    }

    fn show(&self, waits: Waits) {
        let watch = &self.shared.watch;
        watch.show(waits, self.pacer.rate(), Instant::now());
    }

    /// The time since the start, as the pace counts it.
    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn in_(&self, wait: Duration) -> Instant {
        Instant::now() + wait
    }
}

/// After a rejection: at least a moment, whatever the breaker looks like by then.
fn circuit_wait(rejection: Rejection) -> Duration {
    match rejection.reason() {
        Reason::Ramp => RAMP_WAIT,
        _ => WAIT_MIN,
    }
}
